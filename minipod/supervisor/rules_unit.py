"""The rules for one unit's lifecycle, and for what any machine may hold (``rules``)."""

from collections.abc import Iterator

from minipod.supervisor.books import Tables
from minipod.supervisor.rulebook import acting, at, enters, exactly, rule
from minipod.supervisor.table import Cell, CellKind, Machine
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Life as L
from minipod.supervisor.vocabulary import LifeEvent as E
from minipod.supervisor.vocabulary import Pod, Want, Word
from minipod.supervisor.vocabulary import PodEvent as P
from minipod.supervisor.vocabulary import WantEvent as W

# --- any machine -------------------------------------------------------------------------------------------------

# What can happen, by event: the states in which it is no mistake. Stated by column, where the tables are read by row.
_PROCESS = {L.SPAWNING, L.UP, L.TURN, L.TERM_SENT, L.KILL_SENT}
_ANYWHERE = set(L)
_BY_TIMER = {L.BACKOFF, L.TURN, L.TERM_SENT, L.DRAINING}
_BEFORE_THE_END = _ANYWHERE - {L.TURN}
_ENDS = {Pod.ENDING, Pod.STOPPING}
_GONE = {Pod.SWEEPING, Pod.KILLING}
_UNITS_LIVE = {Pod.RUNNING, *_ENDS}
_BY_UNITS = (P.ALL_DONE, P.ALL_FAILED, P.MAIN_OVER, P.FATAL, P.UNRUNNABLE, P.UNIT_DEADLINE)
CAN_HAPPEN: dict[Word, set[Word]] = {
    # somebody may say it at any time
    E.GO: _ANYWHERE,
    E.CUT: _ANYWHERE,
    E.TURN_CAME: _ANYWHERE,
    E.DEADLINE: _ANYWHERE,
    # the pod ends once, and takes no orders then: in TURN both have been
    E.STOP: _BEFORE_THE_END,
    E.WIND_DOWN: _BEFORE_THE_END,
    # a unit that has started had its predecessors; two may fail it, so it can be over when the second does
    E.NEVER: {L.HELD, L.DRAINING, L.ENDED},
    # facts about a process need one; a start is confirmed once, a leader's end is heard once
    E.DUE: _BY_TIMER,
    E.SPAWNED: _PROCESS - {L.UP},
    E.STARVED: {L.SPAWNING, L.TURN, L.TERM_SENT},
    E.EXITED: _PROCESS - {L.SPAWNING},
    E.UNSTARTABLE: _PROCESS - {L.UP},
    E.DRAINED: {L.DRAINING},
    # verdicts
    **dict.fromkeys((E.RESTART, E.RESTART_NOW, E.FINISH, E.HOLD), {L.DRAINING}),
    # what people want, they may say at any time
    **dict.fromkeys(W, set(Want)),
    W.POD_STOP: set(Want) - {Want.STOP},
    # causes come from units, which must not be over; a deadline and a signal need none
    **dict.fromkeys(_BY_UNITS, _UNITS_LIVE | {Pod.OVER}),
    P.POD_DEADLINE: set(Pod),
    P.TOLD: set(Pod),
    P.STIRRED: set(Pod),
    P.UNITS_OVER: _ENDS | {Pod.OVER},
    P.NOTHING_LEFT: _GONE | {Pod.OVER},
    P.BUDGET_OVER: _GONE | {Pod.OVER},
    P.OVERDUE: set(Pod) - {Pod.RUNNING},
}


@rule
def impossible_is_what_cannot_happen(t: Tables) -> Iterator[str]:
    """An ignored event is expected, an impossible one is counted as a mistake: mixing them up hides mistakes or cries
    wolf (DESIGN.md section 2, point 5)."""
    for machine in (t.life, t.want, t.pod):
        for state, event, cell in machine.cells():
            if (cell.kind is CellKind.IMPOSSIBLE) != (state not in CAN_HAPPEN[event]):
                yield at(state, event, "can happen" if state in CAN_HAPPEN[event] else "cannot happen")


@rule
def facts_are_never_ignored(t: Tables) -> Iterator[str]:
    """What happened to a process, or to a timer that somebody armed, means something wherever it can happen."""
    for event in (E.DUE, E.SPAWNED, E.STARVED, E.EXITED, E.UNSTARTABLE, E.DRAINED, *_VERDICTS):
        for state in CAN_HAPPEN[event]:
            if t.life.cell(state, event).kind is not CellKind.ACTS:
                yield at(state, event, "must act")
    for state in CAN_HAPPEN[P.OVERDUE] - {Pod.OVER}:
        if t.pod.cell(state, P.OVERDUE).kind is not CellKind.ACTS:
            yield at(state, P.OVERDUE, "must act")


