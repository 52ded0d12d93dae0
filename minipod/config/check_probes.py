"""What of a unit's probes, hooks and notify can only be seen together. Imported only for units that have one."""

from minipod.config.durations import format_duration
from minipod.config.findings import Findings, Path, word
from minipod.config.key import HOOK_NAMES
from minipod.model import Ask, Unit
from minipod.supervisor.words import Handler


def check_probes(unit: Unit, given: dict, at: Path, found: Findings) -> None:
    """Record what does not go together. ``given``: the unit's table, ``at``: where it stands."""
    _check_notify(unit, given, at, found)
    for name in HOOK_NAMES:
        hook = getattr(unit, name)
        if hook is not None:
            _check_sleep(unit, hook, (*at, name), found)


def _check_notify(unit: Unit, given: dict, at: Path, found: Findings) -> None:
    for name in ("watchdog", "start_timeout"):
        if name in given and "notify" not in given:
            found.error(
                (*at, name),
                f"`{name}` needs notify",
                on_key=True,
                why="the program must have a way to speak",
                help='add notify = "sd"',
            )
    if "watchdog" in given and unit.notify is not None and unit.notify.fd is not None:
        found.error(
            (*at, "watchdog"),
            '`watchdog` needs notify = "sd"',
            on_key=True,
            also=(((*at, "notify"), "a descriptor says only once that the program is ready"),),
            help='write notify = "sd", or use a liveness_probe',
        )
    if "startup_probe" in given and "notify" in given:
        found.error(
            (*at, "startup_probe"),
            f"{word(unit.name)} has both startup_probe and notify",
            on_key=True,
            also=(((*at, "notify"), "the other one"),),
            why="each says when it has started, and they need not agree",
            help="keep one of them; start_timeout bounds what notify waits for",
        )


def _check_sleep(unit: Unit, hook: Ask, at: Path, found: Findings) -> None:
    if hook.handler is Handler.SLEEP and hook.sleep > unit.termination_grace_period:
        grace = format_duration(unit.termination_grace_period)
        found.error(
            (*at, "sleep"),
            f"`{at[-1]}` sleeps longer than {grace}",
            why=f"that is the termination_grace_period of {word(unit.name)}",
            help="sleep for less, or raise it",
        )
