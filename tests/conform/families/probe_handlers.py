"""Single executions of probes, by the command that ships against a server of ours; what it asked is what was sent."""

import re
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from cases import Case, Difference, Skip, compare
from manifest import read_container
from pod_file import is_probe
from target import HOLD, Answer, Target, reply
from trial import SOON, command, outcome

from minipod.model import Ask
from minipod.reaper.requests import host_and_port, request_path
from minipod.supervisor.vocabulary import Handler

_AGENT = re.compile(r"kube-probe/\d+\.\d+")
_MOST_BODY = 10240
_ADDRESS, _TLS = 13, "tlsVerified"
_MAKE_CERTIFICATE = "openssl req -x509 -nodes -newkey rsa:2048 -days 1 -subj /CN=nobody".split()
Facts = Iterator[Difference]


def read(document: Mapping) -> Iterator[Case | Skip]:
    if command() is None:
        total = sum(len(cases) for cases in _groups(document).values())
        yield Skip("all groups", total, "there is no minipod command beside this interpreter")
        return
    for name, cases in _groups(document).items():
        for at, case in enumerate(cases if name in _GROUPS else ()):
            yield Case(f"{name} {at} {_short(case)}", lambda engine, n=name, case=case: _GROUPS[n](case))
        if name not in _GROUPS:
            yield Skip(name, len(cases), "no group of this family is known by this name")
    if not shutil.which("openssl"):
        yield Skip(_TLS, 1, "there is no openssl here to make a certificate")


def _groups(document: Mapping) -> dict[str, list]:
    http = dict(document.get("http") or {})
    limits = [{key: value} for key, value in http.pop("limits", {}).items() if key != _TLS or shutil.which("openssl")]
    others = {name: document.get(name) or [] for name in ("exec", "tcp")}
    return {"limits": limits, **http, **others, "resolvePort": document.get("resolvePort") or []}


def _short(case: object) -> str:
    return " ".join(map(str, case.values() if isinstance(case, Mapping) else case))[:60]


def _get(target: Target, headers: tuple = (), path: str = "/") -> Ask:
    return Ask(Handler.HTTP_GET, port=target.port, path=path, headers=headers)


def _told(said: str, word: str) -> str:
    """A success that was said to be doubtful is a warning."""
    return "warning" if word == "success" and "is not followed" in said else word


def _tried(answers: list[Answer], headers: tuple = (), **times: int) -> tuple[str, Target]:
    with Target(answers) as target:
        word, said = outcome(_get(target, headers), **times)
    return _told(said, word), target


# --- answers -------------------------------------------------------------------------------------------------------


def _status(case: Mapping) -> Facts:
    code, is_late = case.get("code"), re.search("no answer|time", case.get("event", ""))
    answer = reply(code) if code is not None else HOLD if is_late else None
    times = {"timeout": SOON} if answer == HOLD else {}
    yield from compare("outcome", case["outcome"], _tried([answer], **times)[0])


def _redirect(case: Mapping) -> Facts:
    where, code = case["target"], int(re.search(r"\b(200|500)\b", case["target"])[0] if _has_code(case) else 200)
    first = case.get("firstCode", 302)
    with Target([reply(code)]) as other, Target() as target:
        if where.startswith("other hostname"):
            target.answers = [reply(first, location=f"http://0.0.0.0:{other.port}/")]
        elif "other port" in where:
            target.answers = [reply(first, location=f"http://127.0.0.1:{other.port}/")]
        else:
            target.answers = [reply(first, location="/there"), reply(code)]
        word, said = outcome(_get(target))
    yield from compare("outcome", case["outcome"], _told(said, word))


def _has_code(case: Mapping) -> bool:
    return re.search(r"\b(200|500)\b", case["target"]) is not None


def _body(case: Mapping) -> Facts:
    """No more of a body is waited for than is read."""
    size, most = case["bytes"], case["outputBytes"]
    held = b"more to come" if size > most else b""
    body = b"." * (most - len(held)) + held
    got, _ = _tried([reply(200, body=body, length=size)])
    yield from compare("outcome", case["outcome"], got)


# --- requests ------------------------------------------------------------------------------------------------------


def _fields(target: Target) -> list[tuple[str, str]]:
    lines = target.asked[-1].split("\r\n")[1:]
    return [(name, value.strip(" ")) for name, _, value in (line.partition(":") for line in lines if line)]


def _host(case: Mapping) -> Facts:
    headers = tuple(case["headers"].items())
    answers = [reply(302, location="/there"), reply(200)] if case.get("redirectedSameHost") else [reply(200)]
    _, target = _tried(answers, headers)
    yield from compare("requests", len(answers), len(target.asked))
    yield from compare("Host", case["hostSeenByTarget"], dict(_fields(target)).get("Host"))


def _headers(case: Mapping) -> Facts:
    _, target = _tried([reply(200)], tuple(case["given"].items()))
    got = dict(_fields(target))
    for name, wanted in case.items():
        if name == "namesSent":
            yield from compare("names", wanted, sorted(got.keys() - {"Host"}))
        elif name != "given":
            is_ours = wanted and "<" in wanted and _AGENT.fullmatch(got.get(name) or "")
            yield from compare(name, wanted, wanted if is_ours else got.get(name))


