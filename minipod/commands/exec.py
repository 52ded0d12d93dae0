"""`minipod exec NAME -- CMD`: a command as a unit would run it. It becomes that command: exit code, terminal and
signals are the command's own. It must never change what the unit itself is given, nor be more than whoever answers is.
"""

import os
import sys
from typing import NamedTuple, NoReturn

from minipod.commands.asking import COMMON, HELP, POD, ask, unknown_unit
from minipod.commands.running_plan import plan_from
from minipod.errors import FAILED, PodError, UsageError
from minipod.options import Words, sort_words
from minipod.reaper import bounds, mounts
from minipod.reaper import context as contexts
from minipod.reaper.client import Client, unit_path
from minipod.reaper.lower import DEFAULT_PATH
from minipod.reaper.peer import Peer, seen
from minipod.reaper.records import Rights

USAGE = f"""minipod exec NAME [--] CMD [ARGS...]

Run a command with the environment, user, groups, umask, directory, limits and rights that the unit called NAME has,
also while the unit itself is down; while it runs, with its volumes. It shares this terminal, and PID 1 does not know it
as a part of the unit. NOTIFY_SOCKET, NOTIFY_FD, WATCHDOG_USEC and MINIPOD_INSTANCE are left out: they are one
instance's own.
{COMMON}Exit code: that of CMD; 127 if there is no such command, 126 if it cannot be executed, 1 if the user or the
directory cannot be had, 3 if no pod answers, 4 for a unit that nobody knows, 64 for a mistake on the command line.
"""
NOT_FOUND, NOT_EXECUTABLE = 127, 126


class Request(NamedTuple):
    """``found`` are the words before NAME, which are ours."""

    found: Words
    name: str
    command: list[str]


def run(words: list[str]) -> int:
    """Returns for --help alone. PodError and UsageError are the caller's to report."""
    request = _request(words)
    if request.found.flags:
        sys.stdout.write(USAGE)
        return 0
    if not request.name:
        raise UsageError("NAME is missing: as which unit?")
    if not request.command:
        raise UsageError(f"CMD is missing: minipod exec {request.name} -- sh")
    client = ask(request.found)
    pid = _known(client, request.name)
    facts, peer = client.get_from(unit_path(request.name, "context"))
    context = contexts.parse(facts)
    identity = contexts.limit(context, contexts.identity_of(context), seen(peer))
    rights = _rights_of(client, request.name, peer)
    identity = bounds.groups_of(context, identity, rights, peer) if rights else identity
    own = bounds.Bounds(rights, peer) if rights else None
    terminal = os.environ.get("TERM") if os.isatty(0) else None
    environment = contexts.environment(context, identity, terminal)
    sys.stdout.flush()
    contexts.lend(environment, f"/proc/{peer.pid}/fd")
    mounts.enter(request.name, pid, peer.pid)
    if own:
        own.begin()
    contexts.take_on(context, identity, f"/proc/{peer.pid}/cwd")
    if own:
        own.end()
    _become(request.command, environment)


def _request(words: list[str]) -> Request:
    """Options before NAME are ours; everything behind it is the command's, but for a first "--"."""
    at = 0
    while at < len(words) and words[at].startswith("-") and words[at] != "--":
        at += 2 if words[at] == POD else 1
    found = sort_words(words[:at], flags=HELP, valued=(POD,))
    rest = words[at + 1:] if words[at:at + 1] == ["--"] else words[at:]
    name, command = "".join(rest[:1]), rest[1:]
    return Request(found, name, command[1:] if command[:1] == ["--"] else command)


def _known(client: Client, name: str) -> int | None:
    """The pid of that unit, None while it is down; PodError 4 with a guess if there is no such unit."""
    pids = {unit["name"]: unit.get("pid") for unit in client.get("/v1/units")["units"]}
    if name not in pids:
        raise unknown_unit(name, [*pids])
    return pids[name]


def _rights_of(client: Client, name: str, peer: Peer) -> Rights | None:
    """As the plan has them. PodError if somebody else answers by now."""
    plan, other = plan_from(client)
    if other.uid != peer.uid:
        raise PodError("another pod answers than a moment ago: ask again", FAILED)
    return next((unit.rights for unit in plan.units if unit.name == name), None)


def _become(command: list[str], environment: dict[bytes, bytes]) -> NoReturn:
    """As the core does: the unit's own PATH, never through a shell."""
    path = os.fsdecode(environment.get(b"PATH", DEFAULT_PATH))
    name = command[0]
    places = [name] if "/" in name else [os.path.join(each, name) for each in path.split(":") if name]
    refused: OSError | None = None
    for place in places:
        try:
            os.execve(place, command, environment)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except PermissionError as bad:
            refused = bad  # a match that may not be executed does not hide a later one
        except (OSError, ValueError) as bad:
            raise _unrunnable(name, bad, NOT_EXECUTABLE) from None
    raise _unrunnable(name, refused or FileNotFoundError(2, ""), NOT_EXECUTABLE if refused else NOT_FOUND)


def _unrunnable(name: str, bad: Exception, code: int) -> PodError:
    why = os.strerror(bad.errno or 0).lower() if isinstance(bad, OSError) else str(bad)
    return PodError(f"cannot execute {name}: {why}", code)
