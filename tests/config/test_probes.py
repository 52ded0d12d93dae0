"""Probes, hooks, notify and restart rules as the model has them."""

import pytest

from minipod.model import Ask, Notify, Probe, RestartRule, Unit
from minipod.supervisor.words import Handler

SECOND = 10**9


@pytest.fixture
def web(read):
    """``web(lines)`` is the service that has them."""

    def run(lines: str) -> Unit:
        return read(f'[service.web]\ncommand = ["true"]\n{lines}\n').pod.units[0]

    return run


def test_defaults_are_kubernetes(web):
    probe = web("liveness_probe = { tcp_socket = { port = 80 } }").liveness_probe
    assert probe == Probe(Ask(Handler.TCP_SOCKET, port=80))
    assert probe[1:] == (0, 10 * SECOND, 1 * SECOND, 1, 3, None)


def test_every_number(web):
    probe = web("""
        [service.web.readiness_probe]
        exec = ["true"]
        initial_delay = "1m30s"
        period = 0.5
        timeout = "250ms"
        success_threshold = 2
        failure_threshold = 60
    """).readiness_probe
    assert probe[1:] == (90 * SECOND, SECOND // 2, SECOND // 4, 2, 60, None)


def test_grace_of_a_probe(web):
    assert web('liveness_probe = { exec = ["a"], termination_grace_period = "3s" }').liveness_probe[6] == 3 * SECOND


@pytest.mark.parametrize("form", ['["test", "-e", "x"]', '"test -e x"', '{ command = ["test", "-e", "x"] }'])
def test_exec(web, form):
    assert web(f"startup_probe = {{ exec = {form} }}").startup_probe.ask == Ask(Handler.EXEC, ("test", "-e", "x"))


@pytest.mark.parametrize(
    ("table", "ask"),
    [
        ("{ port = 80 }", Ask(Handler.HTTP_GET, port=80)),
        ('{ port = 1, scheme = "HTTPS" }', Ask(Handler.HTTP_GET, port=1, scheme="https")),
        ('{ port = 65535, path = "x?y z" }', Ask(Handler.HTTP_GET, port=65535, path="x?y z")),
        ('{ port = 80, host = "[::1]" }', Ask(Handler.HTTP_GET, port=80, host="[::1]")),
        ('{ port = 80, host = "db_1.example." }', Ask(Handler.HTTP_GET, port=80, host="db_1.example.")),
        ('{ port = 80, http_headers = { B = "1", A = "" } }',
         Ask(Handler.HTTP_GET, port=80, headers=(("B", "1"), ("A", "")))),
        ('{ port = 80, http_headers = [{ name = "A", value = "1" }, { value = "2", name = "A" }] }',
         Ask(Handler.HTTP_GET, port=80, headers=(("A", "1"), ("A", "2")))),
    ],
)
def test_http_get(web, table, ask):
    assert web(f"liveness_probe = {{ http_get = {table} }}").liveness_probe.ask == ask
    assert web(f"pre_stop = {{ http_get = {table} }}").pre_stop == ask


@pytest.mark.parametrize(
    ("table", "ask"),
    [
        ("{ port = 50051 }", Ask(Handler.GRPC, port=50051)),
        ('{ port = 1, service = "a.B" }', Ask(Handler.GRPC, port=1, service="a.B")),
        ('{ port = 1, host = "localhost" }', Ask(Handler.GRPC, port=1, host="localhost")),
    ],
)
def test_grpc(web, table, ask):
    assert web(f"liveness_probe = {{ grpc = {table} }}").liveness_probe.ask == ask


@pytest.mark.parametrize(("text", "ns"), [('"3s"', 3 * SECOND), ("0", 0), ('"10s"', 10 * SECOND)])
def test_sleep(web, text, ns):
    unit = web(f"post_start = {{ sleep = {text} }}\npre_stop.sleep = {text}")
    assert (unit.post_start, unit.pre_stop) == (Ask(Handler.SLEEP, sleep=ns), Ask(Handler.SLEEP, sleep=ns))


def test_what_the_program_says_itself(web):
    unit = web('notify = "sd"\nwatchdog = "30s"\nstart_timeout = 60')
    assert (unit.notify, unit.watchdog, unit.start_timeout) == (Notify(), 30 * SECOND, 60 * SECOND)
    assert web("notify = { fd = 3 }").notify == Notify(3)


def test_restart_rules(web):
    assert web("""restart_rules = [
        { exit_codes = [42, "SIGTERM", "KILL"] },
        { not_exit_codes = [], action = "restart_all" },
        { not_exit_codes = [0, 255], action = "restart" },
    ]""").restart_rules == (
        RestartRule((42, 143, 137)),
        RestartRule((), negated=True, restart_all=True),
        RestartRule((0, 255), negated=True),
    )


def test_rules_are_for_every_kind_and_probes_for_what_lasts(read):
    pod = read("""
        [init.a]
        command = ["true"]
        restart_rules = [{ exit_codes = [1] }]
        [sidecar.b]
        command = ["true"]
        startup_probe = { exec = ["true"] }
        post_start = { exec = ["true"] }
        [service.c]
        command = ["true"]
    """).pod
    assert [len(unit.restart_rules) for unit in pod.units] == [1, 0, 0]
    assert [unit.startup_probe is not None for unit in pod.units] == [False, True, False]


def test_an_unreadable_notify_is_one_mistake(messages):
    text = '[service.web]\ncommand = ["true"]\nnotify = 1\nwatchdog = "1s"\nstart_timeout = "1s"\n'
    assert messages(text) == ['`notify` must be "sd" or a table, not a number']


def test_a_value_over_the_files(read):
    text = '[service.web]\ncommand = ["true"]\nliveness_probe = { http_get = { port = 80 } }\n'
    given = ("service.web.liveness_probe.http_get.port=81", "service.web.liveness_probe.period=2s")
    probe = read(text, overrides=given).pod.units[0].liveness_probe
    assert (probe.ask.port, probe.period) == (81, 2 * SECOND)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "10.1.2.3"])
def test_hosts_that_need_no_python(read, host):
    text = f'[service.web]\ncommand = ["true"]\nliveness_probe.tcp_socket = {{ port = 80, host = "{host}" }}\n'
    assert read(text, python=False).pod.units[0].liveness_probe.ask.host == host
