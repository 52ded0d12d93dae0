"""What units are executed with: the environment's order and precedence, expansion, words behind ``--``."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from minipod.model import Ask, Notify, Pod, Probe, Unit
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower
from minipod.reaper.records import Plan
from minipod.reaper.solo import plan as solo_plan
from minipod.supervisor.vocabulary import Direction, Handler, Kind

Given = dict[bytes, bytes] | list[bytes]
GIVEN: Given = {b"PATH": b"/bin", b"HOME": b"/root"}


@dataclass(frozen=True)
class Program:
    """One unit as loaded. ``lacks``: names that the child must still add."""

    argv: list[bytes]
    envp: list[bytes]
    lacks: set[str]
    waits: tuple[int, int]
    errands: list[list[bytes]]

    @property
    def env(self) -> dict[bytes, bytes]:
        pairs = dict(entry.split(b"=", 1) for entry in self.envp)
        assert len(pairs) == len(self.envp), "a name stands there twice"
        return pairs

    @property
    def own(self) -> dict[bytes, bytes]:
        """Without what minipod says of itself."""
        return {name: value for name, value in self.env.items() if not name.startswith(b"MINIPOD_")}


class Refused(Exception):
    """The loader's clause."""


Load = Callable[..., list[Program]]


@pytest.fixture
def load(driver, tmp_path: Path) -> Load:
    """Loads a plan with an environment (a list: whole entries) and words."""

    def run(plan: Plan, *words: str, given: Given = GIVEN, mark: str = "mark") -> list[Program]:
        path, environment = tmp_path / "plan", tmp_path / "environment"
        path.write_bytes(encode(plan))
        entries = [b"%s=%s" % pair for pair in given.items()] if isinstance(given, dict) else given
        environment.write_bytes(b"".join(entry + b"\0" for entry in entries))
        command = [driver("load_dump"), path, environment, mark, *words]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode == 78:
            raise Refused(done.stdout.decode().strip())
        assert done.returncode == 0, done.stderr.decode()
        return list(_programs(iter(done.stdout.split(b"\0")[:-1])))

    return run


def _programs(fields: Iterator[bytes]) -> Iterator[Program]:
    for count in fields:
        argv = [next(fields) for _ in range(int(count))]
        envp = [next(fields) for _ in range(int(next(fields)))]
        lacks = {name for name in ("HOME", "USER", "LOGNAME") if next(fields) == b"1"}
        waits = int(next(fields)), int(next(fields))
        yield Program(argv, envp, lacks, waits, [_errand(fields) for _ in range(int(next(fields)))])


def _errand(fields: Iterator[bytes]) -> list[bytes]:
    argv = [next(fields) for _ in range(int(next(fields)))]
    assert next(fields) == b"1", "its environment is not its unit's"
    return argv


def one(*command: str, env: dict[str, str] | None = None, pod_env: dict[str, str] | None = None, **fields) -> Plan:
    """The plan of a pod with one service."""
    unit = Unit("web", Kind.SERVICE, command or ("true",), "always", env=env or {}, **fields)
    return lower(Pod("shop", (unit,), env=pod_env or {}))


def test_inherited_then_the_pods_then_the_units(load: Load) -> None:
    [web] = load(one(pod_env={"A": "pod", "B": "pod"}, env={"B": "unit", "C": "unit"}), given={b"A": b"0", b"Z": b"0"})
    assert web.own == {b"A": b"pod", b"B": b"unit", b"C": b"unit", b"Z": b"0"}


def test_what_minipod_says_of_itself(load: Load) -> None:
    [web] = load(one(), given={b"MINIPOD_GRACE": b"3", b"MINIPOD_UNIT": b"outer", b"MINIPO": b"1"})
    assert web.env == {
        b"MINIPO": b"1",
        b"MINIPOD_UNIT": b"web",
        b"MINIPOD_POD": b"shop",
        b"MINIPOD_INSTANCE": b"mark.0",
    }


