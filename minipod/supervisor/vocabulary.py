"""The words of the policy: states, events and actions, each with its meaning.

One source for Python, for the C core (``csrc/policy_tables.h`` is generated from here), for diagrams and for
documentation. A member's value is its meaning; its number, in C and in the plan, is its position. This module must
never hold a decision: which event leads where is the business of the tables beside it. The words that a plan holds are
in ``words``; here they stand beside the others for whoever needs both.
"""

from minipod.supervisor.words import (  # noqa: F401
    Control,
    Direction,
    Errand,
    ExitClass,
    Handing,
    Handler,
    Kind,
    Lack,
    LogMode,
    Milestone,
    Origin,
    Overflow,
    PathCheck,
    Rule,
    SignalVerb,
    Standing,
    StdinMode,
    StopScope,
    VolumeKind,
    Word,
)

# --- one unit's lifecycle ---------------------------------------------------------------------------------------


class Life(Word):
    """The states of a unit's lifecycle."""

    HELD = "no process: predecessors are not there yet, or somebody stopped it"
    BACKOFF = "no process: waits before the next start"
    SPAWNING = "forked; the program is not confirmed to run"
    POST_START = "the program runs; its post-start hook is not done"
    UP = "the program runs"
    PRE_STOP = "runs while it is stopped; its pre-stop hook is not done"
    TURN = "runs while it is stopped; waits for those that must go first"
    TERM_SENT = "was asked to end"
    KILL_SENT = "was killed, not yet reaped"
    DRAINING = "no leader any more: what it left behind goes, then comes the verdict"
    ENDED = "over for good"


class LifeEvent(Word):
    """What a unit's lifecycle reacts to."""

    GO = "may start now"
    NEVER = "a predecessor will never be what this unit waits for"
    DUE = "the unit's timer fired"
    SPAWNED = "the program was executed"
    STARVED = "the system had no resources for a new process"
    EXITED = "the leader was reaped"
    UNSTARTABLE = "the leader was reaped and had never executed the program"
    HOOK_DONE = "its hook is done, or there is none"
    HOOK_FAILED = "its hook failed"
    UNHEALTHY = "a probe says that it does not work"
    STOP = "end this instance"
    AFRESH = "the whole pod begins anew: end this instance, without grace"
    WIND_DOWN = "the pod ends: end this unit in its turn"
    CUT = "no grace is left"
    TURN_CAME = "all that must go first are gone"
    DEADLINE = "the unit's deadline ran out"
    DRAINED = "nothing of the instance is left"
    RESTART = "verdict: start again after the back-off"
    RESTART_NOW = "verdict: start again at once"
    FINISH = "verdict: over for good"
    HOLD = "verdict: wait for an order"
    ROUND = "verdict: the whole pod begins anew"


# --- what is wanted of a unit -----------------------------------------------------------------------------------


class Want(Word):
    """What is intended with a unit, whatever its process does."""

    UP = "it shall run, as its restart policy says"
    AGAIN = "its instance shall end and a new one start"
    STOP = "the pod ends: it shall end for good"
    HOLD = "it shall not run until somebody says so"
    RESET = "its instance shall end; a new one comes when the pod begins anew"


class WantEvent(Word):
    """What changes the intention."""

    CLEAR = "all predecessors of its start are there"
    STUCK = "a predecessor will never be there"
    RENEWED = "a new instance was started"
    ORDER_START = "somebody said: start"
    ORDER_STOP = "somebody said: stop"
    ORDER_RESTART = "somebody said: restart"
    POD_STOP = "the pod ends"
    POD_RESET = "the pod will begin anew: everything must end first"
    ROUND = "the pod begins anew"


# --- what is asked of a running unit ----------------------------------------------------------------------------


class Probe(Word):
    """The states of a probe's machine."""

    OFF = "nothing is asked"
    REST = "the next attempt has its time"
    TRYING = "an attempt is under way"


class ProbeEvent(Word):
    """What a probe's machine reacts to."""

    BEGIN = "its time has come"
    ABSENT = "its time has come, and the unit has none"
    DUE = "its timer fired"
    PASSED = "enough attempts in a row succeeded"
    FAILED = "enough attempts in a row failed"
    COUNTED = "an attempt ended; it takes more of them, or it means nothing"
    STOPPING = "the unit is being stopped"
    GONE = "the unit's process has ended"


