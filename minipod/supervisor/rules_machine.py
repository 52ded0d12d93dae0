"""The rules (``rules``) for what any machine may hold: what can happen, what must be heard, and that all things end."""

from collections.abc import Iterator

from minipod.supervisor.books import Tables
from minipod.supervisor.rulebook import acting, at, rule
from minipod.supervisor.table import CellKind, Machine
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Life as L
from minipod.supervisor.vocabulary import LifeEvent as E
from minipod.supervisor.vocabulary import Pod, Probe, Want, Word
from minipod.supervisor.vocabulary import PodEvent as P
from minipod.supervisor.vocabulary import ProbeEvent as Q
from minipod.supervisor.vocabulary import WantEvent as W

VERDICTS = (E.RESTART, E.RESTART_NOW, E.FINISH, E.HOLD, E.ROUND)
_ANYWHERE = set(L)
_BORN = {L.SPAWNING, L.TURN, L.TERM_SENT, L.KILL_SENT}  # with a child that may not have executed its program
_RUNS = {L.POST_START, L.UP, L.PRE_STOP, L.TURN, L.TERM_SENT, L.KILL_SENT}
_LEAVES = {L.PRE_STOP, L.TURN, L.TERM_SENT, L.KILL_SENT, L.DRAINING}
_BY_TIMER = {L.BACKOFF, L.PRE_STOP, L.TURN, L.TERM_SENT, L.DRAINING}
_ENDS = {Pod.ENDING, Pod.STOPPING}
_SWEEPS = {Pod.FINISHING, Pod.SWEEPING, Pod.KILLING}
_LIVES = {Pod.RUNNING, Pod.CHANGING, Pod.RESETTING}
_UNITS_LIVE = {*_LIVES, *_ENDS}
_BY_UNITS = (P.ALL_DONE, P.ALL_FAILED, P.MAIN_OVER, P.FATAL, P.UNRUNNABLE, P.UNIT_DEADLINE)
_ANSWERS = (Q.PASSED, Q.FAILED, Q.COUNTED)

# What can happen, by event: the states in which it is no mistake. Stated by column, where the tables are read by row.
CAN_HAPPEN: dict[Word, set[Word]] = {
    # somebody may say it at any time
    **dict.fromkeys((E.GO, E.STOP, E.AFRESH, E.WIND_DOWN, E.CUT, E.TURN_CAME), _ANYWHERE),
    # an init has no hooks, and an empty queue when a deadline comes: it is never found between two of its steps
    E.DEADLINE: _ANYWHERE - {L.POST_START, L.PRE_STOP},
    # a unit that has started had its predecessors; two may fail it, so it can be over when the second does
    E.NEVER: {L.HELD, L.DRAINING, L.ENDED},
    # facts about a process need one; a start is confirmed once, a leader's end is heard once
    E.DUE: _BY_TIMER,
    E.SPAWNED: _BORN,
    E.STARVED: _BORN - {L.KILL_SENT},
    E.EXITED: _RUNS,
    E.UNSTARTABLE: _BORN,
    E.DRAINED: {L.DRAINING},
    # a hook's time ends before its program does, and a hook outlives what it was for by a moment
    **dict.fromkeys((E.HOOK_DONE, E.HOOK_FAILED), (_LEAVES - {L.TURN}) | {L.POST_START}),
    # probes begin when it is up; the last one may fail while the unit goes already
    E.UNHEALTHY: {L.UP, *_LEAVES},
    **dict.fromkeys(VERDICTS, {L.DRAINING}),
    # what people want, they may say at any time; the pod ends once, and begins anew only while it does not end
    **dict.fromkeys(W, set(Want)),
    W.POD_STOP: set(Want) - {Want.STOP},
    W.POD_RESET: set(Want) - {Want.STOP, Want.RESET},
    W.ROUND: {Want.RESET},
    # a probe begins once an instance, answers come to who asked or has just stopped asking
    **dict.fromkeys((Q.BEGIN, Q.ABSENT), {Probe.OFF}),
    Q.DUE: {Probe.REST, Probe.TRYING},
    **dict.fromkeys(_ANSWERS, {Probe.TRYING, Probe.OFF}),
    **dict.fromkeys((Q.STOPPING, Q.GONE), set(Probe)),
    # causes come from units, which must not be over; a deadline, a signal and a volume need none
    **dict.fromkeys(_BY_UNITS, _UNITS_LIVE | {Pod.OVER}),
    P.POD_DEADLINE: set(Pod),
    P.UNPREPARED: set(Pod) - {Pod.RESETTING},
    P.EVICTED: set(Pod),
    P.TOLD: set(Pod),
    P.STIRRED: set(Pod),
    P.UNITS_OVER: _ENDS | {Pod.OVER},
    P.NOTHING_LEFT: _SWEEPS | {Pod.OVER},
    P.BUDGET_OVER: _SWEEPS | {Pod.OVER},
    P.OVERDUE: set(Pod) - _LIVES,
    # a unit asks for a new beginning while it lives; what was begun may be overtaken by the pod's end
    P.RESTART_ALL: _UNITS_LIVE | {Pod.OVER},
    P.ALL_RESET: {Pod.RESETTING, *_ENDS, Pod.OVER},
    P.ROUND_DUE: set(Pod) - {Pod.RUNNING, Pod.CHANGING},
    # a plan is taken one at a time and while the pod runs; a moment later that may be over
    P.PLAN: _UNITS_LIVE - {Pod.CHANGING} | {Pod.OVER},
    P.ALL_AWAY: _UNITS_LIVE - {Pod.RUNNING} | {Pod.OVER},
}


