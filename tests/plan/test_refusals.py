"""What the core refuses: one spoiled plan for each clause it can say, and no clause without one."""

import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minipod.config.durations import MOST
from minipod.reaper.encode import encode
from minipod.reaper.layout import ffi, lib
from minipod.reaper.records import Exits, Plan, PlanRefused

LONG = 1 << 62
SET: Callable[[Any, str, Any], None] = setattr


def _nul_inside(draft) -> None:
    draft.words[0].size += 2


def _no_end(draft) -> None:
    draft.words[0].at, draft.words[0].size = draft.header.arrays[lib.PLAN_BLOB].count - 1, 1


def _behind_blob(draft) -> None:
    draft.words[0].at = draft.header.arrays[lib.PLAN_BLOB].count


def _two_edges_swapped(draft) -> None:
    last = len(draft.edges) - 1
    draft.edges[0], draft.edges[last] = dict(_fields(draft.edges[last])), dict(_fields(draft.edges[0]))


def _fields(struct) -> list[tuple[str, int]]:
    return [(name, getattr(struct, name)) for name, _ in ffi.typeof(struct).fields]


def _padding(draft) -> None:
    place = draft.header.arrays[lib.PLAN_RULES]
    end = place.at + place.count * ffi.sizeof("struct plan_rule")
    assert end % 8, "65 rules do not end at a multiple of 8"
    draft.bytes[end] = 1


def _service_first(draft) -> None:
    draft.units[0].kind, draft.units[0].standing, draft.units[0].deadline_ns = 2, 3, 0


def _array(draft, which: int, **fields: int) -> None:
    for name, value in fields.items():
        setattr(draft.header.arrays[which], name, value)


def _run(draft, unit: int, name: str, first: int, count: int) -> None:
    run = getattr(draft.units[unit], name)
    run.first, run.count = first, count


def _unit(name: str, value: int, index: int = 0) -> Callable:
    return lambda draft: SET(draft.units[index], name, value)


def _pod(name: str, value: int) -> Callable:
    return lambda draft: SET(draft.pod, name, value)


def _string(name: str) -> Callable:
    return lambda draft: SET(getattr(draft.units[1], name), "size", 1)


def _task(index: int, name: str, value: int) -> Callable:
    return lambda draft: SET(draft.errands[index], name, value)


def _task_text(index: int, name: str) -> Callable:
    return lambda draft: SET(getattr(draft.errands[index], name), "size", 1)


def _task_is(index: int, name: str, other: int, others: str) -> Callable:
    """One text in the place of another."""
    return lambda draft: SET(draft.errands[index], name, dict(_fields(getattr(draft.errands[other], others))))


def _longest(draft) -> Any:
    """The longest text of a command line."""
    return max(draft.words, key=lambda word: word.size)


def _fd_for_a_watchdog(draft) -> None:
    """A descriptor says "ready" once, and nothing else."""
    draft.units[4].notify_socket, draft.units[4].notify_fd = 0, 3


NONE = 0xFFFFFFFF
TCP, SLEEP = 2, 4  # handlers
# Errands of the realistic plan, by what they are like.
BY_GRPC, BY_EXEC, BY_HTTP, BEFORE_STOP, SILENCE, BY_TCP = 1, 3, 5, 6, 9, 10
TIMES = {"delay": "delay_ns", "period": "period_ns", "timeout": "timeout_ns", "grace": "grace_ns",
         "last grace": "last_grace_ns"}

