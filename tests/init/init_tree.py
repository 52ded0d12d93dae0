"""Checks of the end: who else runs when a program has ended, or when its init is told to stop."""

import signal
import subprocess
import time

from init_check import check
from init_trace import is_heard
from init_trial import Run, Trial, is_alive, program
from system_harness import LEFT, children, descendants, status

TOPIC = "End of the tree"
ORPHANS = 200
LONG, SHORT = {"MINIPOD_GRACE": "60s"}, {"MINIPOD_GRACE": "1s"}
SOON = 20.0  # s: less than the long grace, more than any machine needs


def inside(run: Run, pid: int) -> int:
    """From a pid in the namespace to the test's own view of it; 0 if there is none."""
    for candidate in descendants(run.process.pid):
        if status(candidate).get("NSpid", "").split()[-1:] == [str(pid)]:
            return candidate
    return 0


def cleans_up(trial: Trial, where: str, how: str, *, told: bool) -> None:
    """A helper that needs 0.3 s after TERM has them, and the init leaves as soon as it is done."""
    marker = trial.folder / "cleaned"
    run = trial.start(*program("leaves", where, how, "term_takes", "0.3", "0", marker), env=LONG)
    run.expect("main")
    began = time.monotonic()
    if told:
        run.send(signal.SIGTERM)
    result = run.end()
    assert marker.exists() and LEFT not in result.err and time.monotonic() - began < SOON
    assert result.code == (143 if told else 5)


@check(TOPIC, "the program ends, another of its group needs 0.3 s after TERM: it has them, then the init leaves")
def the_group_may_clean_up(trial: Trial) -> None:
    cleans_up(trial, "group", "ends", told=False)


@check(TOPIC, "the same when the init was told to stop")
def the_group_may_clean_up_when_told(trial: Trial) -> None:
    cleans_up(trial, "group", "obeys", told=True)


@check(TOPIC, "the program ends, a descendant has left its group: it gets TERM and its 0.3 s, too")
def another_group_may_clean_up(trial: Trial) -> None:
    cleans_up(trial, "away", "ends", told=False)


@check(TOPIC, "the same when the init was told to stop")
def another_group_may_clean_up_when_told(trial: Trial) -> None:
    cleans_up(trial, "away", "obeys", told=True)


@check(TOPIC, "the program ends, it has a daemon of another session: it gets TERM and its 0.3 s, too")
def a_daemon_may_clean_up(trial: Trial) -> None:
    cleans_up(trial, "daemon", "ends", told=False)


@check(TOPIC, "the same when the init was told to stop")
def a_daemon_may_clean_up_when_told(trial: Trial) -> None:
    cleans_up(trial, "daemon", "obeys", told=True)


@check(TOPIC, "the program has ended, its daemon cleans up: a first TERM to the init takes no time from it")
def a_first_term_leaves_the_grace(trial: Trial) -> None:
    """The daemon ends when it is told, no sooner: after the TERM has been heard."""
    run = trial.start(*program("leaves", "daemon", "ends", "term_waits"), env=LONG, stdin=-1)
    run.expect("asked to end")
    run.send(signal.SIGTERM)
    run.until(lambda: is_heard(run.pid, signal.SIGTERM), "the init has heard it")
    run.process.stdin.close()
    run.expect("cleaned")
    assert run.end().code == 5


@check(TOPIC, "a second TERM takes it")
def a_second_term_after_the_program(trial: Trial) -> None:
    run = trial.start(*program("leaves", "daemon", "ends", "term_waits"), env=LONG, stdin=-1)
    run.expect("asked to end")
    began = time.monotonic()
    run.send(signal.SIGTERM)
    run.until(lambda: is_heard(run.pid, signal.SIGTERM), "the init has heard it")
    run.send(signal.SIGTERM)
    assert run.end().code == 5 and time.monotonic() - began < SOON