def machines(t: Tables) -> tuple[Machine, ...]:
    """Each once: the watchdog's is liveness'."""
    return t.life, t.want, t.pod, t.startup, t.liveness, t.readiness


def probes(t: Tables) -> tuple[Machine, ...]:
    """Those that ask a unit how it is."""
    return t.startup, t.liveness, t.readiness


@rule
def impossible_is_what_cannot_happen(t: Tables) -> Iterator[str]:
    """An ignored event is expected, an impossible one is counted as a mistake: mixing them up hides mistakes or cries
    wolf (DESIGN.md section 2, point 5)."""
    for machine in machines(t):
        for state, event, cell in machine.cells():
            if (cell.kind is CellKind.IMPOSSIBLE) != (state not in CAN_HAPPEN[event]):
                yield f"{machine.name}: " + at(
                    state, event, "can happen" if state in CAN_HAPPEN[event] else "cannot happen"
                )


def _heard(t: Tables) -> Iterator[tuple[Machine, Word, set[Word]]]:
    for event in (E.DUE, E.STARVED, E.EXITED, E.UNSTARTABLE, E.DRAINED, *VERDICTS):
        yield t.life, event, CAN_HAPPEN[event]
    yield t.life, E.SPAWNED, {L.SPAWNING}
    for event in (E.HOOK_DONE, E.HOOK_FAILED):
        yield t.life, event, {L.POST_START, L.PRE_STOP}
    for machine in probes(t):
        yield machine, Q.BEGIN, {Probe.OFF}
        yield machine, Q.DUE, CAN_HAPPEN[Q.DUE]
        yield machine, Q.GONE, {Probe.REST, Probe.TRYING}
        for event in _ANSWERS:
            yield machine, event, {Probe.TRYING}
    yield t.want, W.ROUND, {Want.RESET}
    yield t.pod, P.OVERDUE, CAN_HAPPEN[P.OVERDUE] - {Pod.OVER}
    yield t.pod, P.NOTHING_LEFT, _SWEEPS
    yield t.pod, P.UNITS_OVER, _ENDS
    yield t.pod, P.PLAN, {Pod.RUNNING}
    yield t.pod, P.ALL_AWAY, {Pod.CHANGING}