def test_each_unit_has_its_own_number(load: Load) -> None:
    units = tuple(Unit(f"u{i}", Kind.SERVICE, ("true",), "always") for i in range(12))
    assert [p.env[b"MINIPOD_INSTANCE"] for p in load(lower(Pod("p", units)))] == [b"mark.%d" % i for i in range(12)]


def test_values_see_what_is_set_so_far_then_what_was_given(load: Load) -> None:
    env = {"A": "$(LATER)$(P)$(GIVEN)", "LATER": "1", "B": "$(A)$$(A)", "GIVEN": "own", "C": "$(GIVEN)"}
    [web] = load(one(pod_env={"P": "<$(GIVEN)>"}, env=env), given={b"GIVEN": b"outside"})
    assert web.own == {
        b"P": b"<outside>",
        b"A": b"$(LATER)<outside>outside",
        b"LATER": b"1",
        b"B": b"$(LATER)<outside>outside$(A)",
        b"GIVEN": b"own",
        b"C": b"own",
    }


def test_an_entry_may_build_on_its_predecessor(load: Load) -> None:
    plan = one(pod_env={"PATH": "/pod:$(PATH)"}, env={"PATH": "/unit:$(PATH)"})
    [web] = load(plan, given={b"PATH": b"/bin"})
    assert web.own == {b"PATH": b"/unit:/pod:/bin"}


def test_values_are_not_scanned_again(load: Load) -> None:
    [web] = load(one(env={"A": "$(GIVEN)"}), given={b"GIVEN": b"$(A)$$"})
    assert web.own[b"A"] == b"$(A)$$"


def test_arguments_see_the_final_environment(load: Load) -> None:
    plan = one("$(A)", "$(GIVEN)", "x$(NO)", "$$(A)", "$HOME", "", "$(MINIPOD_UNIT)", env={"A": "1", "GIVEN": "own"})
    [web] = load(plan, given={b"GIVEN": b"outside"})
    assert web.argv == [b"1", b"own", b"x$(NO)", b"$(A)", b"$HOME", b"", b"web"]


def test_minipods_own_variables_are_not_seen(load: Load) -> None:
    [web] = load(one("$(MINIPOD_GRACE)"), given={b"MINIPOD_GRACE": b"3"})
    assert web.argv == [b"$(MINIPOD_GRACE)"]


def test_bytes_pass_through(load: Load) -> None:
    given = {b"\xff": b"\xfe\n", b"A": b"=1", b"EMPTY": b""}
    [web] = load(one("$(\udcff)"), given=given)
    assert web.own == given
    assert web.argv == [b"\xfe\n"]


def test_entries_without_a_name_pass_through(load: Load) -> None:
    given = [b"odd", b"=C:", b"", b"MINIPOD_X", b"A=1", b"odd"]
    [web] = load(one("$()", "$(odd)", env={"odd": "2"}), given=given)
    assert web.envp[:-3] == [*given, b"odd=2"]
    assert web.argv == [b"$()", b"2"]


def test_of_an_inherited_name_that_stands_twice_the_last_holds(load: Load) -> None:
    [web] = load(one(env={"B": "$(A)"}), given=[b"A=1", b"C=1", b"A=2"])
    assert web.envp[:-3] == [b"A=2", b"C=1", b"B=2"]


def test_a_mark_that_is_too_long(load: Load) -> None:
    assert load(one(), mark="m" * 64)[0].env[b"MINIPOD_INSTANCE"] == b"m" * 64 + b".0"
    with pytest.raises(Refused, match="mark"):
        load(one(), mark="m" * 65)


def test_words_take_the_place_of_args(load: Load) -> None:
    plan = one("serve", "--fast", args=("--port", "80"))
    assert load(plan)[0].argv == [b"serve", b"--fast", b"--port", b"80"]
    assert load(plan, "$(PATH)", "")[0].argv == [b"serve", b"--fast", b"$(PATH)", b""]


