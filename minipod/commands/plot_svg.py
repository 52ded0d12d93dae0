"""A pod's states over time as SVG: a row for each unit, a bar for each state that it was in. Pure; the same states give
the same bytes. Every bar has a title, which a browser shows and a screen reader says.
"""

from collections.abc import Iterator
from html import escape

from minipod.commands.lengths import length
from minipod.status.boot import READY, STARTED, Boot, Span, Track
from minipod.supervisor.vocabulary import Life

# Colours that differ in lightness, too; states of one colour follow each other. What each means to people.
STATES = {
    Life.HELD.word: ("#e8e8e8", "waits for others"),
    Life.SPAWNING.word: ("#56b4e9", "is started"),
    Life.POST_START.word: ("#3f78c9", "post-start hook"),
    Life.UP.word: ("#f0e442", "runs, has not started"),
    STARTED: ("#c5a3dc", "started, not ready"),
    READY: ("#009e73", "ready"),
    Life.BACKOFF.word: ("#d55e00", "back-off"),
    Life.PRE_STOP.word: ("#e69f00", "pre-stop hook"),
    Life.TURN.word: ("#b8a07a", "waits for its turn to stop"),
    Life.TERM_SENT.word: ("#8c6d46", "was asked to end"),
    Life.KILL_SENT.word: ("#6b1f1f", "was killed"),
    Life.DRAINING.word: ("#7f7f7f", "what it left behind ends"),
    Life.ENDED.word: ("#404040", "over for good"),
}
ROW, BAR, PLOT, MARGIN, LETTER = 24, 16, 800, 12, 7.3
_TICKS = (1, 2, 5)
_MOST_TICKS = 10
_LEGEND = 200  # wide enough for the longest of the meanings


def draw(name: str, boot: Boot, until: int) -> str:
    """The whole document; ends with a line feed. ``until`` (ns): the right edge."""
    until = max(until, 1)
    left = MARGIN * 2 + round(LETTER * max(map(len, boot.tracks), default=1))
    bottom = MARGIN + ROW * len(boot.tracks)
    used = [state for state in STATES if any(_is_seen(span, state, until) for span in _spans(boot))]
    columns = max(1, (left + PLOT) // _LEGEND)
    height = bottom + 2 * ROW + ROW * -(-len(used) // columns) + MARGIN
    lines = [
        *_head(name, boot, until, left + PLOT + 3 * MARGIN, height, used),
        *_axis(left, bottom, until),
        *(line for row, track in enumerate(boot.tracks.values()) for line in _row(track, row, left, until)),
        *_legend(used, columns, bottom + 2 * ROW),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _spans(boot: Boot) -> Iterator[Span]:
    return (span for track in boot.tracks.values() for span in track.spans)


def _is_seen(span: Span, state: str, until: int) -> bool:
    return span.state == state and span.begin < until


def _head(name: str, boot: Boot, until: int, width: int, height: int, used: list[str]) -> Iterator[str]:
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title what" width="{width}" '
           f'height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">')  # fmt: skip
    yield f'<title id="title">{escape(name)}: its first {length(until)}</title>'
    yield f'<desc id="what">States of {len(boot.tracks)} units over time, a row for each.</desc>'
    yield "<style>" + " ".join(f".{state} {{ fill: {STATES[state][0]} }}" for state in used) + "</style>"
    yield f'<rect width="{width}" height="{height}" fill="white"/>'


def tick_of(until: int) -> int:
    """Between two lines of the axis: 1, 2 or 5 of a power of ten, in ns, so that there are ten of them at most."""
    size = 1
    while True:
        for factor in _TICKS:
            if until <= size * factor * _MOST_TICKS:
                return size * factor
        size *= 10


def _axis(left: int, bottom: int, until: int) -> Iterator[str]:
    tick = tick_of(until)
    for at in range(0, until + 1, tick):
        x = _at(left, at, until)
        yield f'<line x1="{x}" y1="{MARGIN}" x2="{x}" y2="{bottom}" stroke="#d0d0d0"/>'
        yield f'<text x="{x}" y="{bottom + ROW * 2 // 3}" text-anchor="middle">{_tick_text(at)}</text>'


def _tick_text(ns: int) -> str:
    for size, unit in ((10**9, "s"), (10**6, "ms"), (10**3, "µs")):
        if ns >= size:
            return f"{ns / size:g} {unit}"
    return f"{ns} ns" if ns else "0"


def _at(left: int, ns: int, until: int) -> str:
    """Where a moment is, in hundredths of a pixel."""
    hundredths = PLOT * 100 * min(ns, until) // until
    return f"{left + hundredths // 100}.{hundredths % 100:02}"


def _row(track: Track, row: int, left: int, until: int) -> Iterator[str]:
    y = MARGIN + ROW * row
    yield f'<text x="{left - MARGIN}" y="{y + BAR}" text-anchor="end">{escape(track.name)}</text>'
    for span in track.spans:
        if span.begin < until:
            yield _bar(track.name, span._replace(end=min(span.end, until)), y + (ROW - BAR) // 2, left, until)


def _bar(name: str, span: Span, y: int, left: int, until: int) -> str:
    """What is short is seen all the same."""
    x, end = _at(left, span.begin, until), _at(left, span.end, until)
    width = max(0.5, float(end) - float(x))
    meaning = STATES[span.state][1] if span.state in STATES else span.state
    said = f"{name}: {meaning}, {length(span.begin)} to {length(span.end)} ({length(span.length)})"
    return (f'<rect class="{escape(span.state)}" x="{x}" y="{y}" width="{width:.2f}" height="{BAR}">'
            f"<title>{escape(said)}</title></rect>")  # fmt: skip


def _legend(used: list[str], columns: int, top: int) -> Iterator[str]:
    for at, state in enumerate(used):
        x, y = MARGIN + _LEGEND * (at % columns), top + ROW * (at // columns)
        yield f'<rect class="{state}" x="{x}" y="{y}" width="{BAR}" height="{BAR}"/>'
        yield f'<text x="{x + BAR + 6}" y="{y + 12}">{STATES[state][1]}</text>'
