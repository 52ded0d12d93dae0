"""The pod machine and the exit-code contract: the first cause of the end fixes the row (DESIGN.md section 6)."""

from dataclasses import dataclass

from minipod.supervisor.table import Machine, ignored, impossible, to
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Pod as P
from minipod.supervisor.vocabulary import PodEvent as E
from minipod.supervisor.vocabulary import Source

_FIXED = "the first cause is fixed"
_UNITS_LIVE = "units are not over"
_NO_BUDGET = "its timer is armed by the sweep; each unit's own is clipped to it"
_UNITS_OVER = "no unit is left that could say so"
_OVER = "we leave"
_ANEW = "the pod began to begin anew before; whoever ended with it begins anew too"
_NO_RESET = "it begins nothing anew"
_NONE_YET = "volumes are prepared before the first start"
_TOO_LATE = "the pod ends: nothing begins anew"
_ENDING = (A.FIX_CAUSE, A.START_BUDGET, A.WIND_DOWN_ALL)
_EVICTING = (A.FIX_CAUSE, A.CURTAIL, A.START_BUDGET, A.WIND_DOWN_ALL)
_UNDER_WAY = "the first signal asks for what is under way; only a second one hurries it"
_NO_PLAN = "nobody gave a new plan"
_TOO_LATE_FOR_IT = "it was given a moment before: what came first holds"
_FORGOTTEN = "its plan is forgotten"
_ONE_PLAN = "a second one is refused before it becomes an event"
_UNKILLABLE = "KILL for those who got none, as with a budget of 0; what it cannot end must not keep us"

