"""The rules (``rules``) for what is decided above one instance: want, verdict, fate, the pod, causes and phase."""

from collections.abc import Iterator

from minipod.supervisor.books import Tables
from minipod.supervisor.phase import PhaseBit
from minipod.supervisor.rulebook import acting, at, enters, exactly, rule
from minipod.supervisor.table import CellKind
from minipod.supervisor.verdict import OUTCOME_EVENT, OUTCOME_MILESTONE
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import (
    Budget,
    ExitClass,
    LifeEvent,
    Milestone,
    Outcome,
    Phase,
    Pod,
    PodEvent,
    Rule,
    Standing,
    Want,
)
from minipod.supervisor.vocabulary import WantEvent as W

# --- want --------------------------------------------------------------------------------------------------------


@rule
def the_pods_end_is_the_last_word(t: Tables) -> Iterator[str]:
    """Once the pod ends, no order is taken (spec.md section 8.3: nothing is started or restarted)."""
    for state, event, cell in t.want.cells():
        if state is Want.STOP and cell.kind is CellKind.ACTS:
            yield at(state, event, "acts")
        if state is not Want.STOP and (cell.next is Want.STOP) != (event is W.POD_STOP):
            yield at(state, event, "must lead to stop" if event is W.POD_STOP else "must not end the unit")
    yield from exactly(t.want, A.TELL_WIND_DOWN, lambda s, event, c: event is W.POD_STOP)


@rule
def orders_say_what_is_wanted(t: Tables) -> Iterator[str]:
    """The last order counts: stop holds, start and restart never leave a unit held."""
    for state in set(Want) - {Want.STOP}:
        if (t.want.cell(state, W.ORDER_STOP).next or state) is not Want.HOLD:
            yield at(state, W.ORDER_STOP, "must hold")
        for order in (W.ORDER_START, W.ORDER_RESTART):
            if (t.want.cell(state, order).next or state) is Want.HOLD:
                yield at(state, order, "leaves it held")
    stops = (W.ORDER_STOP, W.ORDER_RESTART)
    yield from exactly(t.want, A.TELL_STOP, lambda s, e, c: s is not Want.HOLD and c.next is not s and e in stops)


@rule
def held_is_until_somebody_says_so(t: Tables) -> Iterator[str]:
    """A unit stopped by hand is held (DESIGN.md section 4): not by predecessors, not by chance does it come back."""
    for state, event, cell in acting(t.want):
        somebody_says_so = event in (W.ORDER_START, W.ORDER_RESTART, W.POD_STOP)
        if state is Want.HOLD and cell.next is not Want.HOLD and not somebody_says_so:
            yield at(state, event, "lets go")


@rule
def again_is_for_one_instance(t: Tables) -> Iterator[str]:
    """Whoever was started anew is judged by its restart policy; whoever still stops is not."""
    if t.want.cell(Want.AGAIN, W.RENEWED).next is not Want.UP:
        yield at(Want.AGAIN, W.RENEWED, "must lead to up")
    for order in (W.ORDER_START, W.ORDER_RESTART):
        if t.want.cell(Want.HOLD, order).next is not Want.AGAIN:
            yield at(Want.HOLD, order, "must lead to again")


@rule
def predecessors_are_heard(t: Tables) -> Iterator[str]:
    """Clear starts whoever is wanted, stuck ends whoever can never start, held or not."""
    for state in (Want.UP, Want.AGAIN):
        if A.ASK_GO not in t.want.cell(state, W.CLEAR).actions:
            yield at(state, W.CLEAR, "must ask to go")
    yield from exactly(t.want, A.TELL_NEVER, lambda s, event, c: event is W.STUCK)


@rule
def predecessors_want_nothing(t: Tables) -> Iterator[str]:
    """What is wanted follows orders and the pod's end; predecessors can at most make of "again" a first start."""
    for state, event, cell in acting(t.want):
        if event in (W.CLEAR, W.STUCK) and cell.next not in (state, Want.UP):
            yield at(state, event, "changes what is wanted")


