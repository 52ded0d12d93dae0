"""The words that a plan holds, each with its meaning: what a unit is, what it waits for, what its end may mean.

Apart from the machines' words in ``vocabulary``, which has these too, because a container waits for the compiler and
each list costs it time. What holds for that module holds here.
"""

from enum import Enum


class Word(Enum):
    """One word of a list that two languages share. ``number`` is its position: the value that C and the plan use."""

    def __init__(self, meaning: str):
        others = type(self).__members__
        if any(word._value_ == meaning for word in others.values()):
            raise ValueError(f"two words of one meaning would be one word: {meaning!r}")
        self.number = len(others)

    @property
    def word(self) -> str:
        """The word as people read it: ``TERM_SENT`` is "term-sent"."""
        return self.name.lower().replace("_", "-")

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"


# --- what a unit is ---------------------------------------------------------------------------------------------


class Kind(Word):
    """What a unit is, by its table in the pod file (DESIGN.md section 4)."""

    INIT = "runs to success, in file order, before any service"
    SIDECAR = "starts in order with the inits, outlives the services, has no say in the phase"
    SERVICE = "starts when the inits are done; together the services are what the pod is for"


class Rule(Word):
    """The verdict's row: a restart policy as lowered for a unit (``roles.rule_of``)."""

    ALWAYS = "restart after every end"
    ON_FAILURE = "restart after a failure"
    NEVER = "one end is the end"


class Standing(Word):
    """What a unit's final end means to the pod: the row of the fate table (``roles.standing_of``)."""

    INIT = "its failure fails the pod"
    SIDECAR = "no say, unless it gave up"
    ESSENTIAL_SIDECAR = "a sidecar whose failure fails the pod"
    SERVICE = "counts; the pod ends when all have ended"
    ESSENTIAL_SERVICE = "counts; its failure fails the pod at once"
    MAIN = "its end is the pod's end"


class ExitClass(Word):
    """How an instance ended, as the verdict sees it."""

    OK = "ended with 0, after exit_codes"
    FAIL = "ended with anything else"
    UNSTARTABLE = "its command could not be executed"
    DEPENDENCY = "never started: a predecessor failed it"
    DEADLINE = "ended because its deadline ran out"
    SICK_OK = "ended with 0 when it was stopped for a failed probe or hook"
    SICK = "ended with anything else when it was stopped for a failed probe or hook"
    RULE_RESTART = "a restart rule names its exit code: start it again"
    RULE_RESTART_ALL = "a restart rule names its exit code: begin the whole pod anew"
    RESET = "ended because the whole pod began anew"


# --- order ------------------------------------------------------------------------------------------------------


class Milestone(Word):
    """What somebody else may wait for: what ``after`` names, and that it is gone."""

    STARTED = "its program runs; a sidecar's next may start"
    READY = "it is ready for work"
    COMPLETED = "it ended for good with 0"
    GONE = "it is over for good"
    TRIED = "its start is over: it runs and its post_start is done, or it ended before"


class Direction(Word):
    """Which of two things an edge of the order holds back."""

    START = "the edge holds back a start"
    STOP = "the edge holds back a stop"


# --- what the core does for a unit besides running it ------------------------------------------------------------


class Errand(Word):
    """The first four are probes: each has its machine. The last two are hooks."""

    STARTUP = "has it started? until then nothing else is asked"
    LIVENESS = "does it still work? if not it is stopped, and its restart policy decides"
    READINESS = "is it ready for work?"
    WATCHDOG = "does it still say that it works? its silence is a liveness failure"
    POST_START = "done once its program runs; it counts as started only then"
    PRE_STOP = "done before it is asked to end, within its grace"


class Handler(Word):
    """How an errand is done."""

    EXEC = "a command, in the unit's surroundings"
    HTTP_GET = "a GET request"
    TCP_SOCKET = "a connection"
    GRPC = "gRPC's health check"
    SLEEP = "waiting"
    NOTIFY = "the program says so itself"


# --- what the plan says of mechanism ----------------------------------------------------------------------------


class SignalVerb(Word):
    """What the core does with a signal it receives."""

    IGNORE = "drop it"
    FORWARD = "send a signal to units"
    STOP = "stop the pod"
    FREEZE = "STOP to the units, timers freeze, stop too"
    THAW = "CONT to the units, timers go on"
    OWN = "the core's own business"


class StopScope(Word):
    """Whom the stop signal goes to."""

    GROUP = "the whole process group"
    MAIN = "the leader alone"


class LogMode(Word):
    """What becomes of a unit's output (DESIGN.md section 8)."""

    PREFIX = "whole lines behind the unit's name"
    JSON = "an object a line: time, unit, stream, line"
    RAW = "whole lines, unchanged"
    INHERIT = "the descriptor itself, no copy"
    NONE = "to /dev/null"


class Overflow(Word):
    """What becomes of lines that nobody takes."""

    BLOCK = "the unit waits as soon as its pipe is full"
    DROP = "whole lines are dropped, and counted"


class Control(Word):
    """Where PID 1 is asked and told."""

    OFF = "nowhere"
    FOUND = "on a socket in the first directory that can be written, else by an abstract name"
    AT = "on a socket at the path that the plan names"


class VolumeKind(Word):
    """What a volume is."""

    EMPTY_DIR = "an empty directory that lives as long as the pod"
    HOST_PATH = "something that is there already"
    FILES = "files whose contents the plan has or names"


class PathCheck(Word):
    """What must be at the path of a HOST_PATH; what may be missing is made."""

    ANYTHING = "whatever is there; else a directory"
    DIRECTORY_OR_CREATE = "a directory, made if it is missing"
    DIRECTORY = "a directory"
    FILE_OR_CREATE = "a file, made if it is missing"
    FILE = "a file"
    SOCKET = "a Unix socket"
    CHAR_DEVICE = "a character device"
    BLOCK_DEVICE = "a block device"


class StdinMode(Word):
    """What a unit reads."""

    NULL = "reads /dev/null"
    INHERIT = "reads what minipod reads"


# --- where variables come from ----------------------------------------------------------------------------------


class Origin(Word):
    """What PID 1 reads for a unit's environment: a variable, or a set of them."""

    SECRET = "a text of the plan, wiped there once it has been read"
    FILE = "a whole file"
    DIRECTORY = "the files of a directory, each a variable"
    ENV_FILE = "the lines of a file, each a variable"
    KEY = "one variable of a file in a volume, read at each start"
    ADDRESS = "this machine's first address"
    ADDRESSES = "this machine's addresses, one of each family"
    HOST = "this machine's name"
    CPU = "how many processors there are for the container"
    MEMORY = "how much memory there is for the container"
    STORAGE = "how large the container's root is"


class Lack(Word):
    """What it comes to when a source is not there."""

    FAILS = "nothing is started"
    PASSES = "there is no such variable"
    TEXT = "the plan has a text for it"


class Handing(Word):
    """How a secret is handed over."""

    ENVIRONMENT = "a variable has it"
    DESCRIPTOR = "a variable has the name of a descriptor to read it from"
