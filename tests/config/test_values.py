"""Single values: durations to the nanosecond, signals, commands, and all that must survive unchanged."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipod.config.durations import MOST, UNITS, BadDuration, format_duration, parse_duration
from minipod.config.shellwords import NeedsShell, Split, Unclosed
from minipod.model import Capabilities, Log, SignalRule
from minipod.supervisor.vocabulary import LogMode, Milestone, SignalVerb, StdinMode, StopScope

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("value", "ns"),
    [
        ("10s", 10 * SECOND), ("1m30s", 90 * SECOND), ("250ms", SECOND // 4), ("1.5s", 1_500_000_000),
        ("1h2m3s4ms5us6ns", 3_723_004_005_006), ("0s", 0), ("0.000000001s", 1), ("90m", 5400 * SECOND),
        (10, 10 * SECOND), (0, 0), (0.1, 100_000_000), (1e-9, 1), (2.5, 2_500_000_000),
        ("4611686018s", 4611686018 * SECOND),
    ],
)  # fmt: skip
def test_duration(value, ns):
    assert parse_duration(value) == ns


@pytest.mark.parametrize(
    "value",
    ["", " ", "10", "s", "10 s", "-1s", "1m30m", "30s1m", "1d", "1e3s", "١s", "10S", "1.s", ".5s", -1, -0.5,
     float("inf"), float("-inf"), float("nan"), 2**62, 1e300, "4611686019s", "9" * 5000 + "s"],
)  # fmt: skip
def test_no_duration(value):
    with pytest.raises(BadDuration) as caught:
        parse_duration(value)
    assert caught.value.help


@given(st.integers(0, MOST))
def test_printed_duration_is_read_back(ns):
    assert parse_duration(format_duration(ns)) == ns


@given(st.lists(st.tuples(st.sampled_from(list(UNITS)), st.integers(0, 10**6)), unique_by=lambda pair: pair[0]))
def test_duration_is_the_sum_of_its_parts(parts):
    parts.sort(key=lambda pair: list(UNITS).index(pair[0]))
    text = "".join(f"{count}{unit}" for unit, count in parts)
    total = sum(count * UNITS[unit] for unit, count in parts)
    if text and total <= MOST:
        assert parse_duration(text) == total


@given(st.floats(0, 1e9))
def test_fractions_are_rounded_to_the_nearest_nanosecond(seconds):
    numerator, denominator = seconds.as_integer_ratio()
    assert abs(parse_duration(seconds) * denominator - numerator * SECOND) * 2 <= denominator


PLAIN = st.text(st.sampled_from("abz09 -_./:=,@%+\t'\"\\"), max_size=20)


@given(PLAIN)
def test_words_are_split_as_a_shell_would(text):
    """Without what only a shell could do, the words are those of the standard library's shlex."""
    try:
        expected = shlex.split(text)
    except ValueError:
        return
    try:
        assert Split(text).words == expected
    except NeedsShell as need:
        assert "=" in str(need)  # A=1 program
    except Unclosed:
        pytest.fail("shlex had no quarrel with its quotes")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nginx -g 'daemon off;'", ["nginx", "-g", "daemon off;"]),
        ("echo $(NAME) $$(NAME) \"$(A)b\" $5 100%", ["echo", "$(NAME)", "$$(NAME)", "$(A)b", "$5", "100%"]),
        ("a \\| \"<b>\" '*' '' \"\"", ["a", "|", "<b>", "*", "", ""]),
        ("curl http://host/?q=[1]", ["curl", "http://host/?q=[1]"]),
        ("a \\\n b", ["a", "b"]),
        ("\n  a b\n \n", ["a", "b"]), ("a \\ ", ["a", " "]), ("a \\\n", ["a"]),
        ("'A=1' b", ["A=1", "b"]),
        ("a ~", NeedsShell), ("a b=~", ["a", "b=~"]), ("a `b`", NeedsShell), ("a $(b c)", NeedsShell),
        ('"$(b c)"', NeedsShell), ("a&", NeedsShell), ("a 2>&1", NeedsShell), ("a\nb", NeedsShell),
        ("'", Unclosed), ('"a', Unclosed),
    ],
)  # fmt: skip
def test_split(text, words):
    if isinstance(words, list):
        assert Split(text).words == words
    else:
        with pytest.raises(words):
            Split(text)


