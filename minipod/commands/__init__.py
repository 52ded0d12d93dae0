"""What `minipod WORD` does, one module a word."""