POD = Machine("pod", P, E, {
    P.RUNNING: {
        E.ALL_DONE: to(P.ENDING, *_ENDING),
        E.ALL_FAILED: to(P.ENDING, *_ENDING),
        E.MAIN_OVER: to(P.ENDING, *_ENDING),
        E.FATAL: to(P.ENDING, *_ENDING),
        E.UNRUNNABLE: to(P.ENDING, *_ENDING),
        E.UNIT_DEADLINE: to(P.ENDING, *_ENDING),
        E.POD_DEADLINE: to(P.ENDING, *_ENDING),
        E.UNPREPARED: to(P.ENDING, *_ENDING),
        E.EVICTED: to(P.ENDING, *_EVICTING),
        E.TOLD: to(P.STOPPING, *_ENDING),
        E.UNITS_OVER: impossible("the last service's end comes first"),
        E.STIRRED: ignored("only those who sweep care"),
        E.NOTHING_LEFT: impossible(_UNITS_LIVE),
        E.BUDGET_OVER: impossible(_NO_BUDGET),
        E.OVERDUE: impossible("the stop budget does not run yet"),
        E.RESTART_ALL: to(P.RESETTING, A.RESET_ALL),
        E.ALL_RESET: impossible(_NO_RESET),
        E.ROUND_DUE: impossible(_NO_RESET),
        E.PLAN: to(P.CHANGING),
        E.ALL_AWAY: impossible(_NO_PLAN),
    },
    P.CHANGING: {
        E.ALL_DONE: to(P.ENDING, *_ENDING),
        E.ALL_FAILED: to(P.ENDING, *_ENDING),
        E.MAIN_OVER: to(P.ENDING, *_ENDING),
        E.FATAL: to(P.ENDING, *_ENDING),
        E.UNRUNNABLE: to(P.ENDING, *_ENDING),
        E.UNIT_DEADLINE: to(P.ENDING, *_ENDING),
        E.POD_DEADLINE: to(P.ENDING, *_ENDING),
        E.UNPREPARED: to(P.ENDING, *_ENDING),
        E.EVICTED: to(P.ENDING, *_EVICTING),
        E.TOLD: to(P.STOPPING, *_ENDING),
        E.UNITS_OVER: impossible("the last service's end comes first"),
        E.STIRRED: ignored("only those who sweep care"),
        E.NOTHING_LEFT: impossible(_UNITS_LIVE),
        E.BUDGET_OVER: impossible(_NO_BUDGET),
        E.OVERDUE: impossible("the stop budget does not run yet"),
        E.RESTART_ALL: to(P.RESETTING, A.RESET_ALL, why="the plan that holds wants it now"),
        E.ALL_RESET: impossible(_NO_RESET),
        E.ROUND_DUE: impossible(_NO_RESET),
        E.PLAN: impossible(_ONE_PLAN),
        E.ALL_AWAY: to(P.RUNNING, A.TAKE_OVER),
    },
    P.RESETTING: {
        E.ALL_DONE: ignored(_ANEW),
        E.ALL_FAILED: ignored(_ANEW),
        E.MAIN_OVER: ignored(_ANEW),
        E.FATAL: ignored(_ANEW),
        E.UNRUNNABLE: ignored(_ANEW),
        E.UNIT_DEADLINE: ignored(_ANEW),
        E.POD_DEADLINE: to(P.ENDING, *_ENDING),
        E.UNPREPARED: impossible(_NONE_YET),
        E.EVICTED: to(P.ENDING, *_EVICTING),
        E.TOLD: to(P.STOPPING, *_ENDING),
        E.UNITS_OVER: impossible("who asked for it is not over"),
        E.STIRRED: ignored("only those who sweep care"),
        E.NOTHING_LEFT: impossible(_UNITS_LIVE),
        E.BUDGET_OVER: impossible(_NO_BUDGET),
        E.OVERDUE: impossible("the stop budget does not run yet"),
        E.RESTART_ALL: ignored("two asked at once"),
        E.ALL_RESET: to(P.RESETTING, A.ARM_ROUND),
        E.ROUND_DUE: to(P.RUNNING, A.BEGIN_ROUND),
        E.PLAN: ignored(_TOO_LATE_FOR_IT),
        E.ALL_AWAY: ignored(_FORGOTTEN),
    },
    P.ENDING: {
        E.ALL_DONE: ignored(_FIXED),
        E.ALL_FAILED: ignored(_FIXED),
        E.MAIN_OVER: ignored(_FIXED),
        E.FATAL: ignored(_FIXED),
        E.UNRUNNABLE: ignored(_FIXED),
        E.UNIT_DEADLINE: ignored(_FIXED),
        E.POD_DEADLINE: ignored(_FIXED),
        E.UNPREPARED: ignored(_FIXED),
        E.EVICTED: ignored(_FIXED),
        E.TOLD: to(P.STOPPING, why=_UNDER_WAY),
        E.UNITS_OVER: to(P.FINISHING, A.SWEEP_TERM),
        E.STIRRED: ignored("units are still stopping"),
        E.NOTHING_LEFT: impossible(_UNITS_LIVE),
        E.BUDGET_OVER: impossible(_NO_BUDGET),
        E.OVERDUE: to(P.OVER, A.SWEEP_KILL, A.LEAVE, why=_UNKILLABLE),
        E.RESTART_ALL: ignored(_TOO_LATE),
        E.ALL_RESET: ignored(_TOO_LATE),
        E.ROUND_DUE: ignored(_TOO_LATE),
        E.PLAN: ignored(_TOO_LATE_FOR_IT),
        E.ALL_AWAY: ignored(_FORGOTTEN),
    },
    P.STOPPING: {
        E.ALL_DONE: ignored(_FIXED),
        E.ALL_FAILED: ignored(_FIXED),
        E.MAIN_OVER: ignored(_FIXED),
        E.FATAL: ignored(_FIXED),
        E.UNRUNNABLE: ignored(_FIXED),
        E.UNIT_DEADLINE: ignored(_FIXED),
        E.POD_DEADLINE: ignored(_FIXED),
        E.UNPREPARED: ignored(_FIXED),
        E.EVICTED: ignored(_FIXED),
        E.TOLD: to(P.STOPPING, A.CUT_ALL, why="the second signal: no grace is left"),
        E.UNITS_OVER: to(P.SWEEPING, A.SWEEP_TERM),
        E.STIRRED: ignored("units are still stopping"),
        E.NOTHING_LEFT: impossible(_UNITS_LIVE),
        E.BUDGET_OVER: impossible(_NO_BUDGET),
        E.OVERDUE: to(P.OVER, A.SWEEP_KILL, A.LEAVE, why=_UNKILLABLE),
        E.RESTART_ALL: ignored(_TOO_LATE),
        E.ALL_RESET: ignored(_TOO_LATE),
        E.ROUND_DUE: ignored(_TOO_LATE),
        E.PLAN: ignored(_TOO_LATE_FOR_IT),
        E.ALL_AWAY: ignored(_FORGOTTEN),
    },
    P.FINISHING: {
        E.ALL_DONE: impossible(_UNITS_OVER),
        E.ALL_FAILED: impossible(_UNITS_OVER),
        E.MAIN_OVER: impossible(_UNITS_OVER),
        E.FATAL: impossible(_UNITS_OVER),
        E.UNRUNNABLE: impossible(_UNITS_OVER),
        E.UNIT_DEADLINE: impossible(_UNITS_OVER),
        E.POD_DEADLINE: ignored(_FIXED),
        E.UNPREPARED: ignored(_FIXED),
        E.EVICTED: ignored(_FIXED),
        E.TOLD: to(P.SWEEPING, why=_UNDER_WAY),
        E.UNITS_OVER: impossible("they were over before"),
        E.STIRRED: ignored("all that live were asked, wherever they stood"),
        E.NOTHING_LEFT: to(P.OVER, A.LEAVE),
        E.BUDGET_OVER: to(P.KILLING, A.SWEEP_KILL),
        E.OVERDUE: to(P.OVER, A.SWEEP_KILL, A.LEAVE, why=_UNKILLABLE),
        E.RESTART_ALL: impossible(_UNITS_OVER),
        E.ALL_RESET: impossible(_UNITS_OVER),
        E.ROUND_DUE: ignored(_TOO_LATE),
        E.PLAN: impossible(_UNITS_OVER),
        E.ALL_AWAY: impossible(_UNITS_OVER),
    },
    P.SWEEPING: {
        E.ALL_DONE: impossible(_UNITS_OVER),
        E.ALL_FAILED: impossible(_UNITS_OVER),
        E.MAIN_OVER: impossible(_UNITS_OVER),
        E.FATAL: impossible(_UNITS_OVER),
        E.UNRUNNABLE: impossible(_UNITS_OVER),
        E.UNIT_DEADLINE: impossible(_UNITS_OVER),
        E.POD_DEADLINE: ignored(_FIXED),
        E.UNPREPARED: ignored(_FIXED),
        E.EVICTED: ignored(_FIXED),
        E.TOLD: to(P.KILLING, A.SWEEP_KILL, why="the second signal: no grace is left"),
        E.UNITS_OVER: impossible("they were over before"),
        E.STIRRED: ignored("all that live were asked, wherever they stood"),
        E.NOTHING_LEFT: to(P.OVER, A.LEAVE),
        E.BUDGET_OVER: to(P.KILLING, A.SWEEP_KILL),
        E.OVERDUE: to(P.OVER, A.SWEEP_KILL, A.LEAVE, why=_UNKILLABLE),
        E.RESTART_ALL: impossible(_UNITS_OVER),
        E.ALL_RESET: impossible(_UNITS_OVER),
        E.ROUND_DUE: ignored(_TOO_LATE),
        E.PLAN: impossible(_UNITS_OVER),
        E.ALL_AWAY: impossible(_UNITS_OVER),
    },
    P.KILLING: {
        E.ALL_DONE: impossible(_UNITS_OVER),
        E.ALL_FAILED: impossible(_UNITS_OVER),
        E.MAIN_OVER: impossible(_UNITS_OVER),
        E.FATAL: impossible(_UNITS_OVER),
        E.UNRUNNABLE: impossible(_UNITS_OVER),
        E.UNIT_DEADLINE: impossible(_UNITS_OVER),
        E.POD_DEADLINE: ignored(_FIXED),
        E.UNPREPARED: ignored(_FIXED),
        E.EVICTED: ignored(_FIXED),
        E.TOLD: ignored("there is nothing stronger than KILL"),
        E.UNITS_OVER: impossible("they were over before"),
        E.STIRRED: to(P.KILLING, A.SWEEP_KILL, why="a fork may have raced the last walk"),
        E.NOTHING_LEFT: to(P.OVER, A.LEAVE),
        E.BUDGET_OVER: ignored("a second signal was faster"),
        E.OVERDUE: to(P.OVER, A.SWEEP_KILL, A.LEAVE, why=_UNKILLABLE),
        E.RESTART_ALL: impossible(_UNITS_OVER),
        E.ALL_RESET: impossible(_UNITS_OVER),
        E.ROUND_DUE: ignored(_TOO_LATE),
        E.PLAN: impossible(_UNITS_OVER),
        E.ALL_AWAY: impossible(_UNITS_OVER),
    },
    P.OVER: {event: ignored(_OVER) for event in E},
})


