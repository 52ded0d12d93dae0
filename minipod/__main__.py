"""`python -m minipod WORD …`: what the minipod command hands to Python."""

import sys

from minipod.cli import main

if __name__ == "__main__":
    sys.exit(main())
