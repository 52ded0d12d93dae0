"""Probes and hooks of a manifest (spec.md sections 6 and 7). What a request may hold is ``config.requests``'s to
say."""

from collections.abc import Mapping
from typing import Any

from minipod.config.findings import Findings, Path, word
from minipod.config.requests import PARTS
from minipod.kube.environment import Environment
from minipod.kube.expansion import MOST_WORD, expand_plain, length, quote
from minipod.kube.fields import TYPES
from minipod.kube.setting import Doc, Setting
from minipod.model import Ask, Probe
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.words import Handler

PROBES = {"startupProbe": "startup_probe", "livenessProbe": "liveness_probe", "readinessProbe": "readiness_probe"}
HOOKS = {"postStart": "post_start", "preStop": "pre_stop"}
MOST_TIME = 2**62  # ns: 146 years
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_HOOK_HANDLERS = ("exec", "httpGet", "sleep")
_NUMBERS = {  # Kubernetes' fields, ours, and what 0 means: the default
    "initialDelaySeconds": ("initial_delay", SECOND, 0),
    "periodSeconds": ("period", SECOND, 10),
    "timeoutSeconds": ("timeout", SECOND, 1),
    "successThreshold": ("success_threshold", 1, 1),
    "failureThreshold": ("failure_threshold", 1, 3),
    "terminationGracePeriodSeconds": ("termination_grace_period", SECOND, 0),
}


def seconds(number: int) -> int:
    """Nanoseconds, as many as a plan can hold."""
    return min(number * SECOND, MOST_TIME)


class Asker:
    """Reads the probes and hooks of one container: its ports by name, its literal variables."""

    def __init__(self, container: Doc, environment: Environment, setting: Setting):
        self.setting, self.found = setting, setting.found
        self.environment = environment
        self.ports = {
            each["name"]: each["containerPort"]
            for each in container.get("ports", ())
            if each.get("name") and "containerPort" in each
        }

    def probe(self, given: Doc, at: Path) -> Probe | None:
        """A whole probe; None when anything in it is wrong."""
        handler = self._handler(given, _HANDLERS, at)
        if not self._fits(given, at) or handler is None:
            return None
        ask = self._ask(handler, given[handler], (*at, handler))
        if ask is not None and handler == "exec":
            ask = ask._replace(command=tuple(self._expanded(text) for text in ask.command))
        numbers = {
            name: min((given.get(field) or usual) * unit, MOST_TIME)
            for field, (name, unit, usual) in _NUMBERS.items()
            if given.get(field) or usual
        }
        return None if ask is None else Probe(ask, **numbers)

    def hook(self, given: Doc, at: Path) -> Ask | None:
        """A whole hook; None when anything in it is wrong."""
        handler = self._handler(given, _HOOK_HANDLERS, at)
        return None if handler is None else self._ask(handler, given[handler], (*at, handler))

    def _expanded(self, text: str) -> str:
        """Only what stands in the manifest as a value is known to a probe's command (spec.md section 6.2)."""
        known = self.environment.literals.get
        return quote(expand_plain(text, known)) if length(text, known) <= MOST_WORD else ""

    def _handler(self, given: Doc, handlers: tuple[str, ...], at: Path) -> str | None:
        names = [name for name in handlers if name in given]
        if len(names) == 1:
            return names[0]
        if names:
            return self.found.error(
                (*at, names[1]),
                f"`{at[-1]}` has {' and '.join(names)}",
                on_key=True,
                also=(((*at, names[0]), "the other one"),),
                why="it does one thing",
                help="keep one of them",
            )
        help = f"add {', '.join(handlers[:-1])} or {handlers[-1]}"
        if not self.setting.wrong.within(at):
            self.found.error(at, f"`{at[-1]}` does not say what to do", on_key=True, help=help)
        return None

    def _fits(self, given: Doc, at: Path) -> bool:
        if at[-1] != "readinessProbe" and given.get("successThreshold", 1) > 1:
            why = f"one success is all that `{at[-1]}` can tell"
            self.found.error(
                (*at, "successThreshold"), "`successThreshold` must be 1 here", why=why, help="leave it out"
            )
            return False
        if at[-1] == "readinessProbe" and "terminationGracePeriodSeconds" in given:
            self.found.error(
                (*at, "terminationGracePeriodSeconds"),
                "`readinessProbe` ends nothing",
                on_key=True,
                why="a container that is not ready keeps running",
                help="leave it out, or write it into livenessProbe or startupProbe",
            )
            return False
        return True

    def _ask(self, handler: str, given: Doc, at: Path) -> Ask | None:
        if handler == "exec":
            return self._exec(given, at)
        if handler == "sleep":
            return Ask(Handler.SLEEP, sleep=seconds(given["seconds"])) if "seconds" in given else None
        parts = self._parts(given, at)
        if parts is None:
            return None
        if handler == "httpGet":
            return Ask(Handler.HTTP_GET, scheme=given.get("scheme", "HTTP").lower(), **parts)
        return Ask(Handler.TCP_SOCKET if handler == "tcpSocket" else Handler.GRPC, **parts)

    def _exec(self, given: Doc, at: Path) -> Ask | None:
        words = given.get("command")
        if words and words[0]:
            return Ask(Handler.EXEC, tuple(words))
        if words is not None:
            self.found.error(
                (*at, "command"), "`command` names no program", help='write for example ["cat", "/tmp/well"]'
            )
        return None

    def _parts(self, given: Doc, at: Path) -> Mapping[str, Any] | None:
        read = {
            name: self._part(given[field], type, (*at, field)) for field, name, type in _PARTS if given.get(field)
        }
        if "path" in read and read["path"] and not read["path"].startswith("/"):
            read["path"] = f"/{read['path']}"
        read["port"] = self._port(given["port"], (*at, "port")) if "port" in given else None
        return None if None in read.values() else read

    def _part(self, value: Any, type: str, at: Path) -> Any:
        """One part of a request; what a pod file would say of it, in a manifest's words."""
        if at[-1] == "httpHeaders" and not all(len(each) == len(TYPES["Header"]) for each in value):
            return None  # it is told that one lacks something
        inner = Findings()
        read = PARTS[type](value, at, inner)
        for each in inner.all:
            self.found.failed |= inner.failed
            self.found.all.append(each._replace(help=each.help.replace(" = ", ": ").replace(" and port:", ", port:")))
        return read

    def _port(self, port: int | str, at: Path) -> int | None:
        if isinstance(port, int):
            return port
        if port in self.ports:
            return self.ports[port]
        if port.isascii() and port.isdigit() and 1 <= int(port[:6]) <= 65535:
            return int(port)  # as the kubelet takes it
        names = ", ".join(self.ports)
        return self.found.error(
            at,
            f"no port of the container is called {word(port)}",
            near=(port, tuple(self.ports)),
            why=f"its ports are {names}" if names else "none of its ports has a name",
            help="write its number",
        )


_PARTS = (
    ("host", "host", "host"),
    ("httpHeaders", "headers", "http_headers"),
    ("path", "path", "path"),
    ("service", "service", "service"),
)
