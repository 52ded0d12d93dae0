"""Lowering: names become positions, the config's words rows of the policy's tables."""

import pytest

from minipod.model import Ask, Capabilities, EnvSource, Limit, Pod, Probe, RestartRule, SignalRule, Unit
from minipod.reaper import records
from minipod.reaper.lower import DEFAULT_PATH, lower
from minipod.reaper.records import Plan, Rights, Source, Task
from minipod.reaper.requests import LAUNCHER, request_path
from minipod.secret import Secret
from minipod.supervisor import backoff, budget
from minipod.supervisor.rights import UNLIMITED
from minipod.supervisor.signals import COUNT, default_verb
from minipod.supervisor.vocabulary import (
    Direction,
    Errand,
    ExitClass,
    Handing,
    Handler,
    Kind,
    Lack,
    Milestone,
    Origin,
    Rule,
    SignalVerb,
    Standing,
    StopScope,
)

SECOND = 10**9
OK, FAIL = ExitClass.OK.number, ExitClass.FAIL.number
RESTART, RESTART_ALL = ExitClass.RULE_RESTART.number, ExitClass.RULE_RESTART_ALL.number


def pod(*names: str, **fields) -> Pod:
    """Services that each run true."""
    return Pod("p", tuple(Unit(name, Kind.SERVICE, ("true",), "always") for name in names), **fields)


def only_unit(**fields):
    """A service of its own, lowered."""
    return lower(Pod("p", (Unit("web", Kind.SERVICE, ("true",), "always", **fields),))).units[0]


def only_task(**fields) -> Task:
    """The one errand of a service."""
    [task] = only_unit(**fields).errands
    return task


def by_name(plan: Plan, name: str):
    return next(unit for unit in plan.units if unit.name == name)


def test_the_command_line_is_command_then_args(plan: Plan) -> None:
    web = by_name(plan, "web")
    assert web.argv == ("shop", "serve", "--port", "$(PORT)")
    assert web.command_count == 2


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, None),
        ({"user": "app", "group": "app"}, None),
        ({"nice": 0}, Rights(nice=0)),
        ({"groups": ("video",)}, Rights(groups=("video",))),
        ({"groups": ("video",), "user": "app"}, Rights(groups=("video",))),
        ({"groups": ("video",), "user": "app", "group": "1"}, Rights(groups=("video",), member_groups=False)),
        ({"user": "app", "group": "1", "member_groups": True}, Rights(member_groups=True)),
        ({"member_groups": False}, Rights(member_groups=False)),
        ({"limits": {"as": Limit(1), "cpu": Limit(2, UNLIMITED)}},
         Rights(limits=(records.Limit("as", 9, 1, None), records.Limit("cpu", 0, 2, UNLIMITED)))),
        ({"capabilities": Capabilities(("ALL",), ("NET_RAW", "KILL", "CHOWN"))},
         Rights(dropped=UNLIMITED, added=0b10000000100001, added_names=("CHOWN", "KILL", "NET_RAW"))),
        ({"capabilities": Capabilities(add=("KILL", "ALL"))}, Rights(added=UNLIMITED, added_names=("ALL",))),
        ({"not_root": True, "no_new_privileges": True}, Rights(not_root=True, no_new_privileges=True)),
    ],
)
def test_rights(fields, wanted) -> None:
    """Those that are minipod's own are nobody's; a group that is named beside a user is the only one."""
    assert only_unit(**fields).rights == wanted


def test_standings(plan: Plan) -> None:
    assert {unit.name: unit.standing for unit in plan.units} == {
        "migrate": Standing.INIT,
        "logs": Standing.ESSENTIAL_SIDECAR,
        "warm-up": Standing.INIT,
        "web": Standing.MAIN,
        "worker": Standing.ESSENTIAL_SERVICE,
        "db": Standing.SERVICE,
    }


