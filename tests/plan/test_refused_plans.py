"""Plans that the core refuses as a whole, or for what only a plan of another make has: see test_refusals.py."""

import pytest

from minipod.config.durations import MOST
from minipod.config.tables import SAID
from minipod.reaper.encode import encode
from minipod.reaper.layout import ffi, lib
from minipod.reaper.records import Exits, Plan, PlanRefused, Volume
from minipod.supervisor.words import VolumeKind


def test_sources_where_there_is_nothing_to_add(plan: Plan) -> None:
    rules = tuple(rule._replace(targets=()) for rule in plan.rules)
    alone = plan._replace(units=(plan.units[5],), edges=(), main_unit=None, args_unit=None, rules=rules)
    solo = alone._replace(exact_env=True)
    with pytest.raises(PlanRefused, match="just what minipod was given has sources"):
        encode(solo)


def test_a_source_named_as_no_variable_is(plan: Plan) -> None:
    unit = plan.units[5]
    odd = unit._replace(sources=(unit.sources[0]._replace(name="A=B"),))
    with pytest.raises(PlanRefused, match="one that no variable has"):
        encode(plan._replace(units=(*plan.units[:5], odd)))


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


def test_a_long_hostname(plan: Plan) -> None:
    assert _refusal(plan._replace(hostname="a" * 65)) == "the pod's hostname is longer than 64 bytes"


def test_too_many_volumes(plan: Plan) -> None:
    many = tuple(Volume(f"v{n}", VolumeKind.EMPTY_DIR) for n in range(4097))
    units = tuple(unit._replace(mounts=(), sources=()) for unit in plan.units)
    assert _refusal(plan._replace(volumes=many, units=units)) == "it has more than 4,096 volumes"


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


def test_what_is_said_of_a_unit_fits_into_an_answer(plan: Plan) -> None:
    unit = plan.units[-1]._replace(rank=0, labels=(("a", "1" * 94), ("b", "")), image="i" * (SAID - 98))
    said = _without_targets(plan)._replace(units=(unit,), edges=(), main_unit=None, args_unit=None)
    assert encode(said)
    more = said._replace(units=(unit._replace(labels=(("a", "1" * 94), ("b", "2"))),))
    assert _refusal(more) == "a unit's labels and image are longer than 4,096 bytes"


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
