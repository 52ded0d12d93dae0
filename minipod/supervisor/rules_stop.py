"""The rules (``rules``) for how one unit is stopped: its signals, its graces and the timer that ends them."""

from collections.abc import Iterator

from minipod.supervisor.books import Tables
from minipod.supervisor.rulebook import acting, at, enters, exactly, rule
from minipod.supervisor.rules_machine import VERDICTS
from minipod.supervisor.table import CellKind, Machine
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Life as L
from minipod.supervisor.vocabulary import LifeEvent as E
from minipod.supervisor.vocabulary import Word

_STOPPED = {L.TURN, L.TERM_SENT, L.KILL_SENT}
_RUNS = (L.POST_START, L.UP)


# --- the way ---


@rule
def stop_signals_are_sent_on_the_way(t: Tables) -> Iterator[str]:
    """One TERM and one KILL for each stop: no state claims a signal that was not sent, none is sent twice."""
    yield from exactly(t.life, A.SEND_STOP, enters(L.TERM_SENT))
    yield from exactly(t.life, A.SEND_KILL, enters(L.KILL_SENT))


@rule
def a_stop_passes_pre_stop(t: Tables) -> Iterator[str]:
    """The pre-stop hook comes before the stop signal whatever stops a program that runs (spec.md sections 7.2 and 8.2);
    a new beginning of the whole pod alone leaves no time for it, and a program that was not executed has none."""
    yield from exactly(t.life, A.RUN_PRE_STOP, enters(L.PRE_STOP))
    for state, event, cell in acting(t.life):
        if state in _RUNS and cell.next in _STOPPED and event is not E.AFRESH:
            yield at(state, event, "skips pre-stop")
        if cell.next is L.PRE_STOP and state not in (*_RUNS, L.PRE_STOP):
            yield at(state, event, "runs pre-stop of what never was up")


@rule
def a_stop_order_stops(t: Tables) -> Iterator[str]:
    """Whoever has a process that is not on its way out goes at a stop, a deadline, a failed probe or hook."""
    for state in _RUNS:
        for event in (E.STOP, E.WIND_DOWN):
            if t.life.cell(state, event).next is not L.PRE_STOP:
                yield at(state, event, "must stop it")
    ways = [(L.SPAWNING, E.STOP, L.TERM_SENT), (L.SPAWNING, E.DEADLINE, L.TERM_SENT), (L.UP, E.DEADLINE, L.PRE_STOP),
            (L.UP, E.UNHEALTHY, L.PRE_STOP), (L.POST_START, E.HOOK_FAILED, L.PRE_STOP)]
    for state, event, place in ways:
        if t.life.cell(state, event).next is not place:
            yield at(state, event, f"must lead to {place.word}")


@rule
def a_stop_goes_on_whatever_its_hook_did(t: Tables) -> Iterator[str]:
    """spec.md section 7.2: a pre-stop hook that fails changes nothing, one that hangs is given up when the grace is
    spent."""
    done, failed = (t.life.cell(L.PRE_STOP, event) for event in (E.HOOK_DONE, E.HOOK_FAILED))
    if (done.next, done.actions) != (failed.next, failed.actions) or done.next is not L.TURN:
        yield at(L.PRE_STOP, E.HOOK_FAILED, "must be as a hook that is done, and wait for its turn")
    if t.life.cell(L.PRE_STOP, E.DUE).next is not L.TERM_SENT:
        yield at(L.PRE_STOP, E.DUE, "must send the stop signal")
    for event in (E.TURN_CAME, E.DUE):
        if t.life.cell(L.TURN, event).next is not L.TERM_SENT:
            yield at(L.TURN, event, "must send the stop signal")


@rule
def who_leaves_is_not_stopped_again(t: Tables) -> Iterator[str]:
    """A second reason to stop changes nothing of a stop that is under way."""
    for state in (L.PRE_STOP, L.TURN, L.TERM_SENT, L.KILL_SENT, L.DRAINING):
        for event in (E.STOP, E.UNHEALTHY):
            if t.life.cell(state, event).kind is CellKind.ACTS:
                yield at(state, event, "acts")


