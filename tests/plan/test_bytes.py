"""Bytes of a plan: there and back, each thing once, and the digest."""


import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minipod.commands.plan_json import to_json
from minipod.commands.plan_text import to_text
from minipod.model import Ask, Backoff, Control, Log, Notify, Pod, Probe, RestartRule, SignalRule, Unit
from minipod.reaper.decode import decode
from minipod.reaper.encode import encode
from minipod.reaper.layout import ffi, lib
from minipod.reaper.lower import lower
from minipod.reaper.records import MAGIC, File, Plan, PlanRefused
from minipod.secret import Secret
from minipod.supervisor.vocabulary import (
    Handler,
    Kind,
    LogMode,
    Milestone,
    Overflow,
    SignalVerb,
    StdinMode,
    StopScope,
)

NS = st.integers(0, (1 << 62) - 1)
WAITED = (Milestone.STARTED, Milestone.READY, Milestone.COMPLETED)
EARLY = (Kind.INIT, Kind.SIDECAR)
CODES = st.integers(0, 255)
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12)
NAMES = TEXT.filter(lambda text: text and "=" not in text)
VARIABLES = st.dictionaries(NAMES, TEXT, max_size=4)


COMMANDS = st.lists(TEXT, min_size=1, max_size=3).map(tuple)
PORTS = st.integers(1, 65535)
HOSTS = st.sampled_from(["127.0.0.1", "localhost", "::1", "[fe80::1]", "db.example"])
FIELDS = st.tuples(st.just("Host"), st.sampled_from(["", "a"])) | st.tuples(
    st.sampled_from(["Accept", "X-A", "user-agent"]), st.sampled_from(["", "a", "b: c"]))


def asks(handler: Handler, **fields) -> st.SearchStrategy[Ask]:
    """Not ``st.builds``, which would invent the fields that another handler has."""
    return st.fixed_dictionaries(fields).map(lambda given: Ask(handler, **given))


GETS = asks(Handler.HTTP_GET, scheme=st.sampled_from(["http", "https"]), host=HOSTS, port=PORTS, path=TEXT,
            headers=st.lists(FIELDS, max_size=3).map(tuple))
EXECS = asks(Handler.EXEC, command=COMMANDS)
ASKS = EXECS | GETS | asks(Handler.TCP_SOCKET, host=HOSTS, port=PORTS) | asks(
    Handler.GRPC, port=PORTS, service=st.text("a.B", max_size=5))
MOST = (1 << 32) - 1
POSITIVE = st.integers(1, (1 << 62) - 1)
PROBES = st.builds(Probe, ASKS, NS, POSITIVE, POSITIVE, st.integers(1, MOST), st.integers(1, MOST),
                               st.none() | NS)
ACTIONS = EXECS | GETS | asks(Handler.SLEEP, sleep=NS)
RULE = st.builds(RestartRule, st.lists(CODES, max_size=3).map(tuple), st.booleans(), st.booleans())
RULES = st.lists(RULE, max_size=2)
DUTIES = {
    **dict.fromkeys(("startup_probe", "liveness_probe", "readiness_probe"), PROBES),
    **dict.fromkeys(("post_start", "pre_stop"), ACTIONS),
    **dict.fromkeys(("watchdog", "start_timeout"), POSITIVE),
    "restart_rules": RULES.map(tuple),
}


@st.composite
def errands(draw) -> dict:
    """A few of them; a watchdog only where there is a socket."""
    some = {name: draw(DUTIES[name]) for name in draw(st.lists(st.sampled_from(sorted(DUTIES)), max_size=2))}
    fd = draw(st.none() | st.integers(3, 1023)) if "watchdog" not in some else None
    needs_notify = some.keys() & {"watchdog", "start_timeout"}
    return {**some, "notify": Notify(fd) if needs_notify or draw(st.booleans()) else None}


@st.composite
def units(draw, name: str, kind: Kind, before: list[str]) -> Unit:
    """A unit that may follow some of those before it."""
    return Unit(
        name=name,
        kind=kind,
        command=tuple(draw(st.lists(TEXT, min_size=1, max_size=3))),
        restart=draw(st.sampled_from(["always", "on_failure", "never"])),
        args=tuple(draw(st.lists(TEXT, max_size=3))),
        env=draw(VARIABLES),
        working_dir=draw(TEXT),
        user=draw(TEXT),
        group=draw(TEXT),
        umask=draw(st.none() | st.integers(0, 0o777)),
        after=draw(st.dictionaries(st.sampled_from(before), st.sampled_from(WAITED)) if before else st.just({})),
        essential=draw(st.booleans()),
        backoff=Backoff(draw(st.integers(1, 1 << 40)), draw(st.integers(1, 1 << 40)), draw(NS)),
        max_restarts=draw(st.none() | st.integers(0, (1 << 32) - 2)),
        deadline=draw(st.none() | NS) if kind is Kind.INIT else None,
        stop_signal=draw(st.integers(1, 64)),
        stop_to=draw(st.sampled_from(StopScope)),
        termination_grace_period=draw(NS),
        exit_codes=draw(st.dictionaries(CODES, CODES, max_size=3)),
        stdin=draw(st.sampled_from(StdinMode)),
        log=draw(logs()),
        tty=False,
        **draw(errands()),
    )