@rule
def only_acting_cells_do_anything(t: Tables) -> Iterator[str]:
    """The core does not look further into a cell that does not act."""
    for machine in (t.life, t.want, t.pod):
        for state, event, cell in machine.cells():
            acts = cell.kind is CellKind.ACTS
            if (cell.next is not None) != acts or (cell.actions and not acts):
                yield at(state, event, "holds what nobody reads")


@rule
def the_last_state_is_final(t: Tables) -> Iterator[str]:
    """Over is over: what comes late must not raise the dead."""
    for machine, last in ((t.life, L.ENDED), (t.pod, Pod.OVER)):
        for event, cell in machine.rows[last].items():
            if cell.kind is CellKind.ACTS:
                yield at(last, event, "acts")


@rule
def every_state_has_a_way_out(t: Tables) -> Iterator[str]:
    """A unit or a pod that cannot end hangs its container for ever (PEERS.md: the most asked, 1 and 7)."""
    for machine, last in ((t.life, L.ENDED), (t.want, Want.STOP), (t.pod, Pod.OVER)):
        reach, before = {last}, 0
        while len(reach) != before:
            before = len(reach)
            reach |= {state for state, _, cell in acting(machine) if cell.next in reach}
        yield from (f"{state.word} never ends" for state in machine.states if state not in reach)


# --- starts ------------------------------------------------------------------------------------------------------


@rule
def spawn_is_how_spawning_begins(t: Tables) -> Iterator[str]:
    """SPAWNING without a fork waits for ever; a fork elsewhere is a process that nobody watches."""
    yield from exactly(t.life, A.SPAWN, enters(L.SPAWNING))


@rule
def spawn_is_told_to_the_want(t: Tables) -> Iterator[str]:
    """Else "again" would hold for the new instance's own end too, and its restart policy never."""
    yield from exactly(t.life, A.RENEW, lambda state, event, cell: A.SPAWN in cell.actions)


@rule
def started_is_what_was_confirmed(t: Tables) -> Iterator[str]:
    """A dependent starts when the program runs, not when it was forked (PEERS.md: not for "one second passed")."""
    yield from exactly(t.life, A.MARK_STARTED, lambda state, event, cell: event is E.SPAWNED)


@rule
def a_stopping_unit_never_starts(t: Tables) -> Iterator[str]:
    """Nothing but a go, the back-off's end and a verdict starts an instance; a pod that ends gives none of them."""
    for state, event, cell in acting(t.life):
        starts = (state, event) in {(L.HELD, E.GO), (L.BACKOFF, E.GO), (L.BACKOFF, E.DUE), (L.DRAINING, E.RESTART_NOW)}
        if (cell.next is L.SPAWNING) != starts:
            yield at(state, event, "must not start it" if not starts else "must start it")


# --- ends --------------------------------------------------------------------------------------------------------


@rule
def an_end_is_drained_and_then_judged(t: Tables) -> Iterator[str]:
    """Judging before the rest of the group is gone would let two instances overlap (DESIGN.md section 4)."""
    for state, event, cell in acting(t.life):
        if event in (E.EXITED, E.UNSTARTABLE):
            if cell.next is not L.DRAINING or cell.actions[-1:] != (A.CHECK_REST,):
                yield at(state, event, "must drain")
            if not {A.KILL_REST, A.EASE_REST} & set(cell.actions):
                yield at(state, event, "leaves the rest alone")
        elif A.CHECK_REST in cell.actions:
            yield at(state, event, "checks the rest of a living leader")


@rule
def only_who_was_asked_is_eased(t: Tables) -> Iterator[str]:
    """The stop signal went to the whole group, so the rest may use the grace; at any other end it goes at once, as the
    kernel ends a container with its PID 1 (differences.md 2)."""
    asked = (L.TERM_SENT, E.EXITED)
    yield from exactly(t.life, A.EASE_REST, lambda state, event, cell: (state, event) == asked)


@rule
def draining_is_judged_once(t: Tables) -> Iterator[str]:
    """Whoever comes to draining without a leader to wait for is judged there, whoever waits when it is drained."""

    def judged(state: Word, event: Word, cell: Cell) -> bool:
        if event is E.DRAINED:
            return True
        return cell.next is L.DRAINING and state is not L.DRAINING and event not in (E.EXITED, E.UNSTARTABLE)

    yield from exactly(t.life, A.JUDGE, judged)