# --- graces ---


@rule
def what_the_hook_took_is_gone(t: Tables) -> Iterator[str]:
    """The pre-stop hook runs inside the grace period (spec.md section 7.2): TERM's share is what is left."""
    ends = (E.DUE, E.HOOK_DONE, E.HOOK_FAILED)
    yield from exactly(t.life, A.SPEND_GRACE, lambda state, event, cell: state is L.PRE_STOP and event in ends)


@rule
def no_grace_means_kill(t: Tables) -> Iterator[str]:
    """The second signal makes the remaining grace zero (DESIGN.md section 4)."""
    for state in (L.PRE_STOP, L.TURN, L.TERM_SENT):
        if t.life.cell(state, E.CUT).next is not L.KILL_SENT:
            yield at(state, E.CUT, "must kill")
    if A.KILL_REST not in t.life.cell(L.DRAINING, E.CUT).actions:
        yield at(L.DRAINING, E.CUT, "must kill the rest")


@rule
def the_pods_end_reaches_every_unit(t: Tables) -> Iterator[str]:
    """Who runs does its hook and waits for its turn, who is stopping fits the budget, who does not run is over."""
    if t.life.cell(L.SPAWNING, E.WIND_DOWN).next is not L.TURN:
        yield at(L.SPAWNING, E.WIND_DOWN, "must wait for its turn")
    for state in (L.HELD, L.BACKOFF):
        if A.JUDGE not in t.life.cell(state, E.WIND_DOWN).actions:
            yield at(state, E.WIND_DOWN, "must be judged")
    yield from exactly(t.life, A.CLIP_GRACE, lambda s, e, cell: e is E.WIND_DOWN and s in (L.TERM_SENT, L.DRAINING))
    yield from exactly(t.life, A.CLIP_TURN, lambda s, e, cell: e is E.WIND_DOWN and s is L.PRE_STOP)


# --- the timer ---


@rule
def a_wait_has_an_end(t: Tables) -> Iterator[str]:
    """Every state that waits for time arms its own timer when it is entered."""
    yield from exactly(t.life, A.BEGIN_STOP, enters(L.PRE_STOP))
    yield from exactly(t.life, A.ARM_GRACE, enters(L.TERM_SENT))
    yield from exactly(t.life, A.AWAIT_TURN, enters(L.TURN))
    yield from exactly(t.life, A.ARM_RETRY, lambda s, e, cell: cell.next is L.BACKOFF and e is E.STARVED)
    yield from exactly(t.life, A.ARM_BACKOFF, lambda s, e, cell: cell.next is L.BACKOFF and e is not E.STARVED)


_ARMING = {A.BEGIN_STOP, A.ARM_GRACE, A.AWAIT_TURN, A.ARM_RETRY, A.ARM_BACKOFF, A.EASE_REST}


def _may_be_armed(life: Machine) -> set[Word]:
    """The states in which the unit's timer may run. DUE spends it; a verdict comes when it is disarmed."""
    armed, before = set(), -1
    while len(armed) != before:
        before = len(armed)
        for state, event, cell in acting(life):
            kept = state in armed and event is not E.DUE and event not in VERDICTS and A.DISARM not in cell.actions
            if kept or _ARMING & set(cell.actions):
                armed.add(cell.next)
    return armed


@rule
def a_timer_fires_where_it_is_expected(t: Tables) -> Iterator[str]:
    """What DUE means follows from the state that armed the timer: no other state may inherit it armed."""
    armed = _may_be_armed(t.life)
    for state in L:
        expected = t.life.cell(state, E.DUE).kind is CellKind.ACTS
        if expected != (state in armed):
            yield f"the timer may {'' if state in armed else 'not '}fire in {state.word}"


@rule
def a_verdict_finds_no_timer(t: Tables) -> Iterator[str]:
    """A timer of the old instance would fire into the new one."""
    armed = _may_be_armed(t.life)
    for state, event, cell in acting(t.life):
        if A.JUDGE in cell.actions and state in armed and A.DISARM not in cell.actions:
            yield at(state, event, "judges with a timer running")