def test_words_go_to_main(load: Load) -> None:
    units = tuple(Unit(name, Kind.SERVICE, (name,), "always", args=("x",)) for name in "abc")
    assert [p.argv for p in load(lower(Pod("p", units, main="b")), "w")] == [[b"a", b"x"], [b"b", b"w"], [b"c", b"x"]]


def test_words_that_nobody_takes(load: Load) -> None:
    units = tuple(Unit(name, Kind.SERVICE, (name,), "always") for name in "ab")
    with pytest.raises(Refused, match="no unit takes them: the pod has several services and no main"):
        load(lower(Pod("p", units)), "w")


def test_somebody_else_does_not_inherit_an_identity(load: Load) -> None:
    given = {b"HOME": b"/root", b"USER": b"root", b"LOGNAME": b"root", b"MAIL": b"x"}
    [web] = load(one("$(HOME)", user="www", env={"USER": "set", "H": "$(HOME)"}), given=given)
    assert web.own == {b"USER": b"set", b"H": b"$(HOME)", b"MAIL": b"x"}
    assert web.lacks == {"HOME", "LOGNAME"}
    assert web.argv == [b"$(HOME)"]


def test_the_pods_env_may_set_an_identity(load: Load) -> None:
    [web] = load(one(user="www", pod_env={"HOME": "/srv", "LOGNAME": ""}), given={b"HOME": b"/root"})
    assert web.own == {b"HOME": b"/srv", b"LOGNAME": b""}
    assert web.lacks == {"USER"}


def test_who_runs_as_minipod_keeps_its_identity(load: Load) -> None:
    [web] = load(one(), given={b"HOME": b"/root"})
    assert (web.own, web.lacks) == ({b"HOME": b"/root"}, set())


def test_one_users_unit_hides_nothing_from_the_next(load: Load) -> None:
    units = tuple(
        Unit(name, Kind.SERVICE, ("true",), "always", user=user, env=env)
        for name, user, env in (("a", "www", {"X": "1"}), ("b", "", {}), ("c", "www", {}))
    )
    loaded = load(lower(Pod("p", units)), given={b"HOME": b"/root", b"X": b"0"})
    assert [p.own for p in loaded] == [{b"X": b"1"}, {b"HOME": b"/root", b"X": b"0"}, {b"X": b"0"}]


def test_exactly_what_was_given(load: Load) -> None:
    given = [b"B=2", b"MINIPOD_GRACE=1", b"HOME=/root", b"B=3", b"odd", b""]
    [main] = load(solo_plan(), "prog", "$(A)", given=given)
    assert main.envp == given
    assert (main.argv, main.lacks) == ([b"prog", b"$(A)"], set())


def test_who_gets_exactly_what_was_given_sees_all_of_it(load: Load) -> None:
    plan = one("$(MINIPOD_GRACE)")._replace(exact_env=True)
    assert load(plan, given={b"MINIPOD_GRACE": b"1"})[0].argv == [b"1"]


def test_nothing_to_run(load: Load) -> None:
    with pytest.raises(Refused, match="^no program is named$"):
        load(solo_plan())


def test_waits(load: Load, plan: Plan) -> None:
    waits = [program.waits for program in load(plan)]
    assert waits == [
        tuple(sum(e.second == i and e.direction is way for e in plan.edges) for way in Direction)
        for i in range(len(plan.units))
    ]
    assert waits[3] == (2, 1)  # web: after warm-up and db; worker goes first


def test_an_environment_that_would_never_end_growing(load: Load) -> None:
    doubling = {f"A{i}": f"$(A{i - 1})$(A{i - 1})" for i in range(1, 80)}
    with pytest.raises(Refused, match="add up to more than 1 GiB"):
        load(one(env={"A0": "0123456789", **doubling}))


