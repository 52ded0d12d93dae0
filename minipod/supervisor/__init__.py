"""Policy: every decision minipod takes, as explicit tables. Pure: no I/O, no clock, no operating system."""