def test_an_init_that_restarts_always_restarts_on_failure() -> None:
    init = Unit("i", Kind.INIT, ("true",), "always")
    assert lower(Pod("p", (init, *pod("s").units))).units[0].rule is Rule.ON_FAILURE


def test_exit_codes_are_remapped_before_they_mean_anything() -> None:
    mapped = only_unit(exit_codes={3: 0, 0: 9, 255: 254}).exits
    assert [mapped.codes[raw] for raw in (0, 1, 3, 143, 254, 255)] == [9, 1, 0, 143, 254, 254]
    assert [mapped.classes[raw] for raw in (0, 1, 3, 143)] == [FAIL, FAIL, OK, FAIL]
    assert (len(mapped.codes), mapped.classes.count(OK)) == (256, 1)


def test_a_command_that_cannot_be_executed_is_final(plan: Plan) -> None:
    assert {(u.unstartable_class, u.unstartable_code) for u in plan.units} == {(ExitClass.UNSTARTABLE, 0)}


def test_the_rest_of_a_group_keeps_the_grace_unless_the_stop_goes_to_the_leader_alone(plan: Plan) -> None:
    graces = {unit.stop_scope: unit.rest_grace_ns for unit in plan.units}
    assert graces == {StopScope.GROUP: budget.WHOLE_GRACE, StopScope.MAIN: 0}


def test_times(plan: Plan) -> None:
    worker, migrate = by_name(plan, "worker"), by_name(plan, "migrate")
    assert worker.delays == tuple(int(s * 1e9) for s in (0, 0.5, 1, 2, 4, 8))
    assert worker.reset_ns == backoff.RESET_AFTER
    assert (migrate.deadline_ns, worker.deadline_ns) == (120 * 10**9, 0)
    assert (plan.deadline_ns, plan.budget_ns, plan.retry_ns) == (3600 * 10**9, 30 * 10**9, backoff.RETRY_AFTER)
    assert (plan.margin, plan.sidecars, plan.turn) == (budget.MARGIN, budget.SIDECARS, budget.TURN)
    assert (plan.term_floor_ns, plan.round_floor_ns) == (2 * SECOND, 1 * SECOND)


def test_no_deadline_is_zero() -> None:
    assert lower(pod("s")).deadline_ns == 0


def test_signals_that_the_config_says_nothing_of() -> None:
    rules = lower(pod("s")).rules
    assert [rule.verb for rule in rules] == [default_verb(number) for number in range(COUNT)]
    assert all(rule.send == (number if rule.verb is SignalVerb.FORWARD else 0) for number, rule in enumerate(rules))


def test_signals_of_the_config(plan: Plan) -> None:
    hup, usr1, alarm, power = (plan.rules[number] for number in (1, 10, 14, 30))
    assert (hup.verb, hup.send, hup.targets) == (SignalVerb.FORWARD, 1, (3, 4))
    assert (usr1.verb, usr1.send, usr1.targets) == (SignalVerb.FORWARD, 12, (3,))
    assert (alarm.verb, power.verb) == (SignalVerb.IGNORE, SignalVerb.STOP)


def test_a_signal_may_be_configured_away_from_stop() -> None:
    rule = lower(pod("s", signals={2: SignalRule(SignalVerb.FORWARD)})).rules[2]
    assert (rule.verb, rule.send) == (SignalVerb.FORWARD, 2)


@pytest.mark.parametrize(
    ("lowered", "main", "args"),
    [
        (pod("a", "b"), None, None),
        (pod("a", "b", main="b"), 1, 1),
        (pod("a"), None, 0),
        (pod("a", main="a"), 0, 0),
    ],
    ids=["two services", "main of two", "the only service", "the only service is main"],
)
def test_whose_words_follow(lowered: Pod, main: int | None, args: int | None) -> None:
    assert (lower(lowered).main_unit, lower(lowered).args_unit) == (main, args)