# --- what an ended instance means -------------------------------------------------------------------------------


class Budget(Word):
    """Whether ``max_restarts`` allows another one."""

    LEFT = "another restart is allowed"
    SPENT = "max_restarts is used up"


class Outcome(Word):
    """What the verdict says of an ended instance."""

    RESTART = "runs again after the back-off"
    RESTART_NOW = "runs again at once"
    HELD = "waits for an order; counts as running"
    DONE = "over, well"
    FAILED = "over, failed"
    GAVE_UP = "over, failed too often"
    UNRUNNABLE = "over, could not be executed"
    EXPIRED = "over, its deadline ran out"
    STOPPED = "over, because the pod ends"
    RESTART_ALL = "runs again with the whole pod"


# --- the pod ----------------------------------------------------------------------------------------------------


class Pod(Word):
    """The states of the pod."""

    RUNNING = "units start, run and restart"
    CHANGING = "units that a new plan has otherwise, or not at all, stop in order; the others run"
    RESETTING = "every unit ends; then the pod begins anew"
    ENDING = "ends by itself; units stop in order"
    STOPPING = "was told to end; units stop in order"
    FINISHING = "all units are over, by themselves; their last descendants were asked to end"
    SWEEPING = "we were told to end, and all units are over; their last descendants were asked to end"
    KILLING = "the last descendants were killed"
    OVER = "nothing is left: leave"


class PodEvent(Word):
    """What the pod reacts to; those that end it are the causes of its exit code."""

    ALL_DONE = "every service is over, well"
    ALL_FAILED = "every service is over, one failed"
    MAIN_OVER = "main is over"
    FATAL = "a unit the pod cannot do without failed for good"
    UNRUNNABLE = "a command could not be executed"
    UNIT_DEADLINE = "an init's deadline ran out"
    POD_DEADLINE = "the pod's deadline ran out"
    UNPREPARED = "a volume could not be prepared"
    EVICTED = "a volume holds more than it may"
    TOLD = "somebody told us to stop"
    UNITS_OVER = "every unit is over"
    STIRRED = "a descendant ended while others remain"
    NOTHING_LEFT = "no descendant is left"
    BUDGET_OVER = "the stop budget is spent"
    OVERDUE = "the stop budget and its margin are spent"
    RESTART_ALL = "a unit's restart rule wants the whole pod to begin anew"
    ALL_RESET = "no unit has a process any more"
    ROUND_DUE = "the pod may begin anew"
    PLAN = "somebody gave a new plan, and it can be taken over"
    ALL_AWAY = "no unit that the new plan has otherwise, or not at all, has a process any more"


class Change(Word):
    """What a unit is to another plan, by its name."""

    KEPT = "it is in both, and the same"
    CHANGED = "it is in both, and another"
    NEW = "the new plan alone has it"
    REMOVED = "the old plan alone has it"


class Before(Word):
    """What somebody had ordered of a unit when another plan came."""

    WANTED = "it was to run"
    HELD = "somebody had stopped it"


class Phase(Word):
    """Kubernetes' pod phases (spec.md section 1)."""

    PENDING = "something has yet to start for the first time"
    RUNNING = "started, and not all has ended for good"
    SUCCEEDED = "all ended for good, with 0"
    FAILED = "all ended for good, one failed; or the pod was failed"

    @property
    def word(self) -> str:
        """Kubernetes' own spelling: ``Succeeded``."""
        return self.name.capitalize()


class Source(Word):
    """Whose code the pod's exit code is taken from."""

    NOBODY = "fixed by the cause"
    MAIN = "the unit named by main"
    BLAMED = "the first unit that failed for good"
    CULPRIT = "the unit whose end is the cause"
    TRUTH = "main if there is one, else the first service in file order that did not end with 0"


# --- what the core does -----------------------------------------------------------------------------------------


