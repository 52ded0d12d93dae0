"""Rows of text under a head, as kubectl prints them: left-aligned, three blanks between columns. Pure."""

from collections.abc import Sequence

GAP = "   "


def table(rows: Sequence[Sequence[str]], widths: Sequence[int] = ()) -> str:
    """The rows; ends with a line feed. ``widths``: the least of each column, for rows that follow others."""
    least = widths_of(rows, widths)
    lines = (GAP.join(cell.ljust(width) for cell, width in zip(row, least, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)


def widths_of(rows: Sequence[Sequence[str]], widths: Sequence[int] = ()) -> list[int]:
    """How wide each column is."""
    least = list(widths) or [0] * max(map(len, rows), default=0)
    return [max([width, *(len(row[i]) for row in rows)]) for i, width in enumerate(least)]