# Units of the realistic plan: 0 migrate, 1 logs, 2 warm-up, 3 web (main), 4 worker, 5 db.
CASES: list[tuple[str, Callable]] = [
    ("it is not a plan", lambda d: SET(d.header, "magic", b"minipod\r")),
    (f"it is format 1, this minipod runs format {lib.PLAN_VERSION}", lambda d: SET(d.header, "version", 1)),
    (
        f"it is format 4294967295, this minipod runs format {lib.PLAN_VERSION}",
        lambda d: SET(d.header, "version", 0xFFFFFFFF),
    ),
    ("its header has another size than this minipod knows", lambda d: SET(d.header, "header_size", 304)),
    ("it is cut short", lambda d: SET(d, "size", d.size - 1)),
    ("something follows its end", lambda d: SET(d.header, "size", d.size - 1)),
    # the arrays
    ("an array does not begin where the one before it ends", lambda d: _array(d, lib.PLAN_UNITS, at=344)),
    ("an array does not begin where the one before it ends", lambda d: _array(d, lib.PLAN_WORDS, at=0)),
    ("an array does not begin where the one before it ends", lambda d: _array(d, lib.PLAN_WORDS, at=(1 << 64) - 8)),
    ("an array does not end inside it", lambda d: _array(d, lib.PLAN_UNITS, count=1 << 57)),
    ("an array does not end inside it", lambda d: _array(d, lib.PLAN_BLOB, count=(1 << 64) - 1)),
    ("bytes between its arrays are not 0", _padding),
    ("its blob does not end it", lambda d: SET(d.header.arrays[lib.PLAN_BLOB], "count", 1)),
    # words and variables
    ("a word of a command line is no string of its blob", _nul_inside),
    ("a word of a command line is no string of its blob", _no_end),
    ("a word of a command line is no string of its blob", _behind_blob),
    ("a word of a command line is no string of its blob", lambda d: SET(d.words[0], "size", 0xFFFFFFFF)),
    ("a word of a command line is no string of its blob", lambda d: SET(d.words[0], "size", 1)),
    ("a variable is no string of its blob", lambda d: SET(d.variables[0].name, "at", 0xFFFFFFFF)),
    ("a variable is no string of its blob", lambda d: SET(d.variables[0].value, "at", 0xFFFFFFFF)),
    ("a variable has no name, or one with a = in it", lambda d: SET(d.variables[0], "name", {"at": 4, "size": 0})),
    # numbers
    ("an exit code means something that no exit code means", lambda d: SET(d.exits[0], "exit_class", 2)),
    ("an exit code means something that no exit code means", lambda d: SET(d.exits[0], "exit_class", 6)),
    ("an exit code means something that no exit code means", lambda d: SET(d.exits[0], "exit_class", 9)),
    ("a delay is too long", lambda d: d.delays.__setitem__(0, LONG)),
    ("a signal goes to a unit that is not there", lambda d: d.targets.__setitem__(0, 6)),
    ("a signal's rule has an unknown verb", lambda d: SET(d.rules[64], "verb", 6)),
    ("a signal is sent that does not exist", lambda d: SET(d.rules[64], "send", 65)),
    ("a signal is forwarded as none", lambda d: SET(d.rules[64], "send", 0)),
    ("a signal's rule has something in an unused field", lambda d: SET(d.rules[0], "zero", 1)),
    ("nobody would hear of children that end", lambda d: SET(d.rules[signal.SIGCHLD], "verb", 0)),
    ("a signal's targets are not in it", lambda d: SET(d.rules[1].targets, "first", 0xFFFFFFFF)),
    ("a signal's targets are not in it", lambda d: SET(d.rules[1].targets, "count", 0xFFFFFFFF)),
    # units
    ("a unit has an unknown kind", _unit("kind", 3)),
    ("a service comes before an init or a sidecar", _service_first),
    ("a unit has no name", lambda d: SET(d.units[0].name, "at", 0xFFFFFFFF)),
    ("a unit has no name", lambda d: SET(d.units[1], "name", dict(_fields(d.units[1].user)))),
    ("a unit's name is longer than 63 bytes", lambda d: SET(d.units[0], "name", dict(_fields(_longest(d))))),
    ("a unit's working_dir is no string of its blob", _string("working_dir")),
    ("a unit's user is no string of its blob", _string("user")),
    ("a unit's group is no string of its blob", _string("group")),
    ("a unit's command line is not in it", lambda d: SET(d.units[0].argv, "first", 0xFFFFFFFF)),
    ("a unit's command line is not in it", lambda d: SET(d.units[5].argv, "count", 2)),
    ("a unit's command is longer than its command line", _unit("command_count", 4)),
    ("a unit has no command", _unit("command_count", 0)),
    ("a unit's environment is not in it", lambda d: SET(d.units[0].env, "count", 0xFFFFFFFF)),
    ("a unit has an unknown restart rule", _unit("rule", 3)),
    ("a unit has a standing that its kind cannot have", _unit("standing", 6)),
    ("a unit has a standing that its kind cannot have", _unit("standing", 1)),
    ("a unit has a standing that its kind cannot have", _unit("standing", 5, index=5)),
    ("a unit has a standing that its kind cannot have", _unit("standing", 3, index=3)),
    ("a unit that cannot be executed would not have failed", _unit("unstartable_class", 0)),
    ("a unit has a stop signal that does not exist", _unit("stop_signal", 0)),
    ("a unit has a stop signal that does not exist", _unit("stop_signal", 65)),
    ("a unit has an unknown stop scope", _unit("stop_scope", 2)),
    ("a unit's tty is neither 0 nor 1", _unit("tty", 2)),
    ("a unit has an unknown stdin mode", _unit("stdin_mode", 2)),
    ("a unit's leave_rest is neither 0 nor 1", _unit("leave_rest", 2)),
    ("a unit has something in an unused field", _unit("zero", 1)),
    ("a unit's tty_optional is neither 0 nor 1", _unit("tty_optional", 2)),
    ("a unit has an unknown forward scope", _unit("forward_scope", 2)),
    ("a unit's keep_session is neither 0 nor 1", _unit("keep_session", 2)),
    ("a unit's ask_rest is neither 0 nor 1", _unit("ask_rest", 2)),
    ("a unit's notify_socket is neither 0 nor 1", _unit("notify_socket", 2)),
    ("a unit's notify_fd is none that a program could write to", _unit("notify_fd", 2)),
    ("a unit's notify_fd is none that a program could write to", _unit("notify_fd", 1024)),
    ("a unit would not be told where to say it is ready", _pod("exact_env", 1)),
    ("a unit has an umask above 0777", _unit("umask", 0o1000)),
    ("a unit's exit map is not in it", _unit("exit_map", 3)),
    ("a unit's back-off is not in it", lambda d: SET(d.units[0].delays, "count", 0)),
    ("a unit's back-off is not in it", lambda d: SET(d.units[0].delays, "first", 0xFFFFFFFF)),
    ("a unit's grace is too long", _unit("grace_ns", LONG)),
    ("a unit's rest grace is too long", _unit("rest_grace_ns", LONG)),
    ("a unit's deadline is too long", _unit("deadline_ns", LONG)),
    ("a unit's back-off reset is too long", _unit("reset_ns", LONG)),
    ("a unit that is no init has a deadline", _unit("deadline_ns", 1, index=1)),
    # edges
    ("a unit's edges are not those that begin at it", lambda d: _run(d, 0, "edges", 1, 1)),
    ("a unit's edges are not those that begin at it", lambda d: SET(d.units[5].edges, "count", 0xFFFFFFFF)),
    ("a unit's edges are not those that begin at it", _two_edges_swapped),
    ("an edge belongs to no unit", lambda d: SET(d.units[5].edges, "count", d.units[5].edges.count - 1)),
    ("an edge leads to a unit that is not there", lambda d: SET(d.edges[0], "first", 6)),
    ("an edge leads to a unit that is not there", lambda d: SET(d.edges[0], "second", 6)),
    ("an edge has an unknown milestone", lambda d: SET(d.edges[0], "milestone", 4)),
    ("an edge has an unknown direction", lambda d: SET(d.edges[0], "direction", 2)),
    ("an edge has something in an unused field", lambda d: SET(d.edges[0], "zero", 1)),
    ("an edge leads against its units' ranks", lambda d: SET(d.edges[0], "second", 0)),
    ("an edge leads against its units' ranks", lambda d: SET(d.edges[0], "direction", 1)),
    ("an edge leads against its units' ranks", _unit("rank", 0xFFFFFFFF)),
    # probes and hooks
    ("a unit's probes are not those that name it", lambda d: _run(d, 1, "errands", 1, 2)),
    ("a unit's probes are not those that name it", lambda d: SET(d.units[1].errands, "count", 0xFFFFFFFF)),
    ("a unit's probes are not those that name it", lambda d: SET(d.units[1].errands, "count", 4)),
    ("a unit's probes are not those that name it", _task(0, "unit", 2)),
    ("a unit's probes are not in order", _task(BY_GRPC, "kind", 0)),
    ("a probe belongs to no unit", lambda d: SET(d.units[5].errands, "count", 0)),
    ("a probe has an unknown kind", _task(0, "kind", 6)),
    ("a probe has a handler that its kind cannot have", _task(0, "handler", 6)),
    ("a probe has a handler that its kind cannot have", _task(0, "handler", SLEEP)),
    ("a probe has a handler that its kind cannot have", _task(SILENCE, "handler", TCP)),
    ("a probe has a handler that its kind cannot have", _task(BY_TCP, "kind", 4)),
    ("a unit would be waited for that cannot say anything", _unit("notify_fd", NONE, index=1)),
    ("a unit would be waited for that cannot say anything", _unit("notify_socket", 0, index=4)),
    ("a unit would be waited for that cannot say anything", _fd_for_a_watchdog),
    ("a probe has something in an unused field", lambda d: d.errands[0].zero.__setitem__(6, 1)),
    ("a probe's host is no string of its blob", _task_text(BY_TCP, "host")),
    ("a probe's path is no string of its blob", _task_text(BY_HTTP, "path")),
    ("a probe's authority is no string of its blob", _task_text(BY_HTTP, "authority")),
    ("a probe's headers are no string of its blob", _task_text(BY_HTTP, "headers")),
    ("a probe's command line is not in it", lambda d: SET(d.errands[BY_EXEC].argv, "count", 0xFFFFFFFF)),
    ("a probe's command line is missing, or is not needed", lambda d: SET(d.errands[BY_EXEC].argv, "count", 0)),
    ("a probe's command line is missing, or is not needed", lambda d: SET(d.errands[BY_TCP].argv, "count", 1)),
    ("a probe's words are exact, but are none", _task(BY_TCP, "exact", 1)),
    ("a probe's words are exact, but are none", _task(BY_EXEC, "exact", 2)),
    ("a probe's port is missing, or is not needed", _task(BY_TCP, "port", 0)),
    ("a probe's port is missing, or is not needed", _task(BY_EXEC, "port", 1)),
    ("a probe's host is no address, or is not needed", _task_is(BY_TCP, "host", BY_EXEC, "host")),
    ("a probe's host is no address, or is not needed", _task_is(BY_EXEC, "host", BY_TCP, "host")),
    ("a probe's host is no address, or is not needed", _task_is(BY_TCP, "host", BY_HTTP, "path")),
    ("a probe has a request that it cannot send", _task_is(BY_TCP, "path", BY_HTTP, "path")),
    ("a probe has a request that it cannot send", _task_is(BY_EXEC, "headers", BY_HTTP, "headers")),
    ("a probe's path would break its request", _task_is(BY_HTTP, "path", BY_HTTP, "headers")),
    ("a probe's authority would break its request", _task_is(BY_HTTP, "authority", BY_HTTP, "headers")),
    ("a probe's headers would break its request", _task_is(BY_HTTP, "headers", BY_HTTP, "path")),
    ("a probe's headers would break its request", _task_is(BY_GRPC, "headers", BY_HTTP, "headers")),
    *[(f"a probe's {name} is too long", _task(BY_TCP, field, LONG)) for name, field in TIMES.items()],
    ("a probe would be asked without a pause", _task(BY_TCP, "period_ns", 0)),
    ("a probe would be waited for without an end", _task(BY_TCP, "timeout_ns", 0)),
    ("a hook has a timeout", _task(BEFORE_STOP, "timeout_ns", 1)),
    ("a hook has a delay or a period", _task(BEFORE_STOP, "delay_ns", 1)),
    ("a hook has a delay or a period", _task(BEFORE_STOP, "period_ns", 1)),
    ("a probe's threshold is 0", _task(BY_TCP, "success_threshold", 0)),
    ("a probe's threshold is 0", _task(BEFORE_STOP, "failure_threshold", 0)),
    ("a program would have to say one thing several times", _task(SILENCE, "success_threshold", 2)),
    ("a program would have to say one thing several times", _task(SILENCE, "failure_threshold", 2)),
    # logs and control
    ("a unit has an unknown log mode", lambda d: SET(d.units[1].log, "mode", 5)),
    ("a unit has an unknown log overflow", lambda d: SET(d.units[1].log, "overflow", 2)),
    ("a unit's log file is no string of its blob", lambda d: SET(d.units[1].log.file, "size", 1)),
    ("a unit has a log file and lines that do not reach us", lambda d: SET(d.units[1].log, "mode", 3)),
    ("a unit's log has something in an unused field", lambda d: d.units[1].log.zero.__setitem__(1, 1)),
    ("the pod has an unknown kind of control", _pod("control", 3)),
    ("the control socket's path is no string of its blob", lambda d: SET(d.pod.control_path, "at", 0xFFFFFFFF)),
    ("the control socket's path is none that a socket can have", _pod("control", 1)),
    ("the control socket's path is none that a socket can have",
     lambda d: SET(d.pod, "control_path", dict(_fields(d.units[1].user)))),
    ("the address to listen on is no string of its blob", lambda d: SET(d.pod.listen_host, "at", 0xFFFFFFFF)),
    ("the address to listen on is none in figures", lambda d: SET(d.pod, "listen_host", dict(_fields(d.pod.name)))),
    ("an address to listen on has no port, or a port no address", _pod("listen_port", 0)),
    ("minipod's own words have an unknown form", _pod("own_log", 2)),
    ("two units have the terminal", lambda d: (SET(d.units[0], "tty", 1), SET(d.units[1], "tty", 1))),
    # the pod
    ("the pod has no name", lambda d: SET(d.pod.name, "size", 0)),
    ("the pod has no name", lambda d: SET(d.pod.name, "at", 0xFFFFFFFF)),
    ("the pod has no name", lambda d: SET(d.pod, "name", dict(_fields(d.units[1].user)))),
    ("the termination message's path is no string of its blob", lambda d: SET(d.pod.termination_message, "size", 1)),
    ("the default PATH is no string of its blob", lambda d: SET(d.pod.default_path, "size", 1)),
    ("the pod's labels are not in it", lambda d: SET(d.pod.labels, "count", 0xFFFFFFFF)),
    ("the pod's environment is not in it", lambda d: SET(d.pod.env, "first", 0xFFFFFFFF)),
    ("the main unit is no service of it", lambda d: (SET(d.pod, "main_unit", 6), SET(d.units[3], "standing", 3))),
    ("the words after -- go to no unit of it", _pod("args_unit", 6)),
    ("the pod's exact_env is neither 0 nor 1", _pod("exact_env", 2)),
    ("the pod's leave_others is neither 0 nor 1", _pod("leave_others", 2)),
    ("the pod's start_once is neither 0 nor 1", _pod("start_once", 2)),
    ("the pod's plain_hangup is neither 0 nor 1", _pod("plain_hangup", 2)),
    ("the pod's deadline is too long", _pod("deadline_ns", LONG)),
    ("the pod's stop budget is too long", _pod("budget_ns", LONG)),
    ("the pod's retry delay is too long", _pod("retry_ns", LONG)),
    ("what lacks resources would be tried without a pause", _pod("retry_ns", 0)),
    ("the least time for a stop is too long", _pod("term_floor_ns", LONG)),
    ("the least time between two beginnings is too long", _pod("round_floor_ns", LONG)),
    ("the stop budget's margin is no slice of it", lambda d: SET(d.pod.margin, "divisor", 1)),
    ("the stop budget's margin is no slice of it", lambda d: SET(d.pod.margin, "divisor", 0)),
    ("the stop budget's margin is no slice of it", lambda d: SET(d.pod.margin, "cap_ns", LONG)),
    ("the sidecars' part of the stop budget is no slice of it", lambda d: SET(d.pod.sidecars, "divisor", 0)),
    ("the turn's part of the stop budget is no slice of it", lambda d: SET(d.pod.turn, "divisor", 0)),
]

