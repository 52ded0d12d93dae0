"""The rules (``rules``) for a new beginning of the whole pod (KEP-5532; spec.md section 3.3)."""

from collections.abc import Iterator

from minipod.supervisor.books import Tables
from minipod.supervisor.rulebook import acting, at, enters, exactly, rule
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Life as L
from minipod.supervisor.vocabulary import LifeEvent as E
from minipod.supervisor.vocabulary import Outcome, Pod, PodEvent, Want
from minipod.supervisor.vocabulary import WantEvent as W


@rule
def a_round_is_asked_for_once_by_a_verdict(t: Tables) -> Iterator[str]:
    """A restart rule beats the policy while the pod runs; the pod begins anew when its unit says so, and not twice at
    once."""
    yield from exactly(t.life, A.ASK_ROUND, lambda state, event, cell: event is E.ROUND)
    yield from exactly(t.pod, A.RESET_ALL, enters(Pod.RESETTING))
    if t.pod.cell(Pod.RUNNING, PodEvent.RESTART_ALL).next is not Pod.RESETTING:
        yield at(Pod.RUNNING, PodEvent.RESTART_ALL, "must begin anew")
    for (policy, want, exit_class, budget), outcome in t.verdict.items():
        if outcome is Outcome.RESTART_ALL and want is not Want.UP:
            yield f"{policy.word}/{want.word}/{exit_class.word}/{budget.word}: begins anew against what is wanted"


@rule
def a_round_begins_when_all_have_ended(t: Tables) -> Iterator[str]:
    """No unit of the new round may meet one of the old: all must be reset, then the floor between two rounds must have
    passed (observed.md)."""
    only = {A.ARM_ROUND: (Pod.RESETTING, PodEvent.ALL_RESET), A.BEGIN_ROUND: (Pod.RESETTING, PodEvent.ROUND_DUE)}
    places = {A.ARM_ROUND: Pod.RESETTING, A.BEGIN_ROUND: Pod.RUNNING}
    for action, where in only.items():
        yield from exactly(t.pod, action, lambda s, event, cell, where=where: (s, event) == where)
        if t.pod.cell(*where).next is not places[action]:
            yield at(*where, f"must lead to {places[action].word}")


@rule
def a_new_beginning_reaches_every_unit(t: Tables) -> Iterator[str]:
    """Who runs is stopped with the least grace (the kubelet kills with an override of 0), who does not run rests, who
    is over comes back, who goes already goes on."""
    for state in (L.SPAWNING, L.POST_START, L.UP, L.PRE_STOP, L.TURN):
        if t.life.cell(state, E.AFRESH).next is not L.TERM_SENT:
            yield at(state, E.AFRESH, "must stop it")
    for state in (L.HELD, L.BACKOFF, L.ENDED):
        if t.life.cell(state, E.AFRESH).next is not L.HELD:
            yield at(state, E.AFRESH, "must hold it")
    for state in (L.TERM_SENT, L.KILL_SENT, L.DRAINING):
        if t.life.cell(state, E.AFRESH).next is not None:
            yield at(state, E.AFRESH, "must leave it alone")
    yield from exactly(t.life, A.NO_GRACE, lambda s, event, cell: event is E.AFRESH and cell.next is L.TERM_SENT)
    yield from exactly(t.life, A.REVIVE, lambda s, event, cell: (s, event) == (L.ENDED, E.AFRESH))


@rule
def who_rests_is_counted(t: Tables) -> Iterator[str]:
    """The pod waits for each unit, so each must say when it has no process any more; its timer must not wake it."""
    yield from exactly(
        t.life, A.TELL_REST, lambda s, event, cell: event is E.HOLD or (event is E.AFRESH and cell.next is L.HELD),
    )
    if A.DISARM not in t.life.cell(L.BACKOFF, E.AFRESH).actions:
        yield at(L.BACKOFF, E.AFRESH, "must disarm")


@rule
def a_new_beginning_wants_all(t: Tables) -> Iterator[str]:
    """Every unit begins anew, also one that was stopped by hand; until then no order and no predecessor counts, and
    only the pod's end outranks it."""
    for state in (Want.UP, Want.AGAIN, Want.HOLD):
        if t.want.cell(state, W.POD_RESET).next is not Want.RESET:
            yield at(state, W.POD_RESET, "must reset")
    yield from exactly(t.want, A.TELL_AFRESH, enters(Want.RESET))
    ways = {W.POD_STOP: Want.STOP, W.ROUND: Want.UP}
    for event in W:
        if t.want.cell(Want.RESET, event).next is not ways.get(event):
            yield at(Want.RESET, event, "changes what is wanted" if event not in ways else "must lead on")
    if A.ASK_GO not in t.want.cell(Want.RESET, W.ROUND).actions:
        yield at(Want.RESET, W.ROUND, "must ask to go")


@rule
def what_a_reset_ended_is_judged_by_nobody(t: Tables) -> Iterator[str]:
    """Whatever it ended with, it is held for the new beginning: no failure, no give-up, no deadline of it counts."""
    for (policy, want, exit_class, budget), outcome in t.verdict.items():
        if want is Want.RESET and outcome is not Outcome.HELD:
            yield f"{policy.word}/{exit_class.word}/{budget.word}: {outcome.word}"


@rule
def a_pod_that_ends_begins_nothing_anew(t: Tables) -> Iterator[str]:
    """spec.md section 8.3: once it terminates, nothing is started."""
    for state, event, _cell in acting(t.pod):
        anew = (PodEvent.RESTART_ALL, PodEvent.ALL_RESET, PodEvent.ROUND_DUE)
        if event in anew and state not in (Pod.RUNNING, Pod.CHANGING, Pod.RESETTING):
            yield at(state, event, "acts")
