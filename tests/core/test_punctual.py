"""Probes by the thousand on the core's own loop: each keeps its step and no turn is long, though all take time."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

US, MS, SECOND = 1000, 1_000_000, 1_000_000_000
PERIODS = 100
BATCH = 64              # timers of one turn
ROUNDED = MS            # epoll's milliseconds
APART = ["core_set_up_rest", "sys_now", "sys_epoll_wait", "errand_due", "errand_begin", "step_all", "log_flush",
         "mailbox_retry"]


@pytest.fixture(scope="module")
def run(build, root):
    core = [str(path) for path in sorted((root / "csrc").glob("*.c")) if path.name != "main.c"]
    program = build("punctual", [str(root / "tests/core/punctual.c"), *core, *[f"-Wl,--wrap={name}" for name in APART]])

    def ask(*numbers: int) -> list[int]:
        """The longest turn, the greatest lateness of the last attempts, attempts in all."""
        return list(map(int, subprocess.check_output([program, *map(str, numbers)], text=True).split()))

    return ask


@pytest.mark.parametrize("probes, apart, cost", [
    (1, 0, 30 * US), (2000, 0, 20 * US), (2000, 150 * US, 20 * US), (2000, 30 * US, 100 * US),
    (3000, 300 * US, 300 * US),
])
def test_each_keeps_its_step(run, probes, apart, cost):
    """Those that are due together wait for each other, and no longer in the hundredth period than in the first."""
    turn, late, attempts = run(probes, apart, cost, cost, SECOND, PERIODS)
    assert attempts == (PERIODS + 1) * probes
    assert turn <= BATCH * cost
    assert late <= ROUNDED + probes * max(cost - apart, 0) + BATCH * cost


@settings(max_examples=30)
@given(probes=st.integers(1, 500), apart=st.integers(0, MS), cost=st.integers(1, MS))
def test_turns_are_short(run, probes, apart, cost):
    assert run(probes, apart, cost, cost, SECOND, 3)[0] <= BATCH * cost


def test_what_was_missed_is_not_made_up_for(run):
    """The first attempt takes five and a half periods; then there is one each period again, from that moment on."""
    turn, _, attempts = run(1, 0, MS, 11 * SECOND // 2, SECOND, 20)
    assert turn == 11 * SECOND // 2 and attempts == 1 + 16