def test_edges_and_ranks(plan: Plan) -> None:
    rank = {i: unit.rank for i, unit in enumerate(plan.units)}
    assert (5, 3, Milestone.READY, Direction.START) in {
        (e.first, e.second, e.milestone, e.direction) for e in plan.edges
    }
    assert list(plan.edges) == sorted(plan.edges, key=lambda e: e.first)
    for edge in plan.edges:
        assert (rank[edge.first] < rank[edge.second]) == (edge.direction is Direction.START)


def test_texts_and_switches(plan: Plan) -> None:
    web = by_name(plan, "web")
    assert (web.user, web.group, web.umask, web.leave_rest) == ("www-data", "33", 0o027, False)
    assert (plan.name, plan.termination_message, plan.default_path) == ("shop", "/dev/termination-log", DEFAULT_PATH)
    assert plan.labels == (("app", "shop"), ("tier", "front"))
    assert plan.exact_env is False


def test_a_cycle_is_no_plan() -> None:
    units = tuple(u._replace(after={o: Milestone.STARTED}) for u, o in zip(pod("a", "b").units, "ba", strict=True))
    with pytest.raises(ValueError, match="cycle"):
        lower(Pod("p", units))


def test_restart_rules_see_what_exit_codes_leave_and_the_first_that_fits_holds() -> None:
    rules = (RestartRule((42,)), RestartRule((42, 43), restart_all=True))
    mapped = only_unit(exit_codes={7: 42}, restart_rules=rules).exits
    assert [mapped.classes[raw] for raw in (0, 1, 7, 42, 43)] == [OK, FAIL, RESTART, RESTART, RESTART_ALL]
    assert mapped.codes[7] == 42


def test_a_rule_on_all_codes_but_some_takes_a_success_too() -> None:
    mapped = only_unit(restart_rules=(RestartRule((7, 8), negated=True),)).exits
    assert [mapped.classes[raw] for raw in (0, 1, 7, 8)] == [RESTART, RESTART, FAIL, FAIL]


# --- probes and hooks -------------------------------------------------------------------------------------------------


def test_errands_stand_in_the_order_of_their_kinds(plan: Plan) -> None:
    assert [task.kind for task in by_name(plan, "web").errands] == [
        Errand.STARTUP, Errand.LIVENESS, Errand.READINESS, Errand.PRE_STOP,
    ]
    assert [task.kind for task in by_name(plan, "worker").errands] == [
        Errand.STARTUP, Errand.READINESS, Errand.WATCHDOG,
    ]


def test_a_get_is_written_as_kubernetes_writes_it() -> None:
    task = only_task(liveness_probe=Probe(Ask(Handler.HTTP_GET, port=8080)))
    assert (task.handler, task.host, task.port, task.path) == (Handler.HTTP_GET, "127.0.0.1", 8080, "/")
    assert task.authority == "127.0.0.1:8080"
    assert task.headers == "User-Agent: kube-probe/1.36\r\nAccept: */*\r\nConnection: close\r\n"


def test_a_hook_has_another_name_for_itself() -> None:
    assert "User-Agent: kube-lifecycle/1.36\r\n" in only_task(post_start=Ask(Handler.HTTP_GET, port=80)).headers


@pytest.mark.parametrize(
    ("given", "authority", "headers"),
    [
        ([("host", "shop.example")], "shop.example", "User-Agent: kube-probe/1.36|Accept: */*|Connection: close|"),
        ([("Host", "")], "127.0.0.1:80", "User-Agent: kube-probe/1.36|Accept: */*|Connection: close|"),
        ([("USER-AGENT", "me")], "127.0.0.1:80", "Accept: */*|Connection: close|USER-AGENT: me|"),
        ([("Accept", ""), ("User-Agent", "")], "127.0.0.1:80", "Connection: close|"),
        ([("X", "1"), ("x", "2")], "127.0.0.1:80",
         "User-Agent: kube-probe/1.36|Accept: */*|Connection: close|X: 1|x: 2|"),
        ([("Connection", "keep-alive")], "127.0.0.1:80",
         "User-Agent: kube-probe/1.36|Accept: */*|Connection: keep-alive|"),
        ([("Content-Length", "7"), ("transfer-encoding", "chunked"), ("Trailer", "X")], "127.0.0.1:80",
         "User-Agent: kube-probe/1.36|Accept: */*|Connection: close|"),
    ],
    ids=["a host", "an empty host", "an agent", "neither", "a name twice", "a connection", "what belongs to a body"],
)
def test_headers_of_the_users(given: list[tuple[str, str]], authority: str, headers: str) -> None:
    task = only_task(liveness_probe=Probe(Ask(Handler.HTTP_GET, port=80, headers=tuple(given))))
    assert (task.authority, task.headers) == (authority, headers.replace("|", "\r\n"))