# Clauses that a plan made with care earns, each by a test of its own below.
OF_THEIR_OWN = {
    "it does not lie at a multiple of 8 in memory",
    "it is larger than 64 MiB",
    "it is damaged: its digest is not that of its bytes",
    "it has no blob",
    "it has no unit",
    "it has no service",
    "it has more than 65,535 units",
    "an exit map has not 256 codes",
    "it has not one rule for each signal",
    "its strings add up to more than 1 GiB",
    "a probe's request is longer than 15,000 bytes",
}


def test_the_realistic_plan_is_accepted(draft) -> None:
    assert draft.refusal() is None


@pytest.mark.parametrize(("clause", "spoil"), CASES, ids=[f"{i}: {clause}" for i, (clause, _) in enumerate(CASES)])
def test_spoiled(draft, clause: str, spoil: Callable) -> None:
    spoil(draft)
    draft.sign()
    assert draft.refusal() == clause


def test_every_clause_has_a_case(root: Path) -> None:
    names = ("plan.c", "refuse.c", "refuse_errand.c", "refuse_sight.c")
    source = "".join((root / "csrc" / name).read_text(encoding="utf-8") for name in names)
    said = set(re.findall(r'(?:return|=|,)\s+"([^"%]+)"(?:;|\})', source))
    cases = {clause for clause, _ in CASES if not clause.startswith("it is format")}
    assert said == cases | OF_THEIR_OWN


