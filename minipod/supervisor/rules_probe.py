"""The rules (``rules``) for what is asked of a running unit: probes and hooks, and what they may do to it."""

from collections.abc import Iterator

from minipod.supervisor.books import Tables
from minipod.supervisor.rulebook import acting, at, enters, exactly, rule
from minipod.supervisor.rules_machine import probes
from minipod.supervisor.table import Cell, Machine
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Life as L
from minipod.supervisor.vocabulary import LifeEvent as E
from minipod.supervisor.vocabulary import Probe as P
from minipod.supervisor.vocabulary import ProbeEvent as Q
from minipod.supervisor.vocabulary import Word

# --- what the lifecycle tells them ---


@rule
def a_stop_halts_the_probes(t: Tables) -> Iterator[str]:
    """A program that shuts down need not answer: startup and liveness end when a unit that is up is being stopped
    (spec.md section 6.6)."""
    yield from exactly(t.life, A.HALT_PROBES, lambda state, event, cell: state is L.UP and event is not E.EXITED)


@rule
def the_programs_end_ends_its_errands(t: Tables) -> Iterator[str]:
    """What is asked of a program ends with it, wherever it ends; and a stop ends a post-start hook's claim on time
    (observed.md: Kubernetes waits for it)."""

    def ends(state: Word, event: Word, cell: Cell) -> bool:
        return event is E.EXITED or (state is L.POST_START and event in (E.STOP, E.AFRESH, E.WIND_DOWN))

    yield from exactly(t.life, A.END_ERRANDS, ends)


@rule
def sickness_is_noted(t: Tables) -> Iterator[str]:
    """An instance that was stopped for a failed probe or hook is judged for that, not for the code that its program
    found (observed.md; spec.md section 3)."""
    sick = {(L.UP, E.UNHEALTHY), (L.POST_START, E.HOOK_FAILED)}
    yield from exactly(t.life, A.NOTE_SICK, lambda state, event, cell: (state, event) in sick)


# --- every probe ---


@rule
def a_probe_begins_with_its_delay(t: Tables) -> Iterator[str]:
    """spec.md section 6.3, step 8: the first attempt has its time, counted from the start of the instance."""
    for probe in probes(t):
        yield from _named(probe, exactly(probe, A.ARM_FIRST, lambda s, event, cell: event is Q.BEGIN))
        yield from _named(probe, _leads(probe, (P.OFF, Q.BEGIN), P.REST))


@rule
def attempts_never_overlap(t: Tables) -> Iterator[str]:
    """spec.md section 6.3, loop timing: whoever tries rests before it tries again."""
    for probe in probes(t):
        yield from _named(probe, exactly(probe, A.ATTEMPT, enters(P.TRYING)))
        yield from _named(probe, _leads(probe, (P.REST, Q.DUE), P.TRYING))
        yield from _named(probe, exactly(probe, A.TIME_OUT, lambda s, e, cell: s is P.TRYING and e is Q.DUE))
        yield from _named(probe, _leads(probe, (P.TRYING, Q.DUE), P.TRYING))


@rule
def a_rest_has_an_end(t: Tables) -> Iterator[str]:
    """Whoever rests after an attempt is asked again when its period is over."""
    for probe in probes(t):
        yield from _named(probe, exactly(probe, A.ARM_NEXT, lambda s, e, cell: s is P.TRYING and cell.next is P.REST))
        yield from _named(probe, _leads(probe, (P.TRYING, Q.COUNTED), P.REST))


@rule
def who_asks_no_more_has_no_timer(t: Tables) -> Iterator[str]:
    """A timer that outlives its probe would fire into the next instance; an attempt would be answered there."""
    for probe in probes(t):
        for state, event, cell in acting(probe):
            left = cell.next is P.OFF and state is not P.OFF
            cut_off = left and state is P.TRYING and event in (Q.STOPPING, Q.GONE)
            for action, wanted in ((A.ABANDON, cut_off), (A.DISARM_PROBE, left and not cut_off)):
                if (action in cell.actions) != wanted:
                    yield f"{probe.name}: " + at(state, event, f"must{'' if wanted else ' not'} {action.word}")


