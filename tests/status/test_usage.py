"""Whose a process is, and what a unit used between two looks."""

import pytest

from minipod.status.usage import MINIPOD, OTHERS, Process, Usage, owners, shares, total, usages

ROOT = 10
LEADERS = {20: "web", 30: "db"}
PROCESSES = [
    Process(1, 0, 1),
    Process(ROOT, 1, 1, cpu=1, memory=5),
    Process(20, ROOT, 20, cpu=2, memory=10, threads=3),
    Process(21, 20, 21, cpu=3, memory=20),
    Process(22, 21, 21, cpu=1, memory=1),
    Process(30, ROOT, 30, cpu=4, memory=40),
    Process(31, ROOT, 30, cpu=1, memory=2),
    Process(40, ROOT, 40, cpu=7, memory=7),
    Process(50, 1, 50, cpu=9, memory=9),
    Process(51, 1, 20, cpu=9, memory=9),
]


def test_owners() -> None:
    """21 and 22 have a session of their own and are web's all the same; 31 lost its parent, but not its session; 40
    lost both; 70 writes minipod's files; 50 and 51 are not below minipod."""
    assert owners([*PROCESSES, Process(70, ROOT, 1)], LEADERS, ROOT) == {
        10: MINIPOD, 20: "web", 21: "web", 22: "web", 30: "db", 31: "db", 40: OTHERS, 70: MINIPOD,
    }  # fmt: skip


def test_a_unit_in_a_unit() -> None:
    """The nearest leader counts."""
    processes = [*PROCESSES, Process(60, 30, 60), Process(61, 60, 60)]
    assert owners(processes, {**LEADERS, 60: "inner"}, ROOT)[61] == "inner"


def test_what_was_read_may_contradict_itself() -> None:
    """Process ids come anew while one looks."""
    assert owners([Process(1, 2), Process(2, 1), Process(3, 9)], {}, 5) == {}


def test_sums() -> None:
    owner = owners(PROCESSES, LEADERS, ROOT)
    found = usages(PROCESSES, owner, LEADERS, ["web", "down", "db"])
    assert list(found)[:3] == ["web", "down", "db"]
    assert found["web"] == Usage("web", 20, 6, 31, 3, 5)
    assert found["db"] == Usage("db", 30, 5, 42, 2, 2)
    assert found["down"] == Usage("down")
    assert total(found.values()) == Usage("total", None, 19, 85, 7, 9)


@pytest.mark.parametrize(
    ("before", "now", "share"),
    [
        (Usage("web", 20, 1.0), Usage("web", 20, 2.0), 0.5),
        (Usage("web", 20, 9.0), Usage("web", 21, 1.0), 0.5),
        (None, Usage("web", 20, 1.0), 0.5),
        (Usage("web", 20, 2.0), Usage("web", 20, 1.0), 0.0),
        (Usage("web", 20, 2.0), Usage("web"), 0.0),
    ],
    ids=["used", "another instance", "new", "a child ended and its time with it", "down"],
)
def test_shares(before: Usage | None, now: Usage, share: float) -> None:
    assert shares({} if before is None else {"web": before}, {"web": now}, 2.0)["web"].share == share


def test_shares_add_up() -> None:
    assert total([Usage("a", share=0.5), Usage("b", share=1.5)]).share == 2.0
