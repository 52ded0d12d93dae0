"""Everybody on stage: the core, its units' processes and their like, each behind a socket to the director.

It knows sockets and pids. It must never know what a state or a policy is, nor what comes next.
"""

import itertools
import os
import select
import selectors
import signal
import socket
import struct
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 40.0  # seconds: only a test that fails waits so long
MESSAGE = 65536
_numbers = itertools.count()


@dataclass
class Body:
    """One process by its pid in the core's namespace; ``outer`` is the pid as we see it. At the ``gate`` it has not
    executed its program yet; by the ``wire`` it hears commands."""

    pid: int
    outer: int = 0
    gate: socket.socket | None = None
    wire: socket.socket | None = None
    role: str = ""
    words: tuple[str, ...] = ()
    is_reaped: bool = False

    def tell(self, command: str) -> None:
        """To the puppet, or to the child that is none yet."""
        (self.wire or self.gate).send(command.encode())

    def kill(self) -> None:
        os.kill(self.outer, signal.SIGKILL)

    def end(self) -> None:
        """Kills it and waits until the kernel says so."""
        pidfd = os.pidfd_open(self.outer)
        self.kill()
        assert select.select([pidfd], [], [], PATIENCE)[0], f"{self.pid} cannot be killed"
        os.close(pidfd)


class Troupe:
    """The core of one run and all that it starts. ``hear`` is called with each line of the core's: the words; what it
    returns, if anything, is answered."""

    def __init__(self, hear: Callable[[list[str]], str | None]):
        self._hear = hear
        self._door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.name = f"minipod-stage-{os.getpid()}-{next(_numbers)}"
        self._door.bind(f"\0{self.name}")
        self._door.listen(64)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._door, selectors.EVENT_READ, self._welcome)
        self._sockets = [self._door]
        self._process: subprocess.Popen | None = None
        self.core: socket.socket | None = None
        self.core_pid = 0
        self.bodies: dict[int, Body] = {}
        self.signals: Counter[tuple[int, int]] = Counter()  # heard of by puppets: pid, number
        self.troubles: list[str] = []
        self.needs: dict[str, Callable[[], bool]] = {}
        self._orders = 0
        self.is_idle = self.has_left = self._is_deaf = False

    def open(self, command: Sequence[str | Path], env: Mapping[str, str], words: Path) -> None:
        """Starts the core as PID 1 of a namespace of its own, all signals held."""
        held = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        with open(words, "wb") as errors:
            self._process = subprocess.Popen(
                ["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), "-pf", "--mount-proc", "--kill-child", *command],
                env={**env, "STAGE_DOOR": self.name}, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
            )
        signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def close(self) -> None:
        """Ends whatever still is."""
        if self._process is not None:
            if self.core_pid and self._process.poll() is None:
                with suppress(ProcessLookupError):
                    os.kill(self.core_pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
        self._selector.close()
        for each in self._sockets:
            each.close()

    def wait_end(self) -> int:
        """The core's exit code."""
        return self._process.wait(PATIENCE)

    def watch(self, guest: socket.socket, read: Callable[[socket.socket], None] | None) -> None:
        """Somebody else's socket: ``read`` is called when there is something to read, None: not any more."""
        if read is not None:
            self._selector.register(guest, selectors.EVENT_READ, read)
        elif guest.fileno() >= 0 and guest in self._selector.get_map():
            self._selector.unregister(guest)

    def pass_gate(self, body: Body) -> None:
        """It may execute its program, and is here as a puppet, or gone, before anything else happens."""
        with suppress(BrokenPipeError):  # killed in the turn that it was born in
            body.tell("go")
        self.needs[f"hello of {body.pid}"] = lambda: body.wire is not None or body.is_reaped

    # --- the core

    def order(self, *commands: str) -> None:
        """Commands to the core."""
        self.is_idle = False
        self._orders += 1
        self.core.send("\n".join(commands).encode())

    def rest(self) -> None:
        """Until the core is idle and everything that is needed has come to be."""
        end = time.monotonic() + PATIENCE
        while not self.has_left and not (self.is_idle and self._is_content()):
            wait = end - time.monotonic()
            if wait <= 0 or self._is_gone():
                raise RuntimeError(f"it does not come to rest: idle {self.is_idle}, needs {sorted(self.needs)}")
            for key, _ in self._selector.select(min(wait, 1)):
                key.data(key.fileobj)
        if self.troubles:
            raise RuntimeError("; ".join(self.troubles))

    def _is_gone(self) -> bool:
        """Without having left: an error. What it said before is read first."""
        return self._is_deaf or (self.core is None and self._process.poll() is not None)

    def _is_content(self) -> bool:
        if self.needs:
            self.needs = {what: comes for what, comes in self.needs.items() if not comes()}
        return not self.needs

    # --- sockets

    def _welcome(self, door: socket.socket) -> None:
        guest, _ = door.accept()
        self._sockets.append(guest)
        self._selector.register(guest, selectors.EVENT_READ, self._introduce)

    def _introduce(self, guest: socket.socket) -> None:
        """The first message says who it is; the kernel says its pid. Whoever was killed at the door says nothing."""
        role, *words = guest.recv(MESSAGE).decode().split() or [""]
        if not words:
            self._forget(guest)
            return
        outer = struct.unpack("3i", guest.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        if role == "core":
            self.core, self.core_pid = guest, outer
            self._selector.modify(guest, selectors.EVENT_READ, self._listen)
            return
        body = self.bodies.setdefault(int(words[0]), Body(int(words[0])))
        body.outer = outer
        if role == "gate":
            body.gate = guest
            self._selector.modify(guest, selectors.EVENT_READ, self._forget)
            self._hear([role, words[0]])
        else:
            body.wire, body.role, body.words = guest, role, tuple(words[1:])
            self._selector.modify(guest, selectors.EVENT_READ, lambda _: self._note(body))

    def _forget(self, guest: socket.socket) -> None:
        self._selector.unregister(guest)
        self._sockets.remove(guest)
        guest.close()

    def _note(self, body: Body) -> None:
        """What a puppet says: which signal it got."""
        try:
            text = body.wire.recv(MESSAGE).decode()
        except ConnectionResetError:
            text = ""
        if not text:
            self._forget(body.wire)
        elif text.startswith("signal "):
            self.signals[body.pid, int(text.split()[1])] += 1
        else:
            self.troubles.append(f"{body.role} {body.pid}: {text}")

    def _listen(self, core: socket.socket) -> None:
        try:
            text = core.recv(MESSAGE).decode()
        except ConnectionResetError:
            text = ""
        self.is_idle = False
        if not text:
            self._is_deaf = True
            self._forget(core)
        for line in text.splitlines():
            words = line.split()
            self.has_left |= words[0] == "left"
            self.is_idle = words[0] == "idle" and words[-1] == str(self._orders)
            answer = self._hear(words)
            if answer is not None:
                core.send(answer.encode())
