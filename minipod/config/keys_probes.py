"""The key table's entries for what minipod asks a unit and does for it: probes, hooks, notify, and restart rules.
Names and rules are Kubernetes' (spec.md, sections 3, 6 and 7), in snake_case, with durations for seconds.
"""

from minipod.config.key import (
    EXEC,
    GRPC,
    HOOK,
    HTTP_GET,
    NOTIFY,
    PROBE,
    RESTART_RULE,
    SERVICE,
    SIDECAR,
    TCP_SOCKET,
    UNITS,
    Key,
)

_LASTING = (SIDECAR, SERVICE)
_ASKED = "One of exec, http_get, tcp_socket, grpc says how. "

PROBE_KEYS: tuple[Key, ...] = (
    Key(
        "restart_rules",
        UNITS,
        "restart_rules",
        "what certain exit codes do, whatever restart says",
        '[{ exit_codes = [42], action = "restart_all" }]',
        "The first rule that fits holds; codes are those that exit_codes leaves. A rule that names all codes but some "
        "takes 0 too, so a success is restarted; an init that succeeded is done all the same.",
    ),
    # --- probes
    Key(
        "startup_probe",
        _LASTING,
        "probe",
        "how to find out that the program has started",
        '{ http_get = { path = "/healthz", port = 8080 }, period = "1s", failure_threshold = 60 }',
        _ASKED + "Until it succeeds no other probe is asked, and the unit counts as not started; when it fails, the "
        "unit is stopped and its restart policy decides.",
        unset="none: it has started when its program runs",
    ),
    Key(
        "liveness_probe",
        _LASTING,
        "probe",
        "how to find out that the program still works",
        '{ tcp_socket = { port = 8080 } }',
        _ASKED + "When it fails, the unit is stopped and its restart policy decides; restart_rules are not asked.",
        unset="none",
    ),
    Key(
        "readiness_probe",
        _LASTING,
        "probe",
        "how to find out that the unit is ready for work",
        '{ exec = ["pg_isready"], period = "5s" }',
        _ASKED + "A unit that is not ready keeps running; whoever is after it waits, and the pod is not ready.",
        unset='none: it is ready when it has started, or as notify = "sd" says',
    ),
    # --- hooks
    Key(
        "post_start",
        _LASTING,
        "hook",
        "what to do once the program runs",
        '{ exec = ["register"] }',
        "One of exec, http_get, sleep. The unit counts as started only when it is done; when it fails, the unit is "
        "stopped and its restart policy decides. Of http_get any answer will do.",
        unset="none",
    ),
    Key(
        "pre_stop",
        _LASTING,
        "hook",
        "what to do before the program is asked to end",
        '{ sleep = "3s" }',
        "One of exec, http_get, sleep. It runs within termination_grace_period, and is killed with the unit. It is not "
        "run when the program ends by itself.",
        unset="none",
    ),
    # --- what the program says itself
    Key(
        "notify",
        _LASTING,
        "notify",
        "the program says itself when it is ready",
        '"sd"',
        '"sd": by sd_notify, to the socket in NOTIFY_SOCKET: READY=1, RELOADING=1, STOPPING=1, STATUS=, WATCHDOG=1 and '
        "so on; heard is who has the unit's user, root's or minipod's own. { fd = 3 }: by a line written to that "
        "descriptor, as s6 has it. Until then the unit has not started.",
        unset="it has started when its program runs",
    ),
    Key(
        "watchdog",
        _LASTING,
        "watchdog",
        "how long the program may be silent",
        '"30s"',
        'Needs notify = "sd". It must say WATCHDOG=1 at least that often once it has started (WATCHDOG_USEC tells it); '
        "else it is stopped as by a failed liveness probe.",
        unset="for ever",
    ),
    Key(
        "start_timeout",
        _LASTING,
        "start_timeout",
        "how long the program may take to say that it is ready",
        '"1m"',
        "Needs notify. After it the unit is stopped as by a failed startup probe.",
        unset="as long as it takes",
    ),
    # --- inside of a probe or a hook
    Key(
        "exec",
        (PROBE, HOOK),
        "exec",
        "run a command: exit code 0 is a success",
        '["pg_isready", "-q"]',
        "A list, or a string that is split as a shell would; no shell runs. { command = […] } is the same. It runs as "
        "the unit's user with its environment and directory. $(NAME) is replaced in probes and, as in Kubernetes, not "
        "in hooks. A probe that cannot be run at all counts neither way.",
        unset="not asked so",
    ),
    Key(
        "http_get",
        (PROBE, HOOK),
        "http_get",
        "ask by HTTP: a status from 200 to 399 is a success",
        '{ path = "/healthz", port = 8080 }',
        "Redirects to the same host are followed, ten requests at most; one to another host counts as a success.",
        unset="not asked so",
    ),
    Key(
        "tcp_socket",
        (PROBE,),
        "tcp_socket",
        "connect: a connection is a success",
        "{ port = 5432 }",
        unset="not asked so",
    ),
    Key(
        "grpc",
        (PROBE,),
        "grpc",
        "ask gRPC's health service: SERVING is a success",
        "{ port = 50051 }",
        "grpc.health.v1 over plain text.",
        unset="not asked so",
    ),
    Key(
        "sleep",
        (HOOK,),
        "duration",
        "wait",
        '"3s"',
        "At most as long as the unit's termination_grace_period.",
        unset="no wait",
    ),
    Key(
        "initial_delay",
        (PROBE,),
        "duration",
        "how long after the program's start the first attempt is made",
        '"5s"',
    ),
    Key("period", (PROBE,), "positive", "the time from one attempt to the next", '"10s"'),
    Key("timeout", (PROBE,), "positive", "how long an attempt may take; then it is a failure", '"1s"'),
    Key(
        "success_threshold",
        (PROBE,),
        "threshold",
        "successes in a row after which it counts as a success",
        "1",
        "Always 1 for startup_probe and liveness_probe.",
    ),
    Key("failure_threshold", (PROBE,), "threshold", "failures in a row after which it counts as a failure", "3"),
    Key(
        "termination_grace_period",
        (PROBE,),
        "positive",
        "the time between the stop signal and KILL when this probe ends the unit",
        '"2s"',
        "Not for readiness_probe, which ends nothing.",
        unset="the unit's",
    ),
    # --- how a probe asks
    Key("command", (EXEC,), "command", "the program and its arguments", '["pg_isready"]', required=True),
    Key("path", (HTTP_GET,), "path", "what is asked for, with its query", '"/healthz?full=1"'),
    Key("port", (HTTP_GET, TCP_SOCKET, GRPC), "port", "the port, by number", "8080", required=True),
    Key(
        "host",
        (HTTP_GET, TCP_SOCKET, GRPC),
        "host",
        "the address to connect to",
        '"::1"',
        "localhost is 127.0.0.1. Any other name needs Python where the pod runs, and grpc takes none.",
    ),
    Key(
        "scheme",
        (HTTP_GET,),
        "scheme",
        "http or https",
        '"https"',
        "https needs Python where the pod runs, which `minipod compile --python PATH` names; the certificate is not "
        "verified, as in Kubernetes.",
    ),
    Key(
        "http_headers",
        (HTTP_GET,),
        "http_headers",
        "headers of the request",
        '{ X-Probe = "1", Host = "shop.example" }',
        "Or a list of { name = …, value = … }. User-Agent (kube-probe/1.36, in a hook kube-lifecycle/1.36), Accept, "
        "Host and Connection take the place of minipod's own; an empty User-Agent or Accept leaves it out.",
    ),
    Key("service", (GRPC,), "service", "the service to ask for", '"shop.v1.Cart"', unset="the whole server"),
    # --- notify, restart rules
    Key("fd", (NOTIFY,), "fd", "the descriptor that the program writes a line to", "3", required=True),
    Key("exit_codes", (RESTART_RULE,), "codes", "the codes it is for", "[42, 43]", unset="see not_exit_codes"),
    Key("not_exit_codes", (RESTART_RULE,), "codes", "it is for all codes but these", "[1]", unset="see exit_codes"),
    Key(
        "action",
        (RESTART_RULE,),
        "action",
        "restart: start the unit again; restart_all: stop the whole pod and begin anew, from the first init",
        '"restart_all"',
        unset='"restart"',
    ),
)
