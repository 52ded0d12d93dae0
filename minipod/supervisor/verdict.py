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
_AS_POLICY_SAYS = {
    Rule.ALWAYS: {ExitClass.OK: _RESTART, ExitClass.FAIL: _RESTART, **_FINAL},
    Rule.ON_FAILURE: {ExitClass.OK: Outcome.DONE, ExitClass.FAIL: _RESTART, **_FINAL},
    Rule.NEVER: {ExitClass.OK: Outcome.DONE, ExitClass.FAIL: Outcome.FAILED, **_FINAL},
}
_AGAIN = {ExitClass.OK: Outcome.RESTART_NOW, ExitClass.FAIL: Outcome.RESTART_NOW, **_FINAL}
# Held is held, also when the deadline ran out meanwhile: somebody took the matter into their own hands.
_HOLD = {ExitClass.OK: Outcome.HELD, ExitClass.FAIL: Outcome.HELD, **_FINAL, ExitClass.DEADLINE: Outcome.HELD}
_STOP = dict.fromkeys(ExitClass, Outcome.STOPPED)

Verdicts = dict[tuple[Rule, Want, ExitClass, Budget], Outcome]


def _spread() -> Verdicts:
    table: Verdicts = {}
    for rule in Rule:
        rows = {Want.UP: _AS_POLICY_SAYS[rule], Want.AGAIN: _AGAIN, Want.STOP: _STOP, Want.HOLD: _HOLD}
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
}

# The last milestone of a final outcome: whoever waits for COMPLETED is freed by DONE alone.
OUTCOME_MILESTONE: dict[Outcome, Milestone | None] = {
    outcome: Milestone.COMPLETED if outcome is Outcome.DONE else None for outcome in Outcome
}

# The reason that status and report give for the class (spec.md section 2; DESIGN.md section 4 for DependencyFailed).
REASON: dict[ExitClass, str] = {
    ExitClass.OK: "Completed",
    ExitClass.FAIL: "Error",
    ExitClass.UNSTARTABLE: "StartError",
    ExitClass.DEPENDENCY: "DependencyFailed",
    ExitClass.DEADLINE: "DeadlineExceeded",
}
