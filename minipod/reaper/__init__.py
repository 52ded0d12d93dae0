"""The contract with PID 1: the only Python that knows bytes, sockets or the core."""
