"""The ways over from others: their files are read, and pod files in TOML come out, with comments that say where each
line comes from. Imported by `minipod import` alone; nothing here starts, asks or writes anything.
"""
