"""The model: one pod as the config means it, complete and checked. Every default stands here and nowhere else.

Times are nanoseconds. Nothing here knows TOML, bytes or the system; ``config`` builds it, ``reaper.lower`` reads it.
(Named tuples: see ``reaper.records``.)
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from minipod.supervisor import backoff, budget
from minipod.supervisor.order import Member
from minipod.supervisor.words import Kind, LogMode, Milestone, SignalVerb, StdinMode, StopScope

TERM = 15
EMPTY: Mapping = MappingProxyType({})


class Backoff(NamedTuple):
    """Delays between restarts: 0, ``initial``, doubled up to ``max``; a run longer than ``reset_after`` starts anew."""

    initial: int = backoff.INITIAL
    max: int = backoff.CAP
    reset_after: int = backoff.RESET_AFTER


class SignalRule(NamedTuple):
    """What to do with one received signal. ``to`` names units; empty means every running one."""

    verb: SignalVerb
    send: int = 0
    to: tuple[str, ...] = ()


class Unit(NamedTuple):
    """One program. ``restart`` is always, on_failure or never."""

    name: str
    kind: Kind
    command: tuple[str, ...]
    restart: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = EMPTY
    working_dir: str = ""
    user: str = ""
    group: str = ""
    umask: int | None = None
    after: Mapping[str, Milestone] = EMPTY
    essential: bool = False
    backoff: Backoff = Backoff()
    max_restarts: int | None = None
    deadline: int | None = None
    stop_signal: int = TERM
    stop_to: StopScope = StopScope.GROUP
    termination_grace_period: int = budget.GRACE
    exit_codes: Mapping[int, int] = EMPTY
    stdin: StdinMode = StdinMode.NULL
    log: LogMode = LogMode.PREFIX

    @property
    def member(self) -> Member:
        """What order needs to know of it."""
        return Member(self.name, self.kind, self.after)


class Pod(NamedTuple):
    """A whole pod. ``units``: inits and sidecars in file order, then services in file order."""

    name: str
    units: tuple[Unit, ...]
    labels: Mapping[str, str] = EMPTY
    env: Mapping[str, str] = EMPTY
    main: str | None = None
    deadline: int | None = None
    termination_grace_period: int = budget.GRACE
    signals: Mapping[int, SignalRule] = EMPTY
    termination_message_path: str = ""


def default_restart(kind: Kind, *, is_main: bool) -> str:
    """The restart policy of a TOML unit that names none, in a pod that names none (DESIGN.md section 4)."""
    return "never" if kind is Kind.INIT or is_main else "always"
