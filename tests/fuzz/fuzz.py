"""Builds a fuzz target and runs it for so long; what it finds goes into its corpus.

    python tests/fuzz/fuzz.py TARGET SECONDS

A target is tests/fuzz/targets/NAME.c, the parts of the core that it tries, and tests/fuzz/corpus/NAME. It must never
need more than the compiler that builds minipod.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CORE = HERE.parents[1] / "csrc"
CORPUS = HERE / "corpus"
STRICT = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wswitch-enum", "-Wconversion", "-Werror"]
CHECKS = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COVERAGE = ["-fsanitize-coverage=trace-pc,trace-cmp"]
PLAN = ("arena", "environment", "expand", "load", "plan", "refuse", "refuse_errand", "refuse_rights", "refuse_sight",
        "refuse_source", "refuse_volume", "table")


@dataclass(frozen=True)
class Target:
    """What one target tries: files of the core, and how many inputs tests give it, a few seconds' worth. ``corpus``:
    whose it is given, if it has none of its own."""

    parts: tuple[str, ...]
    runs: int
    corpus: str = ""


TARGETS = {
    "dotenv": Target(("dotenv",), 60_000),
    "expand": Target(("expand",), 50_000),
    "grpc": Target(("grpc", "hpack"), 20_000),
    "hpack": Target(("hpack",), 40_000),
    "http": Target(("http", "redirect"), 40_000),
    "lines": Target(("json", "line", "ring"), 10_000),
    "moment": Target(("json", "moment"), 200_000),
    "notice": Target(("notice",), 150_000),
    "one": Target(("one_value",), 50_000),
    "parcel": Target((*PLAN, "compare", "parcel", "request"), 6_000, corpus="plan"),
    "plan": Target(PLAN, 50_000),
    "redirect": Target(("redirect",), 120_000),
    "reply": Target(("reply",), 40_000),
    "request": Target(("request",), 40_000),
    "user": Target(("user",), 12_000),
}


def build(name: str, program: Path, core: Path = CORE) -> None:
    """The program of a target. Only the core tells what of it is reached; the engine is not even checked."""
    compiler = [*os.environ.get("CC", "gcc").split(), *STRICT, f"-I{HERE}", f"-I{core}"]
    parts = [core / f"{part}.c" for part in TARGETS[name].parts]
    own = HERE / "targets" / f"{name}.c"
    kinds = [(["-O2"], sorted(HERE.glob("*.c"))), (CHECKS, [own]), ([*CHECKS, *COVERAGE], parts)]
    objects: list[Path] = []
    for words, sources in kinds:
        for source in sources:
            objects.append(program.with_name(f"{name}-{len(objects)}.o"))
            subprocess.run([*compiler, *words, "-c", source, "-o", objects[-1]], check=True)
    subprocess.run([*compiler, *CHECKS, *objects, "-o", program], check=True)


def corpus_of(name: str) -> Path:
    """The directory of its inputs."""
    return CORPUS / (TARGETS[name].corpus or name)


def main(name: str, seconds: str) -> int:
    """The exit code of the target."""
    if name not in TARGETS:
        sys.exit(f"there is no target {name or '(none is named)'}; there are: {' '.join(TARGETS)}")
    program = HERE.parents[1] / "build" / "fuzz" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    build(name, program)
    return subprocess.run([program, "seconds", seconds, corpus_of(name)], cwd=program.parent, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