@pytest.mark.parametrize(
    ("host", "address", "authority"),
    [
        ("localhost", "127.0.0.1", "127.0.0.1:80"),
        ("10.0.0.7", "10.0.0.7", "10.0.0.7:80"),
        ("::1", "::1", "[::1]:80"),
        ("[::1]", "::1", "[::1]:80"),
    ],
)
def test_hosts_that_are_addresses(host: str, address: str, authority: str) -> None:
    task = only_task(liveness_probe=Probe(Ask(Handler.HTTP_GET, host=host, port=80)))
    assert (task.handler, task.host, task.authority) == (Handler.HTTP_GET, address, authority)


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("", "/"),
        ("/healthz?full=1&x=/", "/healthz?full=1&x=/"),
        ("health", "health"),
        ("/a b?c d", "/a%20b?c%20d"),
        ("/a%20b", "/a%20b"),
        ("/\u00e4", "/%C3%A4"),
        ("/a#b?c", "/a"),
        ("/50%?x", "/50%25%3Fx"),
        ("/x?y=50%", "/x?y=50%"),
        ("#", "/"),
    ],
)
def test_paths(path: str, written: str) -> None:
    assert request_path(path) == written


def test_numbers_of_a_probe() -> None:
    ask = Ask(Handler.TCP_SOCKET, port=5432)
    task = only_task(liveness_probe=Probe(ask, 1, 2, 3, 1, 5, 6), termination_grace_period=7)
    assert task == Task(Errand.LIVENESS, Handler.TCP_SOCKET, host="127.0.0.1", port=5432, delay_ns=1, period_ns=2,
                        timeout_ns=3, grace_ns=6, last_grace_ns=6, failure_threshold=5)


def test_the_last_service_that_never_restarts_has_the_units_grace(plan: Plan) -> None:
    startup = by_name(plan, "web").errands[0]
    assert (startup.grace_ns, startup.last_grace_ns) == (2 * SECOND, 20 * SECOND)


def test_kubernetes_expands_the_words_of_probes_and_not_those_of_hooks(plan: Plan) -> None:
    startup, *_, pre_stop = by_name(plan, "web").errands
    assert (startup.argv, startup.exact) == (("test", "-e", "$(READY_FILE)"), False)
    assert (pre_stop.argv, pre_stop.exact) == (("shop", "drain", "$(PORT)"), True)


def test_sleep() -> None:
    task = only_task(pre_stop=Ask(Handler.SLEEP, sleep=3 * SECOND))
    assert task == Task(Errand.PRE_STOP, Handler.SLEEP, timeout_ns=3 * SECOND)


def test_grpc() -> None:
    task = only_task(readiness_probe=Probe(Ask(Handler.GRPC, host="::1", port=50051, service="a.B")))
    assert (task.host, task.authority, task.path, task.headers) == ("::1", "[::1]:50051", "a.B", "kube-probe/1.36")