def _conversion(case: Mapping) -> Facts:
    """Names are sent as they were given; which case they have means nothing in HTTP."""
    _, target = _tried([reply(200)], tuple(map(tuple, case["list"])))
    got: dict[str, list[str]] = {}
    for name, value in _fields(target):
        got.setdefault("-".join(part.capitalize() for part in name.split("-")), []).append(value)
    for name, values in case["expected"].items():
        yield from compare(name, values, got.get(name))


def _url(case: list) -> Facts:
    """Host, path and query of what is asked, against those of the URL; the root's path may be left out of a URL."""
    scheme, host, port, path, url = case
    ask = Ask(Handler.HTTP_GET, scheme=scheme, host=host, port=port, path=path)
    wanted, mine = urlsplit(url), urlsplit(f"{scheme}://{host_and_port(ask)}/{request_path(path).removeprefix('/')}")
    for field in ("scheme", "query", "fragment", "port"):
        yield from compare(field, getattr(wanted, field), getattr(mine, field))
    yield from compare("path", wanted.path or "/", mine.path)
    yield from compare("host", wanted.hostname, mine.hostname, _ADDRESS if host == "localhost" else None)


# --- limits --------------------------------------------------------------------------------------------------------


def _limit(case: Mapping) -> Facts:
    (name, wanted), = case.items()
    if name in _LIMITS:
        yield from compare(name, wanted, _LIMITS[name]())
    else:
        yield Difference(name, wanted, "nothing is known of such a limit")


def _asked() -> tuple[str, dict[str, str]]:
    _, target = _tried([reply(200)])
    return target.asked[0], dict(_fields(target))


def _most_redirects() -> int:
    """How many requests a chain without end comes to."""
    _, target = _tried([reply(302, location="/again")])
    return len(target.asked)


def _most_body() -> int:
    body = b"." * (_MOST_BODY - 12) + b"more to come"
    return _MOST_BODY if _tried([reply(200, body=body, length=10 * _MOST_BODY)])[0] == "success" else 0


def _uses_proxy() -> bool:
    with Target() as target, Target([reply(500)]) as proxy:
        address = f"http://127.0.0.1:{proxy.port}"
        outcome(_get(target), {"http_proxy": address, "HTTP_PROXY": address, "ALL_PROXY": address})
    return bool(proxy.asked)


def _verifies() -> bool:
    """Whether a server that made its certificate itself is taken for a failure."""
    with tempfile.TemporaryDirectory() as directory:
        certificate, key = Path(directory, "certificate"), Path(directory, "key")
        subprocess.run([*_MAKE_CERTIFICATE, "-out", certificate, "-keyout", key], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    with Target(context=context) as target:
        word, _ = outcome(_get(target)._replace(scheme="https"))
    return word != "success"


_LIMITS: dict[str, Callable[[], object]] = {
    "maxBodyBytes": _most_body,
    "maxRedirects": _most_redirects,
    "method": lambda: _asked()[0].partition(" ")[0],
    "keepAlive": lambda: _asked()[1].get("Connection") != "close",
    "proxyUsed": _uses_proxy,
    "tlsVerified": _verifies,
    "acceptEncodingSentByDefault": lambda: "Accept-Encoding" in _asked()[1],
}


# --- others --------------------------------------------------------------------------------------------------------


def _exec(case: Mapping) -> Facts:
    event = case["event"]
    code = re.search(r"exit (\d+)", event)
    if code:
        words = ("sh", "-c", f"head -c 20000 /dev/zero; exit {code[1]}")
    else:
        words = ("/nowhere/to-be/found",) if "cannot run" in event else ("sleep", "30")
    wanted = "error" if case.get("error") else case["outcome"]
    times = {"deadline": 3 * SOON} if wanted == "error" else {"timeout": SOON} if "time" in event else {}
    yield from compare("outcome", wanted, outcome(Ask(Handler.EXEC, words), **times)[0])


def _tcp(case: Mapping) -> Facts:
    """Nobody listens at a port that is held all the same, or somebody else might."""
    with Target() as target, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = target.port if case["outcome"] == "success" else nobody.getsockname()[1]
        yield from compare("outcome", case["outcome"], outcome(Ask(Handler.TCP_SOCKET, port=port))[0])


def _port(case: Mapping) -> Facts:
    """A number by both readers; a name by that of manifests, which alone has names."""
    kind, value = case["param"]["type"], case["param"]["value"]
    if kind == "int":
        yield from compare("error", case["expectError"], not is_probe(f"tcp_socket = {{ port = {value} }}"))
    port = {"int": value, "string": value}.get(kind, True)  # neither a number nor a name
    unit = read_container({"ports": case["ports"], "readinessProbe": {"tcpSocket": {"port": port}}})
    yield from compare("error", case["expectError"], unit is None)
    if unit is not None and unit.readiness_probe is not None:
        yield from compare("port", case["expected"], unit.readiness_probe.ask.port)


_GROUPS: dict[str, Callable[[object], Facts]] = {
    "limits": _limit, "status": _status, "redirects": _redirect, "hostHeader": _host, "headers": _headers,
    "headerConversion": _conversion, "formatURL": _url, "body": _body, "exec": _exec, "tcp": _tcp,
    "resolvePort": _port,
}