@rule
def the_end_of_the_program_ends_every_probe(t: Tables) -> Iterator[str]:
    """Nothing is asked of what is not there (spec.md section 6.3, step 6), and an instance begins with every probe
    off."""
    for probe in probes(t):
        for state in (P.REST, P.TRYING):
            yield from _named(probe, _leads(probe, (state, Q.GONE), P.OFF))


def _leads(machine: Machine, cell: tuple[Word, Word], place: Word) -> Iterator[str]:
    if machine.cell(*cell).next is not place:
        yield at(*cell, f"must lead to {place.word}")


def _named(machine: Machine, lines: Iterator[str]) -> Iterator[str]:
    return (f"{machine.name}: {line}" for line in lines)


# --- each of its own ---


@rule
def only_startup_and_liveness_stop(t: Tables) -> Iterator[str]:
    """spec.md section 6.5: enough failures of theirs stop the unit, once; a readiness failure never does (PEERS.md: the
    most asked, 8)."""
    for probe in (t.startup, t.liveness):
        yield from _named(probe, exactly(probe, A.TELL_UNHEALTHY, lambda s, e, cell: (s, e) == (P.TRYING, Q.FAILED)))
        yield from _named(probe, _leads(probe, (P.TRYING, Q.FAILED), P.OFF))
    yield from _named(t.readiness, exactly(t.readiness, A.TELL_UNHEALTHY, lambda s, e, cell: False))


@rule
def what_is_on_hold_counts_anew(t: Tables) -> Iterator[str]:
    """spec.md section 6.3, step 10: a liveness failure and either result of startup forget what was counted in a row; a
    restart alone does not (step 4)."""
    ends = {t.startup: {Q.PASSED, Q.FAILED}, t.liveness: {Q.FAILED}, t.readiness: set()}
    for probe, events in ends.items():
        yield from _named(probe, exactly(
            probe, A.FORGET_RUN, lambda s, event, cell, events=events: s is P.TRYING and event in events,
        ))


@rule
def readiness_goes_on_during_a_stop(t: Tables) -> Iterator[str]:
    """spec.md section 6.6: readiness goes on during a stop, startup and liveness end with it."""
    for state in (P.REST, P.TRYING):
        for probe in (t.startup, t.liveness):
            yield from _named(probe, _leads(probe, (state, Q.STOPPING), P.OFF))
        yield from _named(t.readiness, _leads(t.readiness, (state, Q.STOPPING), None))


@rule
def started_is_what_startup_says(t: Tables) -> Iterator[str]:
    """spec.md section 6.4: started once the startup probe passed or there is none; the others begin then, and with the
    program's end it is not started any more."""
    started = {(P.OFF, Q.ABSENT), (P.TRYING, Q.PASSED)}
    yield from exactly(t.startup, A.MARK_STARTED, lambda s, event, cell: (s, event) in started)
    yield from exactly(t.startup, A.MARK_UNSTARTED, lambda s, event, cell: (s, event) == (P.OFF, Q.GONE))
    yield from _leads(t.startup, (P.TRYING, Q.PASSED), P.OFF)


@rule
def ready_is_what_readiness_says(t: Tables) -> Iterator[str]:
    """spec.md section 6.4: ready once enough attempts passed or there is no probe, not ready once enough failed, and
    never without its program."""
    for action, passes in ((A.MARK_READY, Q.PASSED), (A.MARK_UNREADY, Q.FAILED)):
        also = Q.ABSENT if passes is Q.PASSED else Q.GONE
        yield from exactly(
            t.readiness, action,
            lambda s, event, cell, passes=passes, also=also: (s, event) == (P.TRYING, passes) or event is also,
        )
    for event in (Q.PASSED, Q.FAILED):
        yield from _named(t.readiness, _leads(t.readiness, (P.TRYING, event), P.REST))


@rule
def liveness_goes_on(t: Tables) -> Iterator[str]:
    """A unit that lives is asked again; without a probe it lives as long as its process."""
    yield from _named(t.liveness, _leads(t.liveness, (P.TRYING, Q.PASSED), P.REST))
    yield from _named(t.liveness, _leads(t.liveness, (P.OFF, Q.ABSENT), None))