@dataclass(frozen=True)
class Cause:
    """One row of the exit-code contract: whose code, what stands for 0, and how it is told."""

    source: Source
    if_zero: int
    reason: str
    sentence: str


CAUSE: dict[E, Cause] = {
    E.ALL_DONE: Cause(Source.NOBODY, 0, "Completed", "every service finished with 0"),
    E.ALL_FAILED: Cause(Source.BLAMED, 1, "Error", "every service has ended and one failed"),
    E.MAIN_OVER: Cause(Source.MAIN, 0, "MainEnded", "main ended"),
    E.FATAL: Cause(Source.BLAMED, 1, "Error", "a unit that the pod needs failed for good"),
    E.UNRUNNABLE: Cause(Source.CULPRIT, 126, "StartError", "a command could not be executed"),
    E.UNIT_DEADLINE: Cause(Source.NOBODY, 124, "DeadlineExceeded", "an init's deadline ran out"),
    E.POD_DEADLINE: Cause(Source.NOBODY, 124, "DeadlineExceeded", "the pod's deadline ran out"),
    E.UNPREPARED: Cause(Source.NOBODY, 71, "FailedMount", "a volume could not be prepared"),
    E.EVICTED: Cause(Source.NOBODY, 1, "Evicted", "a volume held more than it may"),
    E.TOLD: Cause(Source.TRUTH, 0, "Stopped", "it was told to stop"),
}

# A service that TRUTH asks for and that never ran has no code: the code of the stop itself (128 + SIGTERM).
UNDECIDED_CODE = 143
