"""The benchmark: minipod as PID 1 beside the field, on the machine at hand. It measures and never judges a time."""