@rule
def verdicts_lead_where_they_say(t: Tables) -> Iterator[str]:
    """A verdict is the only way from an instance's end to the next state."""
    places = {E.RESTART: L.BACKOFF, E.RESTART_NOW: L.SPAWNING, E.FINISH: L.ENDED, E.HOLD: L.HELD}
    for event, place in places.items():
        if t.life.cell(L.DRAINING, event).next is not place:
            yield at(L.DRAINING, event, f"must lead to {place.word}")
    for state, event, cell in acting(t.life):
        if state is L.DRAINING and event not in places and cell.next is not L.DRAINING:
            yield at(state, event, "leaves without a verdict")


@rule
def an_end_is_told(t: Tables) -> Iterator[str]:
    """Dependents and the pod wait for it; telling twice would count a service twice."""
    yield from exactly(t.life, A.SETTLE, enters(L.ENDED))


@rule
def the_deadline_is_noted_where_it_counts(t: Tables) -> Iterator[str]:
    """The verdict asks for the note: an instance beyond its deadline must not be restarted (spec.md section 9)."""
    yield from exactly(t.life, A.NOTE_DEADLINE, lambda state, event, cell: event is E.DEADLINE)
    for state in set(L) - {L.HELD, L.TURN, L.ENDED}:
        if t.life.cell(state, E.DEADLINE).kind is not CellKind.ACTS:
            yield at(state, E.DEADLINE, "must be noted")


@rule
def who_never_starts_says_why(t: Tables) -> Iterator[str]:
    """DependencyFailed is told apart from a failure of its own (DESIGN.md section 4)."""
    yield from exactly(t.life, A.BLAME_DEPENDENCY, lambda state, event, cell: event is E.NEVER)


# --- stops -------------------------------------------------------------------------------------------------------


@rule
def stop_signals_are_sent_on_the_way(t: Tables) -> Iterator[str]:
    """One TERM and one KILL for each stop: no state claims a signal that was not sent, none is sent twice."""
    yield from exactly(t.life, A.SEND_STOP, enters(L.TERM_SENT))
    yield from exactly(t.life, A.SEND_KILL, enters(L.KILL_SENT))


@rule
def a_wait_has_an_end(t: Tables) -> Iterator[str]:
    """Every state that waits for time arms its own timer when it is entered."""
    yield from exactly(t.life, A.ARM_GRACE, enters(L.TERM_SENT))
    yield from exactly(t.life, A.AWAIT_TURN, enters(L.TURN))
    yield from exactly(t.life, A.ARM_RETRY, lambda s, e, cell: cell.next is L.BACKOFF and e is E.STARVED)
    yield from exactly(t.life, A.ARM_BACKOFF, lambda s, e, cell: cell.next is L.BACKOFF and e is not E.STARVED)


_ARMING = {A.ARM_GRACE, A.AWAIT_TURN, A.ARM_RETRY, A.ARM_BACKOFF, A.EASE_REST}
_VERDICTS = (E.RESTART, E.RESTART_NOW, E.FINISH, E.HOLD)


def _may_be_armed(life: Machine) -> set[Word]:
    """The states in which the unit's timer may run. DUE spends it; a verdict comes when it is disarmed."""
    armed, before = set(), -1
    while len(armed) != before:
        before = len(armed)
        for state, event, cell in acting(life):
            kept = state in armed and event is not E.DUE and event not in _VERDICTS and A.DISARM not in cell.actions
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


@rule
def no_grace_means_kill(t: Tables) -> Iterator[str]:
    """The second signal makes the remaining grace zero (DESIGN.md section 4)."""
    for state in (L.TURN, L.TERM_SENT):
        if t.life.cell(state, E.CUT).next is not L.KILL_SENT:
            yield at(state, E.CUT, "must kill")
    if A.KILL_REST not in t.life.cell(L.DRAINING, E.CUT).actions:
        yield at(L.DRAINING, E.CUT, "must kill the rest")


@rule
def the_pods_end_reaches_every_unit(t: Tables) -> Iterator[str]:
    """Who runs waits for its turn, who is stopping fits the budget, who does not run is over."""
    for state in (L.SPAWNING, L.UP):
        if t.life.cell(state, E.WIND_DOWN).next is not L.TURN:
            yield at(state, E.WIND_DOWN, "must wait for its turn")
    for state in (L.HELD, L.BACKOFF):
        if A.JUDGE not in t.life.cell(state, E.WIND_DOWN).actions:
            yield at(state, E.WIND_DOWN, "must be judged")
    yield from exactly(t.life, A.CLIP_GRACE, lambda s, e, cell: e is E.WIND_DOWN and s in (L.TERM_SENT, L.DRAINING))