def test_any_other_address(raw: bytes) -> None:
    held = ffi.new("uint8_t[]", len(raw) + 1)
    ffi.memmove(held + 1, raw, len(raw))
    assert b"multiple of 8" in ffi.string(lib.plan_refuse(held + 1, len(raw)))


def test_a_wrong_digest(draft) -> None:
    draft.header.digest ^= 1
    assert draft.refusal() == "it is damaged: its digest is not that of its bytes"


def test_too_large(draft) -> None:
    large = ffi.new("uint8_t[]", (64 << 20) + 1)
    ffi.memmove(large, draft.bytes, draft.size)
    ffi.cast("struct plan_header *", large).size = len(large)
    assert ffi.string(lib.plan_refuse(large, len(large))) == b"it is larger than 64 MiB"


def _refusal(plan: Plan) -> str:
    with pytest.raises(PlanRefused) as caught:
        encode(plan)
    return str(caught.value)


def test_no_unit(plan: Plan) -> None:
    assert _refusal(plan._replace(units=(), edges=())) == "it has no unit"


def _without_targets(plan: Plan) -> Plan:
    return plan._replace(rules=tuple(rule._replace(targets=()) for rule in plan.rules))


def test_the_longest_duration_is_the_configs(plan: Plan) -> None:
    assert encode(plan._replace(deadline_ns=MOST))
    assert _refusal(plan._replace(deadline_ns=MOST + 1)) == "the pod's deadline is too long"


