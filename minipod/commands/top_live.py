"""`minipod top` on a terminal: the table is drawn anew in place. The only module that needs rich."""

from collections.abc import Iterator

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from minipod.commands.top_text import HEAD, Frame, cells

_NUMBERS = frozenset(HEAD[2:])


def show(looks: Iterator[Frame], console: Console | None = None) -> None:
    """Until there are no more, or Ctrl-C, which is how one leaves it."""
    try:
        with Live(console=console, auto_refresh=False) as live:
            for frame in looks:
                live.update(drawn(frame), refresh=True)
    except KeyboardInterrupt:
        pass


def drawn(frame: Frame) -> Table:
    """Names and words to the left, numbers to the right. A unit's name is never read as markup."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in HEAD:
        table.add_column(name, justify="right" if name in _NUMBERS else "left", no_wrap=True)
    for row in frame.rows:
        table.add_row(*map(Text, cells(row)))
    return table
