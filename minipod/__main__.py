"""`python -m minipod WORD …`: what the minipod command hands to Python."""

from minipod.cli import entry

if __name__ == "__main__":
    entry()