# --- verdict -----------------------------------------------------------------------------------------------------


@rule
def a_pod_that_ends_restarts_nothing(t: Tables) -> Iterator[str]:
    """spec.md section 8.3. What it meant for the pod was decided by the cause."""
    for (policy, want, exit_class, budget), outcome in t.verdict.items():
        if (outcome is Outcome.STOPPED) != (want is Want.STOP):
            yield f"{policy.word}/{want.word}/{exit_class.word}/{budget.word}: {outcome.word}"


_RESTARTED = {  # ContainerShouldRestart, by policy: after a success, after a failure
    Rule.ALWAYS: (True, True),
    Rule.ON_FAILURE: (False, True),
    Rule.NEVER: (False, False),
}


@rule
def restarts_are_as_in_kubernetes(t: Tables) -> Iterator[str]:
    """spec.md section 3, ContainerShouldRestart; when max_restarts is used up a restart becomes giving up (DESIGN.md
    section 4)."""
    for policy, restarted in _RESTARTED.items():
        for exit_class, again in zip((ExitClass.OK, ExitClass.FAIL), restarted, strict=True):
            final = Outcome.DONE if exit_class is ExitClass.OK else Outcome.FAILED
            wanted = (Outcome.RESTART, Outcome.GAVE_UP) if again else (final, final)
            got = tuple(t.verdict[policy, Want.UP, exit_class, budget] for budget in (Budget.LEFT, Budget.SPENT))
            if got != wanted:
                yield f"{policy.word} after {exit_class.word}: {got}"


@rule
def an_order_outranks_the_policy(t: Tables) -> Iterator[str]:
    """An end that somebody asked for is no failure, and costs no restart of the budget."""
    by_want = {Want.AGAIN: Outcome.RESTART_NOW, Want.HOLD: Outcome.HELD}
    for (policy, want, exit_class, budget), outcome in t.verdict.items():
        if want in by_want and exit_class in (ExitClass.OK, ExitClass.FAIL) and outcome is not by_want[want]:
            yield f"{policy.word}/{want.word}/{exit_class.word}/{budget.word}: {outcome.word}"


@rule
def some_ends_are_final(t: Tables) -> Iterator[str]:
    """No restart mends a missing command, a predecessor's failure or a deadline (DESIGN.md sections 4 and 6); only who
    was stopped by hand does not pay for a deadline."""
    final = {
        ExitClass.UNSTARTABLE: Outcome.UNRUNNABLE,
        ExitClass.DEPENDENCY: Outcome.FAILED,
        ExitClass.DEADLINE: Outcome.EXPIRED,
    }
    for (policy, want, exit_class, budget), outcome in t.verdict.items():
        by_hand = want is Want.HOLD and exit_class is ExitClass.DEADLINE
        expected = Outcome.HELD if by_hand else final.get(exit_class, outcome)
        if want is not Want.STOP and outcome is not expected:
            yield f"{policy.word}/{want.word}/{exit_class.word}/{budget.word}: {outcome.word}"


@rule
def only_success_completes(t: Tables) -> Iterator[str]:
    """Who waits for completed waits for an end with 0 (DESIGN.md section 4)."""
    for outcome in Outcome:
        if (OUTCOME_MILESTONE[outcome] is Milestone.COMPLETED) != (outcome is Outcome.DONE):
            yield outcome.word


# --- fate --------------------------------------------------------------------------------------------------------

_SIDECARS = (Standing.SIDECAR, Standing.ESSENTIAL_SIDECAR)
_SERVICES = (Standing.SERVICE, Standing.ESSENTIAL_SERVICE)


