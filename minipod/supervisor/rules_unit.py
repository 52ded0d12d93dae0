"""The rules (``rules``) for one unit's lifecycle: how an instance starts, ends and is judged."""

from collections.abc import Iterator

from minipod.supervisor.books import Tables
from minipod.supervisor.rulebook import acting, at, enters, exactly, rule
from minipod.supervisor.rules_machine import CAN_HAPPEN
from minipod.supervisor.table import Cell, CellKind
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Life as L
from minipod.supervisor.vocabulary import LifeEvent as E
from minipod.supervisor.vocabulary import Word

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
def up_is_what_was_confirmed(t: Tables) -> Iterator[str]:
    """A unit is up when its program runs and its post-start hook is done, not when it was forked (spec.md section 7.1;
    PEERS.md: not for "one second passed")."""
    ways = {L.POST_START: (L.SPAWNING, E.SPAWNED), L.UP: (L.POST_START, E.HOOK_DONE)}
    for place, way in ways.items():
        for state, event, cell in acting(t.life):
            if (cell.next is place and state is not place) != ((state, event) == way):
                yield at(state, event, f"must{' not' if cell.next is place else ''} lead to {place.word}")
    yield from exactly(t.life, A.RUN_POST_START, enters(L.POST_START))
    yield from exactly(t.life, A.MARK_UP, enters(L.UP))


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


_PLACES = {E.RESTART: L.BACKOFF, E.RESTART_NOW: L.SPAWNING, E.FINISH: L.ENDED, E.HOLD: L.HELD, E.ROUND: L.HELD}


@rule
def verdicts_lead_where_they_say(t: Tables) -> Iterator[str]:
    """A verdict is the only way from an instance's end to the next state."""
    for event, place in _PLACES.items():
        if t.life.cell(L.DRAINING, event).next is not place:
            yield at(L.DRAINING, event, f"must lead to {place.word}")
    for state, event, cell in acting(t.life):
        if state is L.DRAINING and event not in _PLACES and cell.next is not L.DRAINING:
            yield at(state, event, "leaves without a verdict")


@rule
def an_end_is_told(t: Tables) -> Iterator[str]:
    """Dependents and the pod wait for it; telling twice would count a service twice."""
    yield from exactly(t.life, A.SETTLE, enters(L.ENDED))


@rule
def the_deadline_is_noted_where_it_counts(t: Tables) -> Iterator[str]:
    """The verdict asks for the note: an instance beyond its deadline must not be restarted (spec.md section 9)."""
    yield from exactly(t.life, A.NOTE_DEADLINE, lambda state, event, cell: event is E.DEADLINE)
    for state in CAN_HAPPEN[E.DEADLINE] - {L.HELD, L.TURN, L.ENDED}:
        if t.life.cell(state, E.DEADLINE).kind is not CellKind.ACTS:
            yield at(state, E.DEADLINE, "must be noted")


@rule
def who_never_starts_says_why(t: Tables) -> Iterator[str]:
    """DependencyFailed is told apart from a failure of its own (DESIGN.md section 4)."""
    yield from exactly(t.life, A.BLAME_DEPENDENCY, lambda state, event, cell: event is E.NEVER)
