"""Of a plan what is settled when a pod starts, for ``supervisor.settled`` to compare. Pure. The files of Secrets, which
PID 1 has forgotten, are left out.
"""

from minipod.reaper.changes import visible_volumes
from minipod.reaper.records import Plan, Unit
from minipod.supervisor.settled import Fixed, FixedUnit, Settled, Shown

_FIELDS = {
    Settled.NAME: ("name",),
    Settled.CONTROL: ("control", "control_path"),
    Settled.LISTEN: ("listen_host", "listen_port"),
    Settled.HOSTS: ("hosts",),
    Settled.HOSTNAME: ("hostname",),
    Settled.DEADLINE: ("deadline_ns",),
    Settled.LOG: ("own_log",),
    Settled.WAY: (
        "exact_env", "leave_others", "start_once", "plain_hangup", "usage_ns", "eviction_ns",
    ),
}  # fmt: skip


def of_plan(plan: Plan) -> Fixed:
    """What of the plan is settled."""
    fixed: dict[Settled, object] = {key: [getattr(plan, name) for name in names] for key, names in _FIELDS.items()}
    fixed[Settled.VOLUMES] = visible_volumes(plan.volumes)
    return Fixed(fixed, {unit.name: _of_unit(unit) for unit in plan.units})


def _of_unit(unit: Unit) -> FixedUnit:
    mounts = tuple(Shown(each.path, each.volume, each.sub_path, each.expands) for each in unit.mounts)
    return FixedUnit((unit.tty, unit.tty_optional), unit.log, unit.log.file, unit.read_only, mounts)