@rule
def every_end_has_a_fate(t: Tables) -> Iterator[str]:
    """A final outcome without a fate would leave the pod waiting; only an init has a deadline of its own."""
    for standing in Standing:
        for outcome in Outcome:
            final = OUTCOME_EVENT[outcome] is LifeEvent.FINISH
            can_be = final and (outcome is not Outcome.EXPIRED or standing is Standing.INIT)
            if t.fate[standing][outcome].possible != can_be:
                yield f"{standing.word} {outcome.word}"


@rule
def what_cannot_go_on_ends_the_pod(t: Tables) -> Iterator[str]:
    """A container never lives on with a service given up (DESIGN.md section 4; PEERS.md: the most asked, 1)."""
    for standing in Standing:
        over = PodEvent.MAIN_OVER if standing is Standing.MAIN else PodEvent.FATAL
        for outcome, event in ((Outcome.GAVE_UP, over), (Outcome.UNRUNNABLE, PodEvent.UNRUNNABLE)):
            if t.fate[standing][outcome].event is not event:
                yield f"{standing.word} {outcome.word} must lead to {event.word}"


@rule
def failures_are_fatal_where_they_must(t: Tables) -> Iterator[str]:
    """spec.md section 3 for inits; essential and main by DESIGN.md section 4; others' failures let the pod go on."""
    fatal = {Standing.INIT, Standing.ESSENTIAL_SIDECAR, Standing.ESSENTIAL_SERVICE}
    for standing in Standing:
        event = PodEvent.FATAL if standing in fatal else PodEvent.MAIN_OVER if standing is Standing.MAIN else None
        done = PodEvent.MAIN_OVER if standing is Standing.MAIN else None
        if t.fate[standing][Outcome.FAILED].event is not event:
            yield f"{standing.word} failed"
        if t.fate[standing][Outcome.DONE].event is not done or t.fate[standing][Outcome.STOPPED].event is not None:
            yield f"{standing.word} ended well"


@rule
def failures_are_blamed(t: Tables) -> Iterator[str]:
    """The code of the first unit that failed for good is the pod's (DESIGN.md section 6); sidecars that the pod can do
    without have no say."""
    blameless = {Outcome.DONE, Outcome.STOPPED}
    for standing in Standing:
        for outcome, entry in t.fate[standing].items():
            no_say = standing is Standing.SIDECAR and outcome is Outcome.FAILED
            if entry.possible and (A.BLAME in entry.actions) == (outcome in blameless or no_say):
                yield f"{standing.word} {outcome.word}"


@rule
def services_are_counted(t: Tables) -> Iterator[str]:
    """The pod ends when all services have ended; who ends the pod at once needs no count (DESIGN.md section 4)."""
    for standing in Standing:
        for outcome, entry in t.fate[standing].items():
            done = standing in _SERVICES and outcome is Outcome.DONE
            failed = standing is Standing.SERVICE and outcome is Outcome.FAILED
            if (A.TALLY_DONE in entry.actions, A.TALLY_FAILED in entry.actions) != (done, failed):
                yield f"{standing.word} {outcome.word}"


# --- the pod -----------------------------------------------------------------------------------------------------


@rule
def the_first_cause_is_fixed(t: Tables) -> Iterator[str]:
    """The first cause that begins the end fixes the row (DESIGN.md section 6); with it the budget runs and every unit
    is told, once."""
    for action in (A.FIX_CAUSE, A.START_BUDGET, A.WIND_DOWN_ALL):
        yield from exactly(t.pod, action, lambda state, e, cell: state is Pod.RUNNING)
    for state, event, cell in acting(t.pod):
        if state is Pod.RUNNING and cell.actions[:1] != (A.FIX_CAUSE,):
            yield at(state, event, "acts before the cause is fixed")
        if state is Pod.RUNNING and cell.actions[-2:] != (A.START_BUDGET, A.WIND_DOWN_ALL):
            yield at(state, event, "winds down before the budget runs")