@check(TOPIC, "a daemon gets its TERM when the init is told, also if the program itself is deaf to it")
def a_daemon_hears_of_the_stop_at_once(trial: Trial) -> None:
    run = trial.start(*program("leaves", "daemon", "stays", "term_takes", "0"), env=LONG)
    run.expect("main")
    run.send(signal.SIGTERM)
    run.expect("cleaned")


@check(TOPIC, "what is stopped gets its TERM as well")
def a_stopped_daemon_ends(trial: Trial) -> None:
    run = trial.start(*program("leaves", "daemon", "ends_when_told", "stops"), env=LONG, stdin=-1)
    daemon = inside(run, int(run.expect(r"stopping (\d+)").group(1)))
    run.until(lambda: status(daemon)["State"][0] == "T", "it is stopped")
    began = time.monotonic()
    run.process.stdin.close()
    result = run.end()
    assert LEFT not in result.err and not is_alive(daemon) and time.monotonic() - began < SOON


@check(TOPIC, "KILL for a daemon that is deaf, within the grace")
def a_deaf_daemon_is_killed(trial: Trial) -> None:
    run = trial.start(*program("leaves", "daemon", "ends", "deaf"), env=SHORT)
    daemon = inside(run, int(run.expect(r"deaf (\d+)").group(1)))
    result = run.end()
    assert result.code == 5 and LEFT not in result.err and not is_alive(daemon) and result.took < SOON


@check(TOPIC, "KILL for a program that takes longer than the grace")
def a_slow_program_is_killed(trial: Trial) -> None:
    run = trial.start(*program("term_takes", "1000"), env=SHORT)
    run.expect("ready")
    run.send(signal.SIGTERM)
    result = run.end()
    assert result.code == 137 and result.took < SOON


@check(TOPIC, "KILL for who forks instead of ending, however often")
def who_forks_at_term_is_killed(trial: Trial) -> None:
    run = trial.start(*program("leaves", "daemon", "ends", "forks_at_term"), env=SHORT)
    result = run.end()
    assert result.code == 5 and LEFT not in result.err and result.took < SOON
    assert not [pid for pid in descendants(run.process.pid) if is_alive(pid)]


@check(TOPIC, "a program that handles TERM has its say: its exit code is what counts")
def the_program_s_code_counts_when_told(trial: Trial) -> None:
    run = trial.start(*program("term_takes", "0.3", "9"), env=LONG)
    run.expect("ready")
    run.send(signal.SIGTERM)
    assert run.end().code == 9


@check(TOPIC, "a second TERM makes haste")
def a_second_term_makes_haste(trial: Trial) -> None:
    run = trial.start(*program("signals", "40"), env=LONG)
    run.expect("ready")
    began = time.monotonic()
    run.send(signal.SIGTERM)
    run.expect("got 15$")
    run.send(signal.SIGTERM)
    assert run.end().code == 137 and time.monotonic() - began < SOON


@check(TOPIC, "orphans are reaped while the program runs")
def orphans_are_reaped(trial: Trial) -> None:
    run = trial.start(*program("orphans", ORPHANS))
    run.expect("made")
    run.until(lambda: len(children(run.pid)) == 1, "only the program is left")
    run.send(signal.SIGTERM)
    assert run.end().code == 143


@check(TOPIC, "a process that is not below the init is neither signalled nor waited for")
def others_are_left_alone(trial: Trial) -> None:
    """As `docker exec` makes it: in the namespace, nobody's child in it."""
    run = trial.start(*program("leaves", "daemon", "ends_when_told", "deaf"), env=SHORT, stdin=-1)
    run.expect("main")
    heard = trial.folder / "heard"
    receiver = program("signals_to", heard, 40)
    enter = ["nsenter", "-t", str(run.pid), "-p", "-m", "--", *receiver]
    with subprocess.Popen(enter) as session:
        try:
            run.until(lambda: heard.exists() and heard.read_text().startswith("ready"), "it listens")
            run.send(signal.SIGURG)
            run.process.stdin.close()
            result = run.end()
        finally:
            session.kill()
    assert heard.read_text().count("\n") == 1 and result.took < SOON
    assert result.code == 5