def test_ten_thousand_variables(load: Load) -> None:
    """Were names compared one by one, these are 10 units x 10,000 x 2,000 comparisons."""
    names = [f"NAME_{i}" for i in range(10_000)]
    given = {name.encode(): b"given" for name in names}
    env = {name: f"$({name})+" for name in names[::5]}
    units = tuple(Unit(f"u{i}", Kind.SERVICE, ("true",), "always", env=env) for i in range(10))
    for program in load(lower(Pod("p", units)), given=given):
        assert list(program.own.values()).count(b"given+") == 2_000
        assert len(program.own) == 10_000


def test_a_unit_without_env_gets_the_pods(load: Load) -> None:
    plan = one(pod_env={"A": "1"})
    second = plan.units[0]._replace(name="db", env=(("A", "2"),))
    plan = plan._replace(units=(*plan.units, second), args_unit=None)
    assert [program.own[b"A"] for program in load(plan)] == [b"1", b"2"]


def test_commands_of_probes_and_hooks(load: Load) -> None:
    """Kubernetes expands the words of a probe, never those of a hook."""
    command = Ask(Handler.EXEC, ("check", "$(PORT)", "$$", "$(GIVEN)"))
    plan = one(env={"PORT": "80"}, readiness_probe=Probe(command), pre_stop=command,
               liveness_probe=Probe(Ask(Handler.TCP_SOCKET, port=1)))
    [web] = load(plan, given={b"GIVEN": b"1"})
    assert web.errands == [[b"check", b"80", b"$", b"1"], [b"check", b"$(PORT)", b"$$", b"$(GIVEN)"]]


def test_words_are_for_the_program_not_for_its_probes(load: Load) -> None:
    [web] = load(one("serve", readiness_probe=Probe(Ask(Handler.EXEC, ("check",)))), "--fast")
    assert (web.argv, web.errands) == ([b"serve", b"--fast"], [[b"check"]])


def test_each_unit_has_its_own_probes(load: Load) -> None:
    units = tuple(
        Unit(name, Kind.SERVICE, ("true",), "always", env={"NAME": name},
             **({"readiness_probe": Probe(Ask(Handler.EXEC, ("check", "$(NAME)")))} if name != "b" else {}))
        for name in "abc"
    )
    assert [p.errands for p in load(lower(Pod("p", units)))] == [[[b"check", b"a"]], [], [[b"check", b"c"]]]


def test_where_to_say_that_it_is_ready(load: Load) -> None:
    units = tuple(
        Unit(name, Kind.SERVICE, ("true",), "always", notify=notify, watchdog=watchdog)
        for name, notify, watchdog in (
            ("a", None, None), ("b", Notify(), None), ("c", Notify(fd=5), None), ("d", Notify(), 1_500_000_000))
    )
    assert [p.own for p in load(lower(Pod("p", units)), given={})] == [
        {},
        {b"NOTIFY_SOCKET": b"@minipod/mark/1"},
        {b"NOTIFY_FD": b"5"},
        {b"NOTIFY_SOCKET": b"@minipod/mark/3", b"WATCHDOG_USEC": b"1500000"},
    ]


def test_whose_watchdog_it_is(load: Load) -> None:
    """minipod's own manager may have one; a unit that speaks to minipod must not take it for its own."""
    given = {b"NOTIFY_SOCKET": b"/run/x", b"WATCHDOG_USEC": b"1", b"WATCHDOG_PID": b"1", b"NOTIFY_FD": b"9"}
    [web] = load(one(notify=Notify(), env={"NOTIFY_SOCKET": "mine"}), given=given)
    assert web.own == {b"NOTIFY_SOCKET": b"@minipod/mark/0", b"NOTIFY_FD": b"9"}
    assert load(one(), given=given)[0].own == given


def test_the_longest_mark_fits_the_socket_too(load: Load) -> None:
    [web] = load(one(notify=Notify()), mark="m" * 64)
    assert web.env[b"NOTIFY_SOCKET"] == b"@minipod/" + b"m" * 64 + b"/0"