@rule
def every_cause_ends_a_running_pod(t: Tables) -> Iterator[str]:
    """A cause without an end would let the container live on; an end without a cause has no exit code."""
    for event in PodEvent:
        cell = t.pod.cell(Pod.RUNNING, event)
        wanted = None if event not in t.cause else Pod.STOPPING if event is PodEvent.TOLD else Pod.ENDING
        if cell.next is not wanted:
            yield at(Pod.RUNNING, event, f"must lead to {wanted.word if wanted else 'nothing'}")


@rule
def nothing_turns_back(t: Tables) -> Iterator[str]:
    """A pod that ends goes one way."""
    for state, event, cell in acting(t.pod):
        if cell.next.number < state.number:
            yield at(state, event, "turns back")


@rule
def sweeps_fit_their_states(t: Tables) -> Iterator[str]:
    """Nothing escapes (DESIGN.md section 4): all that is left is asked, then killed; who forked past a walk is killed
    by the next one; who leaves in a hurry kills first."""
    yield from exactly(t.pod, A.SWEEP_TERM, enters(Pod.SWEEPING))
    yield from exactly(t.pod, A.SWEEP_KILL, lambda s, event, c: c.next is Pod.KILLING or event is PodEvent.OVERDUE)
    yield from exactly(t.pod, A.CUT_ALL, lambda s, event, c: s is Pod.STOPPING and event is PodEvent.TOLD)


@rule
def leaving_is_the_last_deed(t: Tables) -> Iterator[str]:
    """OVER without leaving is a container that hangs; leaving elsewhere abandons what still runs."""
    yield from exactly(t.pod, A.LEAVE, enters(Pod.OVER))
    for state, event, cell in acting(t.pod):
        if (cell.next is Pod.OVER) != (event in (PodEvent.NOTHING_LEFT, PodEvent.OVERDUE)):
            yield at(state, event, "leaves" if cell.next is Pod.OVER else "stays")


@rule
def a_second_signal_hurries(t: Tables) -> Iterator[str]:
    """TERM twice must never be slower than TERM once (DESIGN.md section 4)."""
    for state in (Pod.STOPPING, Pod.SWEEPING):
        if not {A.CUT_ALL, A.SWEEP_KILL} & set(t.pod.cell(state, PodEvent.TOLD).actions):
            yield at(state, PodEvent.TOLD, "must hurry")


@rule
def a_failed_pod_never_exits_with_0(t: Tables) -> Iterator[str]:
    """DESIGN.md section 6: 0 is for services that all finished with 0, and for a main or a stop that decides itself; a
    failure is never 0 (then 1), a command that could not be executed is 126 if it is not 127, a deadline is 124."""
    instead = {PodEvent.UNRUNNABLE: 126, PodEvent.UNIT_DEADLINE: 124, PodEvent.POD_DEADLINE: 124}
    instead |= dict.fromkeys((PodEvent.ALL_DONE, PodEvent.MAIN_OVER, PodEvent.TOLD), 0)
    for event, cause in t.cause.items():
        if cause.if_zero != instead.get(event, 1):
            yield f"{event.word}: {cause.if_zero}"


@rule
def the_phase_is_kubernetes(t: Tables) -> Iterator[str]:
    """spec.md section 1, step 4, first match: a failed init; something that has yet to begin; something that runs or
    will run again; else the end decides. What is over is judged by its exit code alone."""
    for key, phase in enumerate(t.phase):
        bits = {bit for bit in PhaseBit if key >> bit.number & 1}
        if PhaseBit.FAILED_INIT in bits:
            wanted = Phase.FAILED
        elif PhaseBit.OVER not in bits and bits & {PhaseBit.WAITING}:
            wanted = Phase.PENDING
        elif PhaseBit.OVER not in bits and bits & {PhaseBit.RUNNING, PhaseBit.RESTARTING}:
            wanted = Phase.RUNNING
        else:
            wanted = Phase.FAILED if PhaseBit.UNSUCCESSFUL in bits else Phase.SUCCEEDED
        if phase is not wanted:
            yield f"{sorted(bit.word for bit in bits)}: {phase.word}"
