"""How an errand looks to the core: the words of a request, and what the core cannot ask itself as a command of ours.

The core dials addresses and speaks plain HTTP; TLS and names need Python, which then runs ``commands.probe`` as an exec
probe. Imported only for pods that have errands. Pure; the rules of requests are spec.md's, sections 6.2 and 7.
"""

from minipod.hosts import address, why_python
from minipod.model import Ask
from minipod.reaper.records import Task
from minipod.supervisor.errands import HOOKS, Assignment
from minipod.supervisor.words import Errand, Handler

# The version whose rules are followed; programs know a probe by this name (differences.md, 15).
KUBERNETES = "1.36"
PROBE_AGENT, HOOK_AGENT = f"kube-probe/{KUBERNETES}", f"kube-lifecycle/{KUBERNETES}"
# Never "-m": that would look for modules in the unit's working directory first.
LAUNCHER = "import sys; sys.path[:1] == [''] and sys.path.pop(0); from minipod.cli import entry; entry()"
# A request has no body, so these could only mislead whoever reads it; Go's client leaves them out too.
_OF_BODIES = frozenset({"content-length", "transfer-encoding", "trailer"})
_PLAIN = frozenset("!#$%&'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]_abcdefghijklmnopqrstuvwxyz~")


def task(assignment: Assignment, python: str) -> Task:
    """An errand of the plan. ``python``: the interpreter for what the core cannot ask itself."""
    ask, kind = assignment.ask, assignment.kind
    written = _by_python(ask, kind, python) if why_python(ask) else _WRITERS[ask.handler](ask, kind)
    return written._replace(
        delay_ns=assignment.delay,
        period_ns=assignment.period,
        timeout_ns=assignment.timeout,
        grace_ns=assignment.grace,
        last_grace_ns=assignment.last_grace,
        success_threshold=assignment.success_threshold,
        failure_threshold=assignment.failure_threshold,
    )


# --- what the core asks -----------------------------------------------------------------------------------------------


def _exec(ask: Ask, kind: Errand) -> Task:
    """Kubernetes expands $(VAR) in probes and not in hooks."""
    return Task(kind, Handler.EXEC, argv=ask.command, exact=kind in HOOKS)


def _http_get(ask: Ask, kind: Errand) -> Task:
    fields = request_headers(ask, kind)
    return Task(
        kind,
        Handler.HTTP_GET,
        host=address(ask.host),
        port=ask.port,
        path=request_path(ask.path),
        authority=fields.pop(0)[1],
        headers="".join(f"{name}: {value}\r\n" for name, value in fields),
    )


def _tcp_socket(ask: Ask, kind: Errand) -> Task:
    return Task(kind, Handler.TCP_SOCKET, host=address(ask.host), port=ask.port)


def _grpc(ask: Ask, kind: Errand) -> Task:
    return Task(
        kind,
        Handler.GRPC,
        host=address(ask.host),
        port=ask.port,
        path=ask.service,
        authority=host_and_port(ask),
        headers=PROBE_AGENT,
    )


def _alone(ask: Ask, kind: Errand) -> Task:
    return Task(kind, ask.handler)


_WRITERS = {
    Handler.EXEC: _exec,
    Handler.HTTP_GET: _http_get,
    Handler.TCP_SOCKET: _tcp_socket,
    Handler.GRPC: _grpc,
    Handler.SLEEP: _alone,
    Handler.NOTIFY: _alone,
}


# --- what a request says ----------------------------------------------------------------------------------------------


def host_and_port(ask: Ask) -> str:
    """As a URL has them, which is what Go's client puts into Host too."""
    host = address(ask.host) or ask.host
    return f"[{host}]:{ask.port}" if ":" in host else f"{host}:{ask.port}"


def request_headers(ask: Ask, kind: Errand) -> list[tuple[str, str]]:
    """All headers of a GET, Host first. A Host, User-Agent, Accept or Connection of the user's takes the place of ours;
    an empty User-Agent or Accept leaves it out."""
    given = {name.lower(): value for name, value in reversed(ask.headers)}
    ours = {
        "Host": host_and_port(ask),
        "User-Agent": HOOK_AGENT if kind in HOOKS else PROBE_AGENT,
        "Accept": "*/*",
        "Connection": "close",
    }
    fields = [("Host", given.get("host") or ours.pop("Host"))]
    fields += [(name, value) for name, value in ours.items() if name.lower() not in {*given, "host"}]
    fields += [
        (name, value)
        for name, value in ask.headers
        if name.lower() not in {"host", *_OF_BODIES} and (value or name.lower() not in ("user-agent", "accept"))
    ]
    return fields


def request_path(path: str) -> str:
    """What stands in the request line: the path and its query, with what may not stand there as %XX, and no fragment.
    A % that begins no escape makes all of it a path, its ? included, as Go's parser has it."""
    if _PLAIN.issuperset(path) and not {"%", "#", "["} & set(path):
        return path or "/"
    import re
    from urllib.parse import quote

    if re.search(r"%(?![0-9A-Fa-f]{2})", path.partition("?")[0]):
        return quote(path, safe="/!$&'()*+,:;=@~")
    where, asks, query = path.partition("#")[0].partition("?")
    return quote(where, safe="/%!$&'()*+,:;=@~[]") + asks + quote(query, safe="/%!$&'()*+,:;=@~[]?\"<>`{|}^\\") or "/"


# --- what Python asks -------------------------------------------------------------------------------------------------


def _by_python(ask: Ask, kind: Errand, python: str) -> Task:
    words = _tcp_words(ask) if ask.handler is Handler.TCP_SOCKET else _http_words(ask, kind)
    return Task(kind, Handler.EXEC, argv=(python, "-c", LAUNCHER, "probe", *words), exact=True)


def is_launched(words: tuple[str, ...]) -> bool:
    """Whether a command is our own, run by some Python."""
    return words[1:3] == ("-c", LAUNCHER)


def _tcp_words(ask: Ask) -> tuple[str, ...]:
    return ("tcp", ask.host, str(ask.port))


def _http_words(ask: Ask, kind: Errand) -> tuple[str, ...]:
    fields = [word for name, value in request_headers(ask, kind) for word in ("--header", f"{name}: {value}")]
    url = f"{ask.scheme}://{host_and_port(ask)}/{request_path(ask.path).removeprefix('/')}"
    return ("http", *(["--any-status"] if kind in HOOKS else []), *fields, url)
