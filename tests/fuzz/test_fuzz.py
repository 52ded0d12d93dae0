"""Each parser of bytes from outside is given its corpus and then as many inputs as a few seconds allow (fuzz.py).

Chance is a fixed sequence: the same inputs each time. `make fuzz TARGET=NAME SECONDS=60` looks for longer.
"""

import subprocess
from pathlib import Path

import pytest
from fuzz import CORPUS, TARGETS, build, corpus_of

from minipod.reaper.layout import ffi, lib

HERE = Path(__file__).parent
MOST_OF_A_CORPUS = 200_000  # bytes: it is kept for ever

PROBE = """
#include <string.h>
#include "fuzz.h"

const struct fuzz_word fuzz_words[] = {{NULL, 0}};
const size_t fuzz_most = 64;

extern int probe_parse(const uint8_t *bytes, size_t size);

void fuzz_one(const uint8_t *bytes, size_t size) { CLAIM(probe_parse(bytes, size) != 3); }
"""
PROBED = """
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int probe_parse(const uint8_t *bytes, size_t size);
int probe_parse(const uint8_t *bytes, size_t size)
{
    uint32_t number;
    if (size < 8 || bytes[0] != 'm' || bytes[1] != 'p')
        return 0;
    memcpy(&number, bytes + 2, sizeof number);
    if (number != UINT32_C(305419896))
        return 1;
    return bytes[6] == bytes[7] && size > 20 ? 3 : 2;
}
"""


def explain(name: str, done: subprocess.CompletedProcess[str]) -> str:
    """What broke, and how to see it again."""
    broken = done.stdout.partition(" it broke it: ")[2] or done.stdout.partition(": ")[2]
    return (f"{done.stderr[-6000:]}\n{done.stdout}\n"
            f"keep it: printf %s {broken.strip()} | xxd -r -p >tests/fuzz/corpus/{corpus_of(name).name}/WHAT-IT-IS\n"
            f"see it again: make fuzz TARGET={name} SECONDS=0")


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_target(name: str, tmp_path: Path) -> None:
    program = tmp_path / name
    build(name, program)
    words = [program, "runs", str(TARGETS[name].runs), corpus_of(name)]
    done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False, cwd=tmp_path)
    assert done.returncode == 0, explain(name, done)
    runs, inputs, edges = (int(words.split()[0]) for words in done.stdout.split(", "))
    assert runs >= TARGETS[name].runs
    assert inputs > len(list(corpus_of(name).iterdir()))  # more was found than was known, so the engine hears the core


def test_every_target_is_tried() -> None:
    assert {path.stem for path in HERE.glob("targets/*.c")} == set(TARGETS)
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} == {corpus_of(name).name for name in TARGETS}


def test_plans_of_the_corpus_are_plans() -> None:
    """A new format would leave the target with nothing but refusals: write these two anew, with reaper.encode."""
    for name in ("every-field", "one-command"):
        raw = ffi.from_buffer("uint8_t[]", (CORPUS / "plan" / name).read_bytes())
        assert lib.plan_refuse(raw, len(raw)) == ffi.NULL


def test_corpus_is_small() -> None:
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < MOST_OF_A_CORPUS


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A target that is broken by one input in 2**50 or so, and by none that is short."""
    engine = tmp_path / "fuzz"
    (engine / "targets").mkdir(parents=True)
    for path in [*HERE.glob("*.[ch]")]:
        (engine / path.name).write_bytes(path.read_bytes())
    (engine / "targets/probe.c").write_text(PROBE, encoding="ascii")
    (tmp_path / "probed.c").write_text(PROBED, encoding="ascii")
    monkeypatch.setattr("fuzz.HERE", engine)
    monkeypatch.setitem(TARGETS, "probe", type(TARGETS["plan"])(("probed",), 0))
    build("probe", tmp_path / "probe", tmp_path)
    (tmp_path / "corpus").mkdir()
    return tmp_path / "probe"


def run(program: Path, *words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *map(str, words)], capture_output=True, text=True, check=False, cwd=program.parent)


def test_engine_finds_what_chance_would_not(probe: Path) -> None:
    done = run(probe, "runs", 3_000_000, probe.parent / "corpus")
    assert done.returncode == 1
    assert "it should be so that probe_parse(bytes, size) != 3" in done.stderr
    found = bytes.fromhex(done.stdout.split()[-1])
    assert found.startswith(b"mp" + (305419896).to_bytes(4, "little"))
    assert (probe.parent / "broken-input").read_bytes() == found
    again = run(probe, "replay", "broken-input")
    assert again.returncode == 1
    assert again.stdout.split()[-1] == found.hex()


def test_engine_does_the_same_each_time(probe: Path) -> None:
    first, second = (run(probe, "runs", 20_000, probe.parent / "corpus") for _ in range(2))
    assert (first.returncode, first.stdout) == (second.returncode, second.stdout)


def test_engine_keeps_the_least_of_what_it_finds(tmp_path: Path) -> None:
    """As few files as reach, with those that were there, whatever was reached."""
    program, corpus = tmp_path / "hpack", tmp_path / "corpus"
    build("hpack", program)
    corpus.mkdir()
    (corpus / "known").write_bytes(b"\x88")
    searched = run(program, "seconds", 1, corpus)
    assert searched.returncode == 0, searched.stdout
    found = len(list(corpus.glob("found-*")))
    assert 0 < found < int(searched.stdout.split(", ")[1].split()[0])
    replayed = run(program, "runs", 0, corpus)
    assert replayed.stdout.split(", ")[2] == searched.stdout.split(", ")[2]
    assert (corpus / "known").read_bytes() == b"\x88"
    assert len(list(corpus.iterdir())) == found + 1
