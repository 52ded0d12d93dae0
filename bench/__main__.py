"""`python3 -m bench`: measure, print a Markdown table, write JSON if asked. Needs root (namespaces), gcc and Linux."""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from bench.document import replace_tables
from bench.kit import Kit
from bench.report import describe_machine, render_json, render_parts
from bench.rows import ROWS, select
from bench.runner import run_rows
from bench.stage import Stage
from bench.subjects import Subject, list_subjects

_KEYS = ",".join(dict.fromkeys(row.key for row in ROWS))


def read_words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m bench", description=__doc__)
    parser.add_argument("-n", "--runs", type=int, default=30, help="runs of each cell (30)")
    parser.add_argument("--seconds", type=float, default=5.0,
                        help="time for one cell, after which five runs are enough (5)")
    parser.add_argument("--rows", type=_split, help=f"only these: {_KEYS}")
    parser.add_argument("--peers", type=_split, help="only these subjects; the floor is always measured")
    parser.add_argument("--minipod", default=_find_minipod(), help="the binary (beside this Python, else on PATH)")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there, not to stdout")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there")
    parser.add_argument("--verbose", action="store_true", help="show what the subjects say on stderr")
    return parser.parse_args()


def main() -> int:
    words = read_words()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that what was made is removed
    if os.geteuid() != 0:
        return _fail("cannot make PID namespaces: bench needs root")
    if not words.minipod:
        _warn("no minipod binary beside this Python or on PATH; left out")
    try:
        rows = select(words.rows)
    except ValueError as error:
        return _fail(str(error))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        _measure(words, rows, Path(folder).resolve())
    return 0


def _measure(words: argparse.Namespace, rows: list, folder: Path) -> None:
    os.environ["MINIPOD_PYTHON"] = sys.executable
    kit = Kit(folder)
    subjects = choose_subjects(list_subjects(kit, words.minipod), words.peers)
    machine = describe_machine()
    cells = run_rows(rows, subjects, Stage(kit, folder, verbose=words.verbose), words.runs, words.seconds)
    parts = render_parts(cells, machine)
    if words.markdown:
        text = words.markdown.read_text() if words.markdown.exists() else ""
        words.markdown.write_text(replace_tables(text, parts))
    else:
        print("\n".join(parts.values()))
    if words.json:
        words.json.write_text(json.dumps(render_json(cells, machine), indent=1))


def choose_subjects(subjects: list[Subject], names: list[str] | None) -> list[Subject]:
    """Those that are found and asked for; a missing one is told in a line."""
    chosen = []
    for subject in subjects:
        if names and subject.shown_under not in ("floor", *names):
            continue
        if subject.found():
            chosen.append(subject)
        else:
            _warn(f"{subject.name} is not installed (package {subject.package}); left out")
    return chosen


def _find_minipod() -> str | None:
    return shutil.which("minipod", path=str(Path(sys.executable).parent)) or shutil.which("minipod")


def _split(text: str) -> list[str]:
    return text.split(",")


def _warn(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr)


def _fail(text: str) -> int:
    _warn(text)
    return 64


if __name__ == "__main__":
    sys.exit(main())