class Action(Word):
    """One deed of the core. Actions never step a machine; they may queue an event."""

    NOTHING = "end of a cell's list"
    # a unit's lifecycle
    SPAWN = "fork the instance; may queue starved"
    RENEW = "tell the want machine that a new instance starts"
    RUN_POST_START = "begin the post-start hook; queue hook-done if there is none"
    MARK_UP = "it runs; queue the startup probe's begin or absent"
    BEGIN_STOP = "its grace runs from now; arm the hook's limit"
    RUN_PRE_STOP = "begin the pre-stop hook; queue hook-done if there is none"
    SPEND_GRACE = "what the hook took of the grace is gone"
    HALT_PROBES = "queue stopping for each probe"
    END_ERRANDS = "end its hook; queue gone for each probe"
    SEND_STOP = "send the stop signal, then CONT"
    SEND_KILL = "KILL the process group"
    EASE_REST = "the rest of the group keeps at most the rest grace from now"
    KILL_REST = "KILL what the leader left behind"
    CHECK_REST = "queue drained as soon as nothing of the instance is left"
    AWAIT_TURN = "queue turn-came if nobody must go first; arm the turn's limit"
    ARM_GRACE = "arm the unit's timer with its grace, clipped to the pod's budget"
    CLIP_GRACE = "shorten the running timer to the pod's budget"
    CLIP_TURN = "shorten the running timer to the moment when waiting ends"
    NO_GRACE = "it keeps no more than the least that a stop signal needs"
    ARM_BACKOFF = "count the restart, arm the timer with the ladder's next delay"
    ARM_RETRY = "arm the timer with the delay for lack of resources"
    DISARM = "no timer"
    NOTE_DEADLINE = "remember that the deadline ended this instance"
    NOTE_SICK = "remember that a failed probe or hook ended this instance"
    BLAME_DEPENDENCY = "remember that a predecessor failed this unit"
    JUDGE = "look up the verdict and queue what it says"
    SETTLE = "tell the pod and the dependents that this unit is over"
    TELL_REST = "the last unit that a new beginning waits for queues all-reset"
    REVIVE = "it is not over any more"
    ASK_ROUND = "queue restart-all"
    # a unit's want
    ASK_GO = "queue go if no predecessor of the start is missing"
    TELL_STOP = "queue stop"
    TELL_WIND_DOWN = "queue wind-down"
    TELL_NEVER = "queue never"
    TELL_AFRESH = "queue afresh"
    # a unit's probes
    ARM_FIRST = "arm the probe's timer with its initial delay"
    ARM_NEXT = "arm it with what is left of the period"
    ATTEMPT = "ask; arm the timer with the time-out"
    TIME_OUT = "end the attempt and count it as a failure; queue failed or counted"
    ABANDON = "end the attempt, and no timer"
    DISARM_PROBE = "no timer for the probe"
    FORGET_RUN = "what was counted in a row counts no more"
    MARK_STARTED = "reach started; queue begin or absent for the other probes"
    MARK_UNSTARTED = "not started any more"
    MARK_READY = "reach ready"
    MARK_UNREADY = "not ready any more"
    TELL_UNHEALTHY = "take the probe's grace for the stop; queue unhealthy"
    # what an end means to the pod
    BLAME = "the first to be blamed decides the exit code"
    TALLY_DONE = "one service fewer; after the last queue all-done or all-failed"
    TALLY_FAILED = "the same, and one has failed"
    # the pod
    FIX_CAUSE = "remember why the pod ends"
    CURTAIL = "no stop takes longer from now on than an eviction may"
    START_BUDGET = "the stop budget runs from now"
    RESET_ALL = "tell every unit that the pod will begin anew"
    ARM_ROUND = "arm the timer with what is left of the least time between two beginnings"
    TAKE_OVER = "the new plan holds: who is as before goes on, all others are as at the start; tell who may start"
    BEGIN_ROUND = "the books are as at the start; tell every unit that the pod begins anew"
    WIND_DOWN_ALL = "tell every unit that the pod ends"
    CUT_ALL = "tell every unit that no grace is left"
    SWEEP_TERM = "TERM and CONT to every descendant, arm the budget's timer; queue nothing-left if there is none"
    SWEEP_KILL = "KILL every descendant; queue nothing-left if there is none"
    LEAVE = "end the loop"