LISTENS = st.none() | st.tuples(st.sampled_from(["127.0.0.1", "::"]), PORTS)
CONTROLS = st.just(Control(False)) | st.builds(Control, st.just(True), TEXT, LISTENS)


@st.composite
def logs(draw) -> Log:
    """Any log that a unit can have."""
    mode = draw(st.sampled_from(LogMode))
    has_file = mode not in (LogMode.INHERIT, LogMode.NONE)
    file = draw(TEXT) if has_file else ""
    return Log(mode, draw(st.sampled_from(Overflow)), file, draw(NS), draw(st.integers(0, MOST)))


@st.composite
def pods(draw) -> Pod:
    """Any pod that order allows: ``after`` looks back, and only at services."""
    kinds = draw(st.lists(st.sampled_from(EARLY), max_size=3))
    early = [draw(units(f"e{i}", kind, [])) for i, kind in enumerate(kinds)]
    services: list[Unit] = []
    for i in range(draw(st.integers(1, 4))):
        services.append(draw(units(f"s{i}", Kind.SERVICE, [unit.name for unit in services])))
    names = st.sampled_from([unit.name for unit in (*early, *services)])
    targets = st.lists(names, max_size=3).map(tuple)
    rules = st.builds(SignalRule, st.sampled_from(SignalVerb), st.integers(0, 64), targets)
    return Pod(
        name=draw(NAMES),
        units=(*early, *services),
        labels=draw(VARIABLES),
        env=draw(VARIABLES),
        main=draw(st.none() | st.sampled_from([unit.name for unit in services])),
        deadline=draw(st.none() | NS),
        termination_grace_period=draw(NS),
        signals=draw(st.dictionaries(st.integers(1, 64), rules, max_size=4)),
        termination_message_path=draw(TEXT),
        log=draw(logs()),
        control=draw(CONTROLS),
    )


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(pods())
def test_there_and_back(pod: Pod) -> None:
    plan = lower(pod)
    assert decode(encode(plan)) == plan


def test_the_realistic_plan_there_and_back(plan: Plan) -> None:
    assert decode(encode(plan)) == plan


def test_a_secret_stands_among_the_secrets_alone(plan: Plan, raw: bytes) -> None:
    """There it is overwritten; equal ones are kept apart, so that none is wiped by halves."""
    header = ffi.cast("struct plan_header *", ffi.from_buffer(raw))
    place = header.arrays[lib.PLAN_SECRETS]
    assert raw[place.at:place.at + place.count] == b"hunter2"
    assert raw.count(b"hunter2") == 2, "the other one is a variable of the pod"
    assert "hunter2" not in repr(plan.units[5])


def test_so_does_a_file_of_a_volume(plan: Plan) -> None:
    pin = Secret(b"1234\0\xff")
    conf = plan.volumes[-1]._replace(files=(*plan.volumes[-1].files, File("pin", pin, 0o400, is_secret=True)))
    given = plan._replace(volumes=(*plan.volumes[:-1], conf))
    raw = encode(given)
    assert decode(raw) == given
    place = ffi.cast("struct plan_header *", ffi.from_buffer(raw)).arrays[lib.PLAN_SECRETS]
    assert raw.count(pin.reveal()) == raw[place.at:place.at + place.count].count(pin.reveal()) == 1
    shown = to_text(given) + to_json(given)
    assert "pin (a secret)" in shown and "1234" not in shown


def test_bytes_that_are_no_text_survive(plan: Plan) -> None:
    odd = plan._replace(termination_message="\udcff/\udc80")
    assert b"\xff/\x80\0" in encode(odd)
    assert decode(encode(odd)) == odd


def test_equal_things_are_stored_once(plan: Plan, raw: bytes) -> None:
    last = plan.units[-1]
    room = ffi.sizeof("struct plan_unit") + len(last.errands) * ffi.sizeof("struct plan_errand")
    room += len(last.mounts) * ffi.sizeof("struct plan_mount")
    last = last._replace(sources=())
    more = encode(plan._replace(units=(*plan.units, last._replace(name="db2"))))
    assert len(more) - len(raw) <= room + len("db2\0") + 8


def test_equal_plans_have_equal_bytes(shop: Pod, raw: bytes) -> None:
    assert encode(lower(shop)) == raw


def test_what_looks_like_a_plan(raw: bytes) -> None:
    assert raw.startswith(MAGIC)
    assert not b"[pod]\n".startswith(MAGIC)


def test_decode_says_what_the_core_says(raw: bytes) -> None:
    with pytest.raises(PlanRefused, match="^it is cut short$"):
        decode(raw[:-1])


def fnv(raw: bytes) -> int:
    """FNV-1a, 64 bit, as its authors define it."""
    digest = 0xCBF29CE484222325
    for byte in raw:
        digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return digest


def test_digest(raw: bytes) -> None:
    at = ffi.offsetof("struct plan_header", "digest")
    blank = raw[:at] + bytes(8) + raw[at + 8:]
    assert lib.plan_digest(ffi.new("uint8_t[]", raw), len(raw)) == fnv(blank)
    assert int.from_bytes(raw[at:at + 8], "little") == fnv(blank)


def test_digest_known_values() -> None:
    assert (fnv(b"a"), fnv(b"foobar")) == (0xAF63DC4C8601EC8C, 0x85944171F73967E8)
