"""Any pod: its manifest is valid by the published schemas, and read again it is the same pod, as far as both can say
it.
"""

import sys
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[1] / "policy"))

from any_pod import stories
from exporting import manifest_of, reread

from minipod.kube.container import BACKOFF, START_ERROR
from minipod.model import Ask, Capabilities, Mount, Pod, Probe, RestartRule, Unit, Volume, VolumeFile
from minipod.supervisor.words import Handler, Kind, StopScope

SECOND = 1_000_000_000
SECONDS = st.integers(0, 2**31 - 1).map(lambda count: count * SECOND)
ABOVE = SECONDS.map(lambda time: time + SECOND).filter(lambda time: time < 2**31 * SECOND)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0$"), max_size=8)
WORDS = st.lists(TEXT, max_size=3).map(tuple)
COMMAND = st.tuples(TEXT.filter(bool), *[TEXT] * 2).map(tuple)
NAMES = st.from_regex(r"[A-Z_][A-Z0-9_.-]{0,3}", fullmatch=True)
PORT = st.integers(1, 65535)
LINE = st.text("abc/?=&é", max_size=5).map(lambda text: f"/{text}")
HEADERS = st.lists(st.tuples(st.sampled_from(["Host", "X-A"]), st.text("abc:.", max_size=4)), max_size=2).map(tuple)


def asks(handler: Handler, **parts: st.SearchStrategy) -> st.SearchStrategy[Ask]:
    """Those fields, and the others as they are."""
    return st.fixed_dictionaries(parts).map(lambda given: Ask(handler, **given))


HTTP = asks(
    Handler.HTTP_GET, scheme=st.sampled_from(["http", "https"]), port=PORT, path=LINE, headers=HEADERS,
    host=st.sampled_from(["127.0.0.1", "10.1.2.3", "shop.example"]),
)  # fmt: skip
EXEC = asks(Handler.EXEC, command=COMMAND)
ASKS = st.one_of(
    EXEC,
    HTTP,
    asks(Handler.TCP_SOCKET, port=PORT),
    asks(Handler.GRPC, port=PORT, service=st.sampled_from(["", "a.B"])),
)
HOOKS = st.one_of(EXEC, HTTP, asks(Handler.SLEEP, sleep=st.just(SECOND)))
CODES = st.lists(st.integers(0, 255), min_size=1, max_size=3, unique=True).map(tuple)
RULES = st.lists(st.builds(RestartRule, CODES, st.booleans(), st.booleans()), max_size=2).map(tuple)


def probes(*, is_readiness: bool) -> st.SearchStrategy[Probe | None]:
    return st.none() | st.builds(
        Probe, ASKS, SECONDS, ABOVE, ABOVE,
        success_threshold=st.integers(1, 9) if is_readiness else st.just(1),
        failure_threshold=st.integers(1, 9),
        termination_grace_period=st.none() if is_readiness else st.none() | ABOVE,
    )  # fmt: skip


MESSAGES = st.sampled_from([
    {"message_own": True, "termination_message_path": ""}, {"message_own": False, "termination_message_path": "/a"},
])  # fmt: skip
NAMED = st.lists(st.sampled_from(["ALL", "KILL", "NET_RAW"]), max_size=2, unique=True).map(tuple)


@st.composite
def rights(draw: st.DrawFn, is_strict: bool) -> dict:
    """Who a unit is and what it may do: whether /etc/group has a say is the pod's."""
    user, group = draw(st.sampled_from(["", "0", "1000"])), draw(st.sampled_from(["", "7"]))
    return {
        "user": user, "group": group, "member_groups": False if is_strict else True if user and group else None,
        "no_new_privileges": draw(st.booleans()), "not_root": not user and draw(st.booleans()),
        "read_only": draw(st.booleans()),
        "capabilities": Capabilities(draw(NAMED), draw(NAMED)),
    }  # fmt: skip


MODES = st.sampled_from([0o644, 0o600, 0o777])
CONTENTS = st.binary(max_size=4) | st.sampled_from([b"", b"a: 1\n", b"\xff"])
PATHS = ["a.conf", "b", "conf/a.conf", "conf/b", "with space", "é"]
FILES = st.lists(
    st.tuples(st.sampled_from(PATHS), MODES, CONTENTS).map(lambda given: VolumeFile(*given)),
    max_size=4, unique_by=lambda file: file.path,
).map(tuple)  # fmt: skip
VOLUMES = st.one_of(
    st.tuples(st.sampled_from(["", "Memory"]), st.sampled_from([0, 1, 64])).map(
        lambda given: Volume("", "empty_dir", *given)
    ),
    st.tuples(st.sampled_from(["/", "/srv"]), st.sampled_from(["", "Directory", "FileOrCreate"])).map(
        lambda given: Volume("", "host_path", path=given[0], check=given[1])
    ),
    FILES.map(lambda files: Volume("", "files", files=files)),
)
PARTS = st.sampled_from(["", "a/b", "$$x", "$(A)"])


