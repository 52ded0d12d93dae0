"""`minipod compile FILE -o PLAN`: a pod file becomes the bytes that PID 1 runs. PID 1 itself calls it with --output-fd.

It writes a whole plan or nothing. On the good path it imports as little as it can: a container waits for it.
"""

import os
import stat
import sys

from minipod import errors
from minipod.errors import ERROR, ConfigError, Place, Problem, UsageError
from minipod.model import Pod
from minipod.options import Words, only_operand, sort_words
from minipod.reading import FLAGS, Reading, options_of, read_pod
from minipod.reading import VALUED as READ
from minipod.reaper.encode import encode
from minipod.reaper.lower import PYTHON, lower
from minipod.reaper.records import PlanRefused

USAGE = """minipod compile [--set KEY=VALUE]... [--exit-code-from NAME] [--python PATH] FILE -o PLAN

Read a pod file and write the plan that minipod runs, also where there is no Python. FILE - is standard input.
  -o, --output PLAN       where to: a file, which is replaced in one step, or - for standard output
  --set KEY=VALUE         a key's value over the file's, for example --set service.web.env.PORT=81
  --exit-code-from NAME   the pod ends when this service ends, with its exit code
  --entrypoint IMAGE=CMD  what an image of a manifest runs, for example --entrypoint redis='redis-server --port 6380'
  --only NAME             the pod of that name, of a manifest with several; KIND/NAME where two share it
  --preset DIR            add what the presets in a directory's files add: [preset.NAME] in *.toml, PodPresets in *.yaml
  --volume NAME=/PATH     a directory in the place of the volume NAME
  --strict                ignored fields of a manifest that a program may count on are errors
  --allow-unknown         fields that nobody knows, and documents of other kinds, are left out with a warning
  --python PATH           the Python with minipod that will be there when the pod runs; only probes that ask by https,
                          or a host by its name, need one, and without this option they are refused
Exit code: 0; 78 for a pod that cannot be run, 74 if the plan cannot be written, 64 for a mistake on the command line.
"""
VALUED = ("-o", "--output", "--output-fd", "--python", *READ)
MODE = 0o644


def run(words: list[str]) -> int:
    """0; ConfigError and UsageError are the caller's to report."""
    found = sort_words(words, flags=("-h", "--help", *FLAGS), valued=VALUED)
    if found.flags & {"-h", "--help"}:
        sys.stdout.write(USAGE)
        return 0
    path = only_operand(found, "FILE")
    output, fd = _output(found, path)
    python = found.last("--python") or (sys.executable if output is None and fd != 1 else None)
    is_here = output is None and fd != 1
    reading = read_pod(path, **options_of(found), python=python is not None, here=is_here)
    raw = compile_reading(reading, path, python)
    if reading.warnings:
        _warn(reading.warnings)
    try:
        _write_all(fd, raw) if output is None else _replace(output, raw)
    except OSError as bad:
        raise _unwritable(output or f"descriptor {fd}", bad) from None
    return 0


def compile_reading(reading: Reading, path: str, python: str | None = None) -> bytes:
    """The plan of what was read; ConfigError, too, if it cannot be run yet."""
    if reading.obstacles:
        raise ConfigError(reading.obstacles)
    return compile_pod(reading.pod, path, python)


def compile_pod(pod: Pod, path: str, python: str | None = None) -> bytes:
    """The plan of a checked pod; ConfigError if the core would refuse it: too much of something. ``python``: the one
    that will be there when the pod runs."""
    try:
        return encode(lower(pod, python or PYTHON))
    except PlanRefused as bad:
        message = f"no plan can be made of it: {bad}"
        raise ConfigError((Problem(ERROR, Place(path), message),)) from None


def _output(found: Words, path: str) -> tuple[str | None, int]:
    """The file to write, or None and a descriptor."""
    number = found.last("--output-fd")
    if number is not None:
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise UsageError("--output-fd needs a number")
        return None, int(number)
    output = found.values.get("--output", found.values.get("-o", [None]))[-1]
    if not output:
        raise UsageError("say where the plan goes: -o PLAN, or -o - for standard output")
    if output == "-":
        if os.isatty(1):
            raise UsageError("a plan is no text for a terminal: -o PLAN, or pipe it on")
        return None, 1
    if os.path.exists(output) and os.path.exists(path) and os.path.samefile(output, path):
        raise UsageError("the plan would replace the pod file it is made from")
    return output, -1


def _warn(problems: tuple[Problem, ...]) -> None:
    from minipod.config.render import render, wants_colour

    sys.stderr.write(render(problems, colour=wants_colour(sys.stderr)))
    sys.stderr.flush()


def _write_all(fd: int, raw: bytes) -> None:
    """Writes and closes: whoever reads knows by the end that it is whole."""
    rest = memoryview(raw)
    while rest:
        rest = rest[os.write(fd, rest):]
    if fd != 1:
        os.close(fd)


def _replace(output: str, raw: bytes) -> None:
    """The old file or the new one, never half of it. What is no file of its own (a device, a pipe) is written to."""
    output = os.path.realpath(output)
    if os.path.exists(output) and not stat.S_ISREG(os.stat(output).st_mode):
        return _write_all(os.open(output, os.O_WRONLY | os.O_CLOEXEC), raw)
    folder = os.path.dirname(output)
    beside = os.path.join(folder, f".minipod-{os.getpid()}.plan")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, MODE)
        os.fchmod(handle, MODE)
        _write_all(handle, raw)
        os.replace(beside, output)
    except BaseException:
        _remove(beside)
        raise
    return None


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass


def _unwritable(output: str, bad: OSError) -> ConfigError:
    """The system's own words: 74 is sysexits' "an error while doing I/O"."""
    message = f"cannot write it: {os.strerror(bad.errno or 0).lower()}"
    return ConfigError((Problem(ERROR, Place(output), message),), exit_code=errors.WRITE)
