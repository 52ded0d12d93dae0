"""The verdict: what an ended instance means for its unit. The restart policy lives here and nowhere else.

Kubernetes' rules (spec.md section 3) in minipod's words: an init never runs again after a success, so ``always`` is
lowered to ``on_failure`` for it (``roles``); a command that cannot be executed is final at once in a TOML pod, and an
ordinary failure when a manifest is run (the plan then calls it FAIL).
"""

from minipod.supervisor.vocabulary import Budget, ExitClass, LifeEvent, Milestone, Outcome, Rule, Want

_RESTART = {Budget.LEFT: Outcome.RESTART, Budget.SPENT: Outcome.GAVE_UP}
# What never depends on the restart policy of a unit that is wanted.
_FINAL = {
    ExitClass.UNSTARTABLE: Outcome.UNRUNNABLE,
    ExitClass.DEPENDENCY: Outcome.FAILED,
    ExitClass.DEADLINE: Outcome.EXPIRED,
}
# A restart rule beats the policy (KEP-5307, KEP-5532). Nobody judges an instance that a new beginning ended: the next
# thing that happens to such a unit is its start, or the pod's end.
_RULED = {
    ExitClass.RULE_RESTART: _RESTART,
    ExitClass.RULE_RESTART_ALL: {Budget.LEFT: Outcome.RESTART_ALL, Budget.SPENT: Outcome.GAVE_UP},
    ExitClass.RESET: _RESTART,
}
# Stopped for a failed probe or hook: what the program then ended with counts for nobody but `never`, which does not
# start it again and so has to call it something.
_AS_POLICY_SAYS = {
    Rule.ALWAYS: {
        ExitClass.OK: _RESTART,
        ExitClass.FAIL: _RESTART,
        ExitClass.SICK_OK: _RESTART,
        ExitClass.SICK: _RESTART,
        **_RULED,
        **_FINAL,
    },
    Rule.ON_FAILURE: {
        ExitClass.OK: Outcome.DONE,
        ExitClass.FAIL: _RESTART,
        ExitClass.SICK_OK: _RESTART,
        ExitClass.SICK: _RESTART,
        **_RULED,
        **_FINAL,
    },
    Rule.NEVER: {
        ExitClass.OK: Outcome.DONE,
        ExitClass.FAIL: Outcome.FAILED,
        ExitClass.SICK_OK: Outcome.DONE,
        ExitClass.SICK: Outcome.FAILED,
        **_RULED,
        **_FINAL,
    },
}
_AGAIN = {**dict.fromkeys(ExitClass, Outcome.RESTART_NOW), **_FINAL}
# Held is held, also when the deadline ran out meanwhile: somebody took the matter into their own hands.
_HOLD = {**dict.fromkeys(ExitClass, Outcome.HELD), **_FINAL, ExitClass.DEADLINE: Outcome.HELD}
_STOP = dict.fromkeys(ExitClass, Outcome.STOPPED)
_RESET = dict.fromkeys(ExitClass, Outcome.HELD)

Verdicts = dict[tuple[Rule, Want, ExitClass, Budget], Outcome]


def _spread() -> Verdicts:
    table: Verdicts = {}
    for rule in Rule:
        rows = {Want.UP: _AS_POLICY_SAYS[rule], Want.AGAIN: _AGAIN, Want.STOP: _STOP, Want.HOLD: _HOLD}
        rows[Want.RESET] = _RESET
        for want in Want:
            for exit_class in ExitClass:
                for budget in Budget:
                    outcome = rows[want][exit_class]
                    table[rule, want, exit_class, budget] = outcome[budget] if isinstance(outcome, dict) else outcome
    return table


VERDICT: Verdicts = _spread()

# How the verdict reaches the lifecycle.
OUTCOME_EVENT: dict[Outcome, LifeEvent] = {
    Outcome.RESTART: LifeEvent.RESTART,
    Outcome.RESTART_NOW: LifeEvent.RESTART_NOW,
    Outcome.HELD: LifeEvent.HOLD,
    Outcome.DONE: LifeEvent.FINISH,
    Outcome.FAILED: LifeEvent.FINISH,
    Outcome.GAVE_UP: LifeEvent.FINISH,
    Outcome.UNRUNNABLE: LifeEvent.FINISH,
    Outcome.EXPIRED: LifeEvent.FINISH,
    Outcome.STOPPED: LifeEvent.FINISH,
    Outcome.RESTART_ALL: LifeEvent.ROUND,
}

# The last milestone of a final outcome: whoever waits for COMPLETED is freed by DONE alone.
OUTCOME_MILESTONE: dict[Outcome, Milestone | None] = {
    outcome: Milestone.COMPLETED if outcome is Outcome.DONE else None for outcome in Outcome
}

# The reason that status and report give for the class, for exit code 0 and for any other (spec.md section 2; DESIGN.md
# section 4 for DependencyFailed).
REASON: dict[ExitClass, tuple[str, str]] = {
    ExitClass.OK: ("Completed", "Completed"),
    ExitClass.FAIL: ("Error", "Error"),
    ExitClass.UNSTARTABLE: ("StartError", "StartError"),
    ExitClass.DEPENDENCY: ("DependencyFailed", "DependencyFailed"),
    ExitClass.DEADLINE: ("DeadlineExceeded", "DeadlineExceeded"),
    ExitClass.SICK_OK: ("Completed", "Completed"),
    ExitClass.SICK: ("Error", "Error"),
    ExitClass.RULE_RESTART: ("Completed", "Error"),
    ExitClass.RULE_RESTART_ALL: ("Completed", "Error"),
    ExitClass.RESET: ("RestartingAllContainers", "RestartingAllContainers"),
}
# The reason where something else is known of the end: of an ended one that the kernel killed it for want of memory; of
# one that was never executed that what it shall have, or who it shall be, is not to be had (spec.md section 2).
OOM_REASON, CONFIG_REASON = "OOMKilled", "CreateContainerConfigError"
ODD_REASON: dict[ExitClass, str] = {
    exit_class: CONFIG_REASON if exit_class is ExitClass.UNSTARTABLE else OOM_REASON for exit_class in ExitClass
}
RESET_CODE = 137  # what an instance counts as that a new beginning of the pod ended (KEP-5532)


def reason_of(exit_class: ExitClass, code: int | None) -> str:
    """Why an instance of this class ended with that code, None if it never ran. OOMKilled is whoever's who knows."""
    return REASON[exit_class][code != 0]