def test_no_service(plan: Plan) -> None:
    only_init = _without_targets(plan)._replace(units=plan.units[:1], edges=(), main_unit=None)
    assert _refusal(only_init._replace(args_unit=None)) == "it has no service"


def test_not_one_rule_for_each_signal(plan: Plan) -> None:
    assert _refusal(plan._replace(rules=plan.rules[:64])) == "it has not one rule for each signal"


def test_too_few_exit_codes(plan: Plan) -> None:
    short = Exits(bytes(255), bytes(255))
    units = tuple(unit._replace(exits=short) for unit in plan.units)
    assert _refusal(plan._replace(units=units)) == "an exit map has not 256 codes"


def test_too_many_units(draft, raw: bytes) -> None:
    size = 65536 * ffi.sizeof("struct plan_unit")
    end = draft.header.arrays[lib.PLAN_EDGES].at
    wide = type(draft)(raw[:end] + bytes(size) + raw[end:])
    wide.header.size += size
    wide.header.arrays[lib.PLAN_UNITS].count += 65536
    for which in range(lib.PLAN_EDGES, lib.PLAN_ARRAYS):
        wide.header.arrays[which].at += size
    wide.sign()
    assert wide.refusal() == "it has more than 65,535 units"


def test_too_much_text(plan: Plan) -> None:
    long = plan.units[-1]._replace(argv=("x" * (1 << 20),) * 1025, rank=0)
    small = _without_targets(plan)._replace(units=(long,), edges=(), main_unit=None, args_unit=None)
    assert _refusal(small) == "its strings add up to more than 1 GiB"


def test_no_blob(draft) -> None:
    blob = draft.header.arrays[lib.PLAN_BLOB]
    draft.size -= blob.count
    draft.header.size = draft.size
    blob.count = 0
    draft.sign()
    assert draft.refusal() == "it has no blob"


def test_a_name_with_an_equals_sign(plan: Plan) -> None:
    assert _refusal(plan._replace(env=(("A=B", "1"),))) == "a variable has no name, or one with a = in it"


def test_a_text_with_a_nul(plan: Plan) -> None:
    assert _refusal(plan._replace(env=(("A", "1\0"),))) == "a variable is no string of its blob"


def test_a_number_that_has_no_room(plan: Plan) -> None:
    assert _refusal(plan._replace(budget_ns=1 << 64)) == "a number is larger than it can hold"