@given(
    st.dictionaries(
        st.text(st.sampled_from("AZaz_09.- %"), min_size=1),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    )
)
def test_variables_survive_unchanged(env):
    from minipod.config.findings import Findings
    from minipod.config.values import read_env

    found = Findings()
    assert read_env(env, ("env",), found) == env
    assert found.all == []


def unit(read, line: str, *, overrides=()):
    return read(f'[service.web]\ncommand = ["true"]\n{line}\n', overrides=overrides).pod.units[0]


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ('umask = "022"', "umask", 0o022), ('umask = "0027"', "umask", 0o027), ("umask = 0o22", "umask", 0o022),
        ("umask = 0", "umask", 0), ('umask = "777"', "umask", 0o777),
        ("user = 1000", "user", "1000"), ('user = "1000"', "user", "1000"), ('user = "www-data"', "user", "www-data"),
        ('group = "a.b_c$"', "group", "a.b_c$"),
        ('stop_signal = "SIGRTMIN+3"', "stop_signal", 37), ('stop_signal = "int"', "stop_signal", 2),
        ("stop_signal = 9", "stop_signal", 9),
        ('exit_codes = { 143 = 0, SIGINT = 3, "KILL" = 1, 0 = 7 }', "exit_codes", {143: 0, 130: 3, 137: 1, 0: 7}),
        ('stdin = "inherit"', "stdin", StdinMode.INHERIT), ('log = "raw"', "log", Log(LogMode.RAW)),
        ('stop_to = "main"', "stop_to", StopScope.MAIN), ("max_restarts = 0", "max_restarts", 0),
        ('args = ["$(X)", "%d", "$$", ""]', "args", ("$(X)", "%d", "$$", "")),
        ("termination_grace_period = 0", "termination_grace_period", 0),
        ('env = { "A.B" = "x=y" }', "env", {"A.B": "x=y"}),
    ],
)  # fmt: skip
def test_value_of_a_unit(line, field, value, read):
    assert getattr(unit(read, line), field) == value


def test_after_is_a_list_or_a_table(read):
    text = (
        '[service.a]\ncommand = ["a"]\nafter = ["b"]\n[service.b]\ncommand = ["b"]\n'
        'after = { c = "ready", d = "completed" }\n'
        '[service.c]\ncommand = ["c"]\n[service.d]\ncommand = ["d"]\nrestart = "on_failure"\n'
    )
    a, b, *_ = read(text).pod.units
    assert a.after == {"b": Milestone.STARTED}
    assert b.after == {"c": Milestone.READY, "d": Milestone.COMPLETED}


@pytest.mark.parametrize("table", ["signals", "pod.signals"])
def test_signals(table, read):
    rules = (
        'HUP = "USR1"\nUSR2 = "ignore"\nQUIT = "stop"\nSIGTSTP = "STOP"\nWINCH = { send = "HUP", to = ["web"] }\n'
        'IO = { to = ["web"] }\n"RTMIN+1" = 10\n'
    )
    pod = read(f'[{table}]\n{rules}[service.web]\ncommand = ["true"]\n').pod
    assert pod.signals == {
        1: SignalRule(SignalVerb.FORWARD, 10), 12: SignalRule(SignalVerb.IGNORE), 3: SignalRule(SignalVerb.STOP),
        20: SignalRule(SignalVerb.FORWARD, 19), 28: SignalRule(SignalVerb.FORWARD, 1, ("web",)),
        29: SignalRule(SignalVerb.FORWARD, 29, ("web",)), 35: SignalRule(SignalVerb.FORWARD, 10),
    }  # fmt: skip


def test_a_capability_may_be_written_in_the_kernels_way(read):
    keys = 'capabilities = { add = ["cap_kill", "Net_Raw"], drop = ["all"] }'
    pod = read(f'[service.web]\ncommand = ["true"]\n{keys}\n').pod
    assert pod.units[0].capabilities == Capabilities(("ALL",), ("KILL", "NET_RAW"))
