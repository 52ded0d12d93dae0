"""How each family of vectors is read, by the name of its file."""

from cases import Family

from families import (
    active_deadline,
    backoff,
    env,
    expansion,
    hosts_file,
    names,
    phase,
    pod_status,
    podpreset,
    printer,
    probe_handlers,
    probe_worker,
    ready_condition,
    restart,
    termination_order,
)

FAMILIES = {
    "active_deadline": Family(active_deadline.read, by_tables=True),
    "backoff": Family(backoff.read, by_tables=True),
    "env": Family(env.read, by_tables=False),
    "expansion": Family(expansion.read, by_tables=False),
    "hosts_file": Family(hosts_file.read, by_tables=False),
    "human_duration": Family(printer.read_durations, by_tables=False),
    "names": Family(names.read, by_tables=False),
    "phase": Family(phase.read, by_tables=True),
    "pod_status": Family(pod_status.read, by_tables=True),
    "podpreset": Family(podpreset.read, by_tables=False),
    "printer": Family(printer.read_pods, by_tables=False),
    "printer_derived": Family(printer.read_pods, by_tables=False),
    "probe_handlers": Family(probe_handlers.read, by_tables=False),
    "probe_worker": Family(probe_worker.read, by_tables=True),
    "ready_condition": Family(ready_condition.read, by_tables=True),
    "restart": Family(restart.read, by_tables=True),
    "termination_order": Family(termination_order.read, by_tables=True),
}
