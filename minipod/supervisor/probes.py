"""The probe machines: what is asked of a running unit, and what the answers mean (spec.md section 6).

Startup, liveness and readiness share states and events and differ in what an answer does; the watchdog is liveness
under another name. An attempt's time-out and the time between attempts are one timer: what DUE means follows from the
state. How many answers in a row it takes is the plan's number; the core counts and says passed, failed or counted.
"""

from minipod.supervisor.table import Machine, ignored, impossible, to
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Errand, Probe
from minipod.supervisor.vocabulary import Probe as P
from minipod.supervisor.vocabulary import ProbeEvent as E

_NO_TIMER = "no timer is armed here"
_TOO_LATE = "the answer came too late: nobody asks any more"
_NOT_ASKED = "nothing was asked"
_ONCE = "each instance begins once, and ends before the next"
_STILL_ASKED = "asked until its process has ended, as in Kubernetes: who drains it wants to know"

STARTUP = Machine("startup", Probe, E, {
    P.OFF: {
        E.BEGIN: to(P.REST, A.ARM_FIRST),
        E.ABSENT: to(P.OFF, A.MARK_STARTED, why="without a startup probe it has started as soon as it runs"),
        E.DUE: impossible(_NO_TIMER),
        E.PASSED: ignored(_TOO_LATE),
        E.FAILED: ignored(_TOO_LATE),
        E.COUNTED: ignored(_TOO_LATE),
        E.STOPPING: ignored("not asked, or answered before"),
        E.GONE: to(P.OFF, A.MARK_UNSTARTED),
    },
    P.REST: {
        E.BEGIN: impossible(_ONCE),
        E.ABSENT: impossible(_ONCE),
        E.DUE: to(P.TRYING, A.ATTEMPT),
        E.PASSED: impossible(_NOT_ASKED),
        E.FAILED: impossible(_NOT_ASKED),
        E.COUNTED: impossible(_NOT_ASKED),
        E.STOPPING: to(P.OFF, A.DISARM_PROBE),
        E.GONE: to(P.OFF, A.DISARM_PROBE),
    },
    P.TRYING: {
        E.BEGIN: impossible(_ONCE),
        E.ABSENT: impossible(_ONCE),
        E.DUE: to(P.TRYING, A.TIME_OUT),
        E.PASSED: to(P.OFF, A.DISARM_PROBE, A.FORGET_RUN, A.MARK_STARTED, why="never asked again of this instance"),
        E.FAILED: to(P.OFF, A.DISARM_PROBE, A.FORGET_RUN, A.TELL_UNHEALTHY),
        E.COUNTED: to(P.REST, A.ARM_NEXT),
        E.STOPPING: to(P.OFF, A.ABANDON),
        E.GONE: to(P.OFF, A.ABANDON),
    },
})

LIVENESS = Machine("liveness", Probe, E, {
    P.OFF: {
        E.BEGIN: to(P.REST, A.ARM_FIRST),
        E.ABSENT: ignored("it lives as long as its process"),
        E.DUE: impossible(_NO_TIMER),
        E.PASSED: ignored(_TOO_LATE),
        E.FAILED: ignored(_TOO_LATE),
        E.COUNTED: ignored(_TOO_LATE),
        E.STOPPING: ignored("not asked, or failed before"),
        E.GONE: ignored("not asked, or failed before"),
    },
    P.REST: {
        E.BEGIN: impossible(_ONCE),
        E.ABSENT: impossible(_ONCE),
        E.DUE: to(P.TRYING, A.ATTEMPT),
        E.PASSED: impossible(_NOT_ASKED),
        E.FAILED: impossible(_NOT_ASKED),
        E.COUNTED: impossible(_NOT_ASKED),
        E.STOPPING: to(P.OFF, A.DISARM_PROBE, why="a program that shuts down need not answer"),
        E.GONE: to(P.OFF, A.DISARM_PROBE),
    },
    P.TRYING: {
        E.BEGIN: impossible(_ONCE),
        E.ABSENT: impossible(_ONCE),
        E.DUE: to(P.TRYING, A.TIME_OUT),
        E.PASSED: to(P.REST, A.ARM_NEXT),
        E.FAILED: to(P.OFF, A.DISARM_PROBE, A.FORGET_RUN, A.TELL_UNHEALTHY, why="on hold until a new instance"),
        E.COUNTED: to(P.REST, A.ARM_NEXT),
        E.STOPPING: to(P.OFF, A.ABANDON),
        E.GONE: to(P.OFF, A.ABANDON),
    },
})

READINESS = Machine("readiness", Probe, E, {
    P.OFF: {
        E.BEGIN: to(P.REST, A.ARM_FIRST),
        E.ABSENT: to(P.OFF, A.MARK_READY, why="without a readiness probe it is ready once it has started"),
        E.DUE: impossible(_NO_TIMER),
        E.PASSED: ignored(_TOO_LATE),
        E.FAILED: ignored(_TOO_LATE),
        E.COUNTED: ignored(_TOO_LATE),
        E.STOPPING: ignored(_STILL_ASKED),
        E.GONE: to(P.OFF, A.MARK_UNREADY),
    },
    P.REST: {
        E.BEGIN: impossible(_ONCE),
        E.ABSENT: impossible(_ONCE),
        E.DUE: to(P.TRYING, A.ATTEMPT),
        E.PASSED: impossible(_NOT_ASKED),
        E.FAILED: impossible(_NOT_ASKED),
        E.COUNTED: impossible(_NOT_ASKED),
        E.STOPPING: ignored(_STILL_ASKED),
        E.GONE: to(P.OFF, A.DISARM_PROBE, A.MARK_UNREADY),
    },
    P.TRYING: {
        E.BEGIN: impossible(_ONCE),
        E.ABSENT: impossible(_ONCE),
        E.DUE: to(P.TRYING, A.TIME_OUT),
        E.PASSED: to(P.REST, A.MARK_READY, A.ARM_NEXT),
        E.FAILED: to(P.REST, A.MARK_UNREADY, A.ARM_NEXT, why="not ready is no reason to stop it"),
        E.COUNTED: to(P.REST, A.ARM_NEXT),
        E.STOPPING: ignored(_STILL_ASKED),
        E.GONE: to(P.OFF, A.ABANDON, A.MARK_UNREADY),
    },
})

# In the order of the errands that are probes.
PROBES: dict[Errand, Machine] = {
    Errand.STARTUP: STARTUP,
    Errand.LIVENESS: LIVENESS,
    Errand.READINESS: READINESS,
    Errand.WATCHDOG: LIVENESS,
}
ERROR_TRIES = 3  # an attempt that could not be made is made again at once, this often; then it means nothing
