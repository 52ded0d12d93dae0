"""Single functions of the core, under sanitizers: timers against a sorted list, formatting, durations, packets."""

import re
from bisect import insort

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minipod.config.durations import UNITS

SECOND = 1_000_000_000
NOT_DURATIONS = [
    "", "s", "10x", "1.2.3s", "-1s", "1 s", "s10", "9" * 30, "10ss", "1e3", "0x10", "1.s.", " ", "\t1s", "١s",
]
quick = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


# --- timers ---

IDS = 12
_operation = st.one_of(
    st.tuples(st.just("arm"), st.integers(0, IDS - 1), st.integers(1, 60)),
    st.tuples(st.just("disarm"), st.integers(0, IDS - 1)),
    st.tuples(st.just("now"), st.integers(0, 70)),
    st.tuples(st.just("shift"), st.integers(0, 9)),
)


class SortedTimers:
    """The same as a list that is kept in order."""

    def __init__(self) -> None:
        self.armed: list[tuple[int, int]] = []

    def disarm(self, which: int) -> None:
        self.armed = [each for each in self.armed if each[1] != which]

    def arm(self, which: int, when: int) -> None:
        self.disarm(which)
        insort(self.armed, (when, which))

    def shift(self, by: int) -> None:
        self.armed = [(when + by, which) for when, which in self.armed]

    def now(self, moment: int) -> tuple[list[tuple[int, int]], int]:
        """What fires, and when the next one will; 0: none."""
        due = [each for each in self.armed if each[0] <= moment]
        self.armed = self.armed[len(due):]
        return due, self.armed[0][0] if self.armed else 0


@quick
@given(operations=st.lists(_operation, max_size=60))
def test_timers(pieces, operations):
    reference, expected = SortedTimers(), []
    for name, *words in operations:
        result = getattr(reference, name)(*words)
        if name == "now":
            expected.append(result)
    answer = pieces("timers", IDS, *(word for operation in operations for word in operation))
    fired = [part.split("]") for part in answer.split("[")[1:]]
    assert len(fired) == len(expected)
    for (ids, following), (due, following_expected) in zip(fired, expected, strict=True):
        when = {which: moment for moment, which in due}
        order = [when.pop(int(which)) for which in ids.split()]  # those of one moment in any order
        assert order == sorted(order) and not when
        assert int(following) == following_expected


# --- words ---


def shown(pieces, kind: str, value: str, room: int = 100) -> str:
    return bytes.fromhex(pieces("say", room, kind, value.encode().hex() or "-").strip("-")).decode()


@pytest.mark.parametrize("kind, value, text", [
    ("s", "", "<>"), ("s", "a%sb", "<a%sb>"), ("d", "-2147483648", "<-2147483648>"),
    ("d", "2147483647", "<2147483647>"), ("d", "0", "<0>"), ("u", "4294967295", "<4294967295>"),
    ("l", "18446744073709551615", "<18446744073709551615>"),
    ("t", "0", "<0s>"), ("t", "999999", "<0s>"), ("t", "1000000", "<0.001s>"), ("t", "1500000000", "<1.5s>"),
    ("t", "10050000000", "<10.05s>"), ("t", "120000000000", "<120s>"), ("%", "", "<%>"),
])
def test_format(pieces, kind, value, text):
    assert shown(pieces, kind, value) == text


@pytest.mark.parametrize("room", range(8))
def test_format_is_cut_at_its_room(pieces, room):
    assert shown(pieces, "s", "words", room) == "<words>"[:room]


@quick
@given(number=st.integers(0, 2**64 - 1))
def test_numbers(pieces, number):
    assert shown(pieces, "l", str(number)) == f"<{number}>"
    milliseconds = number // 1_000_000
    text = f"{milliseconds // 1000}.{milliseconds % 1000:03}".rstrip("0").rstrip(".")
    assert shown(pieces, "t", str(number)) == f"<{text}s>"


# --- durations, as MINIPOD_GRACE gives them ---


def duration(pieces, text: str) -> int | None:
    ok, ns = map(int, pieces("duration", text.encode().hex() or "-").split())
    return ns if ok else None


def exact(text: str) -> int:
    """The sum of its parts in ns, however long; a number without a unit is seconds."""
    parts = re.findall(r"(\d*)(?:\.(\d*))?(ms|s|m|h|)", text, re.ASCII)
    return sum(
        int((whole + fraction) or 0) * UNITS[unit or "s"] // 10 ** len(fraction) for whole, fraction, unit in parts
    )


@pytest.mark.parametrize("text", ["0", "10", "10s", "1m30s", "250ms", "1.5", "1.5s", "0.25s", "1h", "2h3m4s5ms", "90m"])
def test_duration(pieces, text):
    assert duration(pieces, text) == exact(text)


@pytest.mark.parametrize("text", NOT_DURATIONS)
def test_no_duration(pieces, text):
    assert duration(pieces, text) is None


@quick
@given(text=st.text("0123456789.smh", max_size=24))
def test_any_text_is_a_duration_or_none(pieces, text):
    assert duration(pieces, text) in (None, exact(text))


@quick
@given(numbers=st.lists(st.tuples(st.integers(0, 10**11), st.sampled_from(["h", "m", "s", "ms"])), max_size=4))
def test_no_duration_runs_over(pieces, numbers):
    text = "".join(f"{number}{unit}" for number, unit in numbers)
    assert duration(pieces, text) in (None, exact(text))


# --- packets of children ---


@pytest.mark.parametrize("count", [0, 1, 2, 3, 200])
def test_of_what_a_child_passes_one_is_taken(pieces, count):
    """Whatever else comes with the packet, if the child is not what it was, does not stay open here."""
    assert pieces("hear", b"words".hex(), count).split() == ["5", b"words".hex(), str(int(count > 0)), "0"]
