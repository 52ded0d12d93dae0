"""The rules (``rules``) for what an end means: an instance's for its unit (verdict), a unit's for the pod (fate)."""

from collections.abc import Iterator

from minipod.supervisor.books import Tables
from minipod.supervisor.rulebook import rule
from minipod.supervisor.verdict import OUTCOME_EVENT, OUTCOME_MILESTONE
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import (
    Budget,
    ExitClass,
    LifeEvent,
    Milestone,
    Outcome,
    PodEvent,
    Rule,
    Standing,
    Want,
)

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
_AGAIN = (Outcome.RESTART, Outcome.GAVE_UP)  # with restarts left, and with none


def _found(t: Tables, policy: Rule, exit_class: ExitClass) -> tuple[Outcome, ...]:
    """What it means for a unit that is wanted, by budget."""
    return tuple(t.verdict[policy, Want.UP, exit_class, budget] for budget in (Budget.LEFT, Budget.SPENT))


@rule
def restarts_are_as_in_kubernetes(t: Tables) -> Iterator[str]:
    """spec.md section 3, ContainerShouldRestart; when max_restarts is used up a restart becomes giving up (DESIGN.md
    section 4)."""
    for policy, restarted in _RESTARTED.items():
        for exit_class, again in zip((ExitClass.OK, ExitClass.FAIL), restarted, strict=True):
            final = Outcome.DONE if exit_class is ExitClass.OK else Outcome.FAILED
            if _found(t, policy, exit_class) != (_AGAIN if again else (final, final)):
                yield f"{policy.word} after {exit_class.word}: {_found(t, policy, exit_class)}"


@rule
def who_was_stopped_for_a_probe_is_restarted(t: Tables) -> Iterator[str]:
    """spec.md section 3: killed by a probe it is restarted unless the policy is never, whatever its code; under never
    the code decides (observed.md: a handler of TERM that exits with 0 makes a success)."""
    for exit_class, final in ((ExitClass.SICK_OK, Outcome.DONE), (ExitClass.SICK, Outcome.FAILED)):
        for policy in Rule:
            if _found(t, policy, exit_class) != ((final, final) if policy is Rule.NEVER else _AGAIN):
                yield f"{policy.word} after {exit_class.word}: {_found(t, policy, exit_class)}"


@rule
def a_restart_rule_beats_the_policy(t: Tables) -> Iterator[str]:
    """KEP-5307, KEP-5532: the rule that names an exit code restarts the unit or the pod under any policy, within
    max_restarts. What a new beginning ended starts again too."""
    for policy in Rule:
        for exit_class in (ExitClass.RULE_RESTART, ExitClass.RESET):
            if _found(t, policy, exit_class) != _AGAIN:
                yield f"{policy.word} after {exit_class.word}: {_found(t, policy, exit_class)}"
        if _found(t, policy, ExitClass.RULE_RESTART_ALL) != (Outcome.RESTART_ALL, Outcome.GAVE_UP):
            yield f"{policy.word}: {_found(t, policy, ExitClass.RULE_RESTART_ALL)}"


_FINAL = {
    ExitClass.UNSTARTABLE: Outcome.UNRUNNABLE,
    ExitClass.DEPENDENCY: Outcome.FAILED,
    ExitClass.DEADLINE: Outcome.EXPIRED,
}


@rule
def an_order_outranks_the_policy(t: Tables) -> Iterator[str]:
    """An end that somebody asked for is no failure, costs no restart of the budget and begins nothing else anew."""
    by_want = {Want.AGAIN: Outcome.RESTART_NOW, Want.HOLD: Outcome.HELD}
    for (policy, want, exit_class, budget), outcome in t.verdict.items():
        if want in by_want and exit_class not in _FINAL and outcome is not by_want[want]:
            yield f"{policy.word}/{want.word}/{exit_class.word}/{budget.word}: {outcome.word}"


@rule
def some_ends_are_final(t: Tables) -> Iterator[str]:
    """No restart mends a missing command, a predecessor's failure or a deadline (DESIGN.md sections 4 and 6); only who
    was stopped by hand does not pay for a deadline."""
    for (policy, want, exit_class, budget), outcome in t.verdict.items():
        by_hand = want is Want.HOLD and exit_class is ExitClass.DEADLINE
        expected = Outcome.HELD if by_hand else _FINAL.get(exit_class, outcome)
        if want not in (Want.STOP, Want.RESET) and outcome is not expected:
            yield f"{policy.word}/{want.word}/{exit_class.word}/{budget.word}: {outcome.word}"


@rule
def only_success_completes(t: Tables) -> Iterator[str]:
    """Who waits for completed waits for an end with 0 (DESIGN.md section 4)."""
    for outcome in Outcome:
        if (OUTCOME_MILESTONE[outcome] is Milestone.COMPLETED) != (outcome is Outcome.DONE):
            yield outcome.word


# --- fate --------------------------------------------------------------------------------------------------------

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