def of_group(volume: Volume, group: int | None) -> Volume:
    """As a pod's fsGroup makes it."""
    if volume.kind == "host_path" or group is None:
        return volume
    return volume._replace(group=group, files=tuple(each._replace(mode=each.mode | 0o440) for each in volume.files))


def mounts(names: list[str]) -> st.SearchStrategy[tuple[Mount, ...]]:
    if not names:
        return st.just(())
    paths = st.sampled_from(["/a", "/a/b", "/data", "/x y"])
    one = st.tuples(st.sampled_from(names), paths, PARTS, st.booleans()).map(lambda given: Mount(*given))
    return st.lists(one, max_size=3, unique_by=lambda mount: mount.path).map(tuple)


@st.composite
def pods(draw: st.DrawFn, text: st.SearchStrategy[str] = TEXT) -> Pod:
    """Such as a manifest can say all of."""
    grace = draw(ABOVE)
    is_strict, groups = draw(st.booleans()), draw(st.sampled_from([(), ("7",), ("8", "2147483647")]))
    group = draw(st.none() | st.just(2000))
    volumes = [
        of_group(volume._replace(name=f"v{at}"), group) for at, volume in enumerate(draw(st.lists(VOLUMES, max_size=2)))
    ]
    hosts = draw(st.dictionaries(st.sampled_from(["10.0.0.7", "::1"]), st.just(("db", "db.local")), max_size=2))
    hostname = draw(st.sampled_from(["", "front", "a.b"]))
    hosts |= {"127.0.0.1": (hostname,)} if hostname else {}
    groups = (*groups, "2000") if group is not None and volumes else groups
    kinds = draw(st.lists(st.sampled_from([Kind.INIT, Kind.SIDECAR]), max_size=2))
    kinds += [Kind.SERVICE] * draw(st.integers(1, 2))
    units: list[Unit] = []
    for at, kind in enumerate(kinds):
        asked = {} if kind is Kind.INIT else {
            "startup_probe": draw(probes(is_readiness=False)),
            "liveness_probe": draw(probes(is_readiness=False)),
            "readiness_probe": draw(probes(is_readiness=True)),
            "post_start": draw(st.none() | HOOKS),
            "pre_stop": draw(st.none() | HOOKS),
        }  # fmt: skip
        restarts = {Kind.SIDECAR: ["always"], Kind.INIT: ["on_failure", "never"]}
        units.append(Unit(
            name=f"u{at}", kind=kind, command=draw(COMMAND), args=draw(WORDS),
            restart=draw(st.sampled_from(restarts.get(kind, ["always", "on_failure", "never"]))),
            restart_rules=draw(RULES), own_terminal=draw(st.booleans()),
            env=draw(st.dictionaries(NAMES, text, max_size=3)),
            working_dir=draw(st.sampled_from(["", "/srv"])),
            **draw(rights(is_strict)), groups=groups, **draw(MESSAGES), message_from_log=draw(st.booleans()),
            backoff=BACKOFF, stop_to=StopScope.MAIN, unstartable_code=START_ERROR,
            stop_signal=draw(st.sampled_from([15, 2, 9, 34, 36, 50, 63, 64])),
            termination_grace_period=grace,
            mounts=draw(mounts([volume.name for volume in volumes])),
            follows=units[-1].name if kind is Kind.SERVICE and units and units[-1].kind is Kind.SERVICE else None,
            **asked,
        ))  # fmt: skip
    return Pod(
        name=draw(st.sampled_from(["shop", "a.b"])), units=tuple(units), termination_grace_period=grace,
        labels=draw(st.dictionaries(st.sampled_from(["app", "x/y"]), st.sampled_from(["", "a"]))),
        deadline=draw(st.none() | ABOVE),
        volumes=tuple(volumes), hosts=tuple(hosts.items()), hostname=hostname,
        env={"HOSTNAME": hostname} if hostname else {},
    )  # fmt: skip


# Explaining a failure traces every line, of the schemas too: minutes.
MANY = settings(max_examples=60, deadline=None, phases=set(Phase) - {Phase.explain})


@MANY
@given(pod=pods())
def test_read_again_it_is_the_same_pod(pod):
    text, _ = manifest_of(pod)
    assert reread(text) == pod


@MANY
@given(pod=pods(st.lists(st.sampled_from(["$", "$$", "$(A)", "$(B)", "(", "x"]), max_size=4).map("".join)))
def test_variables_mean_the_same_when_it_is_read_again(pod):
    once = reread(manifest_of(pod)[0])
    assert reread(manifest_of(once)[0]) == once


@MANY
@given(story=stories(), kind=st.sampled_from(["Pod", "Deployment", "Job"]))
def test_of_whatever_pod_a_manifest_is_valid(story, kind):
    pod = story[0]
    text, said = manifest_of(pod, kind)
    found = reread(text)
    assert {unit.name: unit.kind for unit in found.units} == {unit.name: unit.kind for unit in pod.units}
    assert any("`main`" in each for each in said) == (pod.main is not None)
    lost = {unit.name for unit in pod.units if unit.max_restarts is not None}
    assert {unit.name for unit in pod.units if any(f"`max_restarts` of {unit.name} " in each for each in said)} == lost