@rule
def facts_are_never_ignored(t: Tables) -> Iterator[str]:
    """What happened to a process, or to a timer that somebody armed, or what was asked for, means something wherever it
    can happen."""
    for machine, event, states in _heard(t):
        for state in states:
            if machine.cell(state, event).kind is not CellKind.ACTS:
                yield f"{machine.name}: " + at(state, event, "must act")


@rule
def only_acting_cells_do_anything(t: Tables) -> Iterator[str]:
    """The core does not look further into a cell that does not act."""
    for machine in machines(t):
        for state, event, cell in machine.cells():
            acts = cell.kind is CellKind.ACTS
            if (cell.next is not None) != acts or (cell.actions and not acts):
                yield at(state, event, "holds what nobody reads")


@rule
def the_last_state_is_final(t: Tables) -> Iterator[str]:
    """Over is over: what comes late must not raise the dead. Only a new beginning of the whole pod does (KEP-5532)."""
    for machine, last, raised in ((t.life, L.ENDED, {E.AFRESH}), (t.pod, Pod.OVER, set()), (t.want, Want.STOP, set())):
        for event, cell in machine.rows[last].items():
            if (cell.kind is CellKind.ACTS) != (event in raised):
                yield at(last, event, "acts" if event not in raised else "must act")


@rule
def every_state_has_a_way_out(t: Tables) -> Iterator[str]:
    """A unit or a pod that cannot end hangs its container for ever (PEERS.md: the most asked, 1 and 7)."""
    lasts = [(t.life, L.ENDED), (t.want, Want.STOP), (t.pod, Pod.OVER), *((m, Probe.OFF) for m in probes(t))]
    for machine, last in lasts:
        reach, before = {last}, 0
        while len(reach) != before:
            before = len(reach)
            reach |= {state for state, _, cell in acting(machine) if cell.next in reach}
        yield from (f"{machine.name}: {state.word} never ends" for state in machine.states if state not in reach)


# Actions whose order in a cell matters: the first lays the ground for the second.
_FIRST_THEN = [
    (A.DISARM, A.JUDGE), (A.DISARM, A.SPAWN), (A.SPAWN, A.RENEW),
    (A.END_ERRANDS, A.RUN_PRE_STOP), (A.BEGIN_STOP, A.RUN_PRE_STOP),
    (A.SPEND_GRACE, A.ARM_GRACE), (A.SPEND_GRACE, A.AWAIT_TURN), (A.NO_GRACE, A.ARM_GRACE),
    (A.SEND_STOP, A.ARM_GRACE), (A.NOTE_DEADLINE, A.JUDGE), (A.BLAME_DEPENDENCY, A.JUDGE),
    (A.KILL_REST, A.CHECK_REST), (A.EASE_REST, A.CHECK_REST), (A.END_ERRANDS, A.CHECK_REST),
    (A.ABANDON, A.MARK_UNREADY), (A.REVIVE, A.TELL_REST), (A.FORGET_RUN, A.TELL_UNHEALTHY),
    (A.FIX_CAUSE, A.START_BUDGET), (A.CURTAIL, A.START_BUDGET), (A.START_BUDGET, A.WIND_DOWN_ALL),
    (A.SWEEP_KILL, A.LEAVE), (A.BLAME, A.TALLY_FAILED),
]


@rule
def actions_come_in_their_order(t: Tables) -> Iterator[str]:
    """A grace is armed when what the hook took is gone, a hook begins when its limit runs, what is judged has been
    noted: an action reads what those before it wrote."""
    for machine in machines(t):
        for state, event, cell in acting(machine):
            for first, then in _FIRST_THEN:
                if {first, then} <= set(cell.actions) and cell.actions.index(first) > cell.actions.index(then):
                    yield at(state, event, f"must {first.word} before {then.word}")
