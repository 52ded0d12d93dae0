"""Logs, control and the terminal as the model has them: what a word, a table and the pod's own say together."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipod.config.sizes import MOST, SUFFIXES, BadSize, format_size, parse_size
from minipod.model import Control, Log
from minipod.reaper import records
from minipod.reaper.lower import lower
from minipod.supervisor import words
from minipod.supervisor.words import LogMode, Overflow, StdinMode

MIB = 1 << 20


def pod_of(read, pod: str = "", unit: str = ""):
    return read(f'[pod]\n{pod}\n[service.web]\ncommand = ["true"]\n{unit}\n').pod


@pytest.mark.parametrize(
    ("pod", "unit", "log"),
    [
        ("", "", Log()),
        ('log = "json"', "", Log(LogMode.JSON)),
        ('log = "json"', 'log = "raw"', Log(LogMode.RAW)),
        ('log = "json"', 'log = { overflow = "drop" }', Log(LogMode.JSON, Overflow.DROP)),
        ('log = { overflow = "drop" }', 'log = "raw"', Log(LogMode.RAW, Overflow.DROP)),
        ('log = { overflow = "drop" }', 'log = "none"', Log(LogMode.NONE)),
        ('log = "json"', 'log = { file = "/l" }', Log(LogMode.RAW, file="/l", max_size=10 * MIB, keep=5)),
        ("", 'log = { file = "/l", mode = "prefix" }', Log(LogMode.PREFIX, file="/l")),
        ("", 'log = { file = "/l", max_size = "1M", keep = 0 }', Log(LogMode.RAW, file="/l", max_size=10**6, keep=0)),
        ("", 'log = { file = "/l", max_size = 0 }', Log(LogMode.RAW, file="/l", max_size=0)),
        ('log = { file = "/p" }', "", Log(LogMode.RAW, file="/p")),
        ('log = { file = "/p" }', 'log = "inherit"', Log(LogMode.INHERIT)),
        ('log = "json"', "tty = true", Log(LogMode.INHERIT)),
        ("", 'tty = true\nlog = "json"', Log(LogMode.JSON)),
        ('log = "json"', "tty = false", Log(LogMode.JSON)),
    ],
)
def test_log(read, pod, unit, log):
    assert pod_of(read, pod, unit).units[0].log == log


@pytest.mark.parametrize(
    ("pod", "own"),
    [
        ("", LogMode.PREFIX),
        ('log = "json"', LogMode.JSON),
        ('log = { mode = "json" }', LogMode.JSON),
        ('log = "raw"', LogMode.PREFIX),
    ],
)
def test_minipods_own_words(read, pod, own):
    assert lower(pod_of(read, pod)).own_log is own


def test_a_terminal_is_read_from(read):
    plain, owner = pod_of(read).units[0], pod_of(read, unit="tty = true").units[0]
    assert (plain.tty, plain.stdin) == (False, StdinMode.NULL)
    assert (owner.tty, owner.stdin) == (True, StdinMode.INHERIT)
    assert lower(pod_of(read, unit="tty = true")).units[0].tty


def test_a_terminal_of_its_own(read):
    unit = pod_of(read, 'log = "json"', 'tty = "own"').units[0]
    assert (unit.tty, unit.own_terminal, unit.stdin, unit.log) == (False, True, StdinMode.NULL, Log(LogMode.JSON))
    lowered = lower(pod_of(read, unit='tty = "own"')).units[0]
    assert (lowered.tty, lowered.own_terminal) == (False, True)


@pytest.mark.parametrize("tty", ["true", '"own"'])
@pytest.mark.parametrize(
    ("unit", "warns"),
    [
        ('command = ["bash"]', True),
        ('command = ["/bin/sh", "-i"]', True),
        ('command = ["env"]\nargs = ["bash"]', True),
        ('command = ["zsh"]\nstop_signal = "HUP"', False),
        ('command = ["bash", "-lc", "sleep 9"]', False),
        ('command = ["bash", "script"]', False),
        ('command = ["top"]', False),
        ('command = ["env"]', False),
    ],
)
def test_a_shell_that_is_typed_into_ignores_term(read, unit, warns, tty):
    found = read(f"[service.a]\ntty = {tty}\n{unit}\n", thorough=True)
    assert any("ignores the TERM" in each.message for each in found.warnings) == warns


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("true", Control()),
        ("false", Control(False)),
        ('"/run/x"', Control(socket="/run/x")),
        ("{}", Control()),
        ('{ socket = "/run/x" }', Control(socket="/run/x")),
        ('{ listen = "127.0.0.1:9090" }', Control(listen=("127.0.0.1", 9090))),
        ('{ listen = ":9090" }', Control(listen=("::", 9090))),
        ('{ listen = "[::1]:9090" }', Control(listen=("::1", 9090))),
        ('{ listen = "0.0.0.0:1", socket = "/run/x" }', Control(socket="/run/x", listen=("0.0.0.0", 1))),
        (f'"/{"x" * 106}"', Control(socket=f"/{'x' * 106}")),
    ],
)
def test_control(read, text, control):
    assert pod_of(read, f"control = {text}").control == control


@pytest.mark.parametrize(
    ("text", "lowered"),
    [
        ("false", (words.Control.OFF, "", "", 0)),
        ("true", (words.Control.FOUND, "", "", 0)),
        ('"/run/x"', (words.Control.AT, "/run/x", "", 0)),
        ('{ listen = "[::1]:9090" }', (words.Control.FOUND, "", "::1", 9090)),
    ],
)
def test_control_in_the_plan(read, text, lowered):
    plan = lower(pod_of(read, f"control = {text}"))
    assert (plan.control, plan.control_path, plan.listen_host, plan.listen_port) == lowered


def test_a_log_in_the_plan(read):
    (unit,) = lower(pod_of(read, unit='log = { file = "/l", max_size = "1Ki", keep = 2, overflow = "drop" }')).units
    assert unit.log == records.Log(LogMode.RAW, Overflow.DROP, "/l", 1024, 2)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("1", 1), ("10M", 10_000_000), ("10Mi", 10 * MIB), ("1.5k", 1500), ("1K", 1000), ("1Ki", 1024),
        ("1.5Gi", 3 * (1 << 29)), ("2T", 2 * 10**12), ("2Ti", 2 << 40), ("0.5", 1), ("0.0001k", 1), (7, 7),
    ],
)  # fmt: skip
def test_size(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    ["", " ", "M", "10MB", "10 M", "-1", "1m", "1e3", "1KI", ".5M", "1.M", "٣", "9" * 5000, -1, 2**62, "5000000T"],
)
def test_no_size(text):
    with pytest.raises(BadSize) as caught:
        parse_size(text)
    assert caught.value.help


@given(st.integers(0, MOST))
def test_printed_size_is_read_back(size):
    assert parse_size(format_size(size)) == size


@given(st.sampled_from(sorted(SUFFIXES)), st.integers(1, 10**6))
def test_round_sizes_stay_short(suffix, count):
    assert len(format_size(count * SUFFIXES[suffix])) <= len(f"{count}{suffix}")


def test_the_example_of_the_table_holds(read):
    text = Path(__file__).parents[2].joinpath("docs/config.md").read_text(encoding="utf-8")
    example = '{ file = "/var/log/web.log", max_size = "10M", keep = 5 }'
    assert example in text
    assert pod_of(read, unit=f"log = {example}").units[0].log.max_size == 10_000_000