def test_what_the_program_says_itself(plan: Plan) -> None:
    logs, worker, web = (by_name(plan, name) for name in ("logs", "worker", "web"))
    assert (logs.notify_socket, logs.notify_fd, worker.notify_socket, worker.notify_fd) == (False, 3, True, None)
    assert (web.notify_socket, web.notify_fd) == (False, None)
    assert [(t.kind, t.handler, t.timeout_ns) for t in worker.errands] == [
        (Errand.STARTUP, Handler.NOTIFY, 20 * SECOND),
        (Errand.READINESS, Handler.NOTIFY, 0),
        (Errand.WATCHDOG, Handler.NOTIFY, 30 * SECOND),
    ]
    assert logs.errands[0][:2] == (Errand.STARTUP, Handler.NOTIFY)


def python_words(**fields) -> tuple[str, ...]:
    """What a probe that needs Python is executed with, behind the interpreter's own words."""
    unit = Unit("web", Kind.SERVICE, ("true",), "always", **fields)
    [task] = lower(Pod("p", (unit,)), "/opt/py").units[0].errands
    assert (task.handler, task.exact, task.argv[:3]) == (Handler.EXEC, True, ("/opt/py", "-c", LAUNCHER))
    assert (task.host, task.port, task.path, task.headers) == ("", 0, "", "")
    assert task.argv[3] == "probe"
    return task.argv[4:]


def test_tls_needs_python() -> None:
    ask = Ask(Handler.HTTP_GET, port=8443, scheme="https", path="/x?y", headers=(("Host", "shop"), ("Accept", "")))
    assert python_words(liveness_probe=Probe(ask)) == (
        "http", "--header", "Host: shop", "--header", "User-Agent: kube-probe/1.36", "--header", "Connection: close",
        "https://127.0.0.1:8443/x?y",
    )


def test_names_need_python() -> None:
    ask = Ask(Handler.HTTP_GET, host="db.example", port=80, path="x")
    words = python_words(pre_stop=ask)
    assert (words[:2], words[-1]) == (("http", "--any-status"), "http://db.example:80/x")
    assert python_words(readiness_probe=Probe(Ask(Handler.TCP_SOCKET, host="db", port=1))) == ("tcp", "db", "1")


@pytest.mark.parametrize(
    ("source", "lowered"),
    [
        (EnvSource("field", "A", key="status.podIP"), Source(Origin.ADDRESS, "A")),
        (EnvSource("field", "A", key="status.hostIPs"), Source(Origin.ADDRESSES, "A")),
        (EnvSource("field", "A", key="spec.nodeName"), Source(Origin.HOST, "A")),
        (EnvSource("limit", "A", key="limits.cpu"), Source(Origin.CPU, "A", divisor=1000)),
        (EnvSource("limit", "A", key="limits.cpu", divisor="1m"), Source(Origin.CPU, "A", divisor=1)),
        (EnvSource("limit", "A", key="limits.memory", divisor="0"), Source(Origin.MEMORY, "A", divisor=1)),
        (EnvSource("secret_file", "A", path="/a"), Source(Origin.FILE, "A", "/a", chomp=True)),
        (
            EnvSource("secret_file", "A", path="/a", to="fd", is_optional=True),
            Source(Origin.FILE, "A", "/a", lack=Lack.PASSES, handing=Handing.DESCRIPTOR),
        ),
        (EnvSource("env_file", "", path="a", is_optional=True), Source(Origin.ENV_FILE, "", "a", lack=Lack.PASSES)),
    ],
)
def test_sources(source: EnvSource, lowered: Source) -> None:
    assert only_unit(env_from=(source,)).sources == (lowered,)


def test_sources_of_secrets() -> None:
    """All keys of one; nothing of one that is optional and not there."""
    values = (("a", Secret(b"1")), ("b", Secret(b"2")))
    sets = (EnvSource("secrets", "P_", "s", values=values), EnvSource("secret", "N", "s", "k", is_optional=True))
    found = only_unit(env_from=sets).sources
    assert [(each.name, each.secret) for each in found] == [("P_a", Secret(b"1")), ("P_b", Secret(b"2"))]
