"""Standing still where it matters: an init, or the child that it is about to make its program, is held between two of
its system calls by ptrace, so that a signal comes exactly then. No check has to hope for a race.
"""

import ctypes
import os
import signal
import time
from contextlib import suppress

from init_trial import Run, Trial, handles_term, mask, program, state
from system_harness import children, descendants, status

_CONT, _DETACH, _SYSCALL = 7, 17, 24
_GET_MESSAGE, _GET_REGISTERS, _SET_REGISTERS, _SEIZE, _INTERRUPT = 0x4201, 0x4204, 0x4205, 0x4206, 0x4207
_OPTIONS = 1 | 2 | 4 | 8 | 16  # system calls are told from other stops; forks, clones and execs stop, too
_BIRTHS = {1, 2, 3}  # events of fork, vfork, clone
_EXECUTED, _STOPPED = 4, 128
_WALL = 0x40000000
_PROMPT = 0.005  # s: before that it is not asked whether it rests; to ask costs more than a step
_STATUS_REGISTERS = 1  # NT_PRSTATUS
_COUNTER_AT = {"x86_64": 16 * 8, "aarch64": 32 * 8}[os.uname().machine]

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_libc.ptrace.restype = ctypes.c_long


def _ptrace(request: int, pid: int, address: int = 0, data: int | None = 0) -> None:
    if _libc.ptrace(request, pid, address, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {pid}")


class Gone(Exception):
    """It has ended, or rests in a system call that does not return."""


class Held:
    """A process under our hand. It runs only while ``step`` or ``until_exec`` waits for its next stop."""

    def __init__(self, pid: int, run: Run):
        self.pid = pid
        self._run = run
        self._stands = False

    @classmethod
    def seize(cls, pid: int, run: Run) -> "Held":
        """One that runs already."""
        _ptrace(_SEIZE, pid, 0, _OPTIONS)
        held = cls(pid, run)
        _ptrace(_INTERRUPT, pid)
        held._wait()
        return held

    def _message(self) -> int:
        value = ctypes.c_ulong()
        _ptrace(_GET_MESSAGE, self.pid, 0, ctypes.addressof(value))
        return value.value

    def _wait(self, *, may_rest: bool = False) -> int:
        """The kind of its next stop: an event's number, 128 for a system call, 0 for anything else."""
        began = time.monotonic()
        while True:
            found, how = os.waitpid(self.pid, _WALL | os.WNOHANG)
            if found:
                break
            waited = time.monotonic() - began
            if may_rest and waited > _PROMPT and self.rests():
                raise Gone
            assert waited < self._run.patience, "it never came to its next system call"
            time.sleep(0.0001)
        self._stands = os.WIFSTOPPED(how)
        if not self._stands:
            raise Gone
        return how >> 16 or (_STOPPED if os.WSTOPSIG(how) == signal.SIGTRAP | 0x80 else 0)

    def _go(self, how: int) -> None:
        self._stands = False
        _ptrace(how, self.pid)

    def rests(self) -> bool:
        """It sleeps in a system call, and its program is under way."""
        below = [pid for pid in children(self.pid) if status(pid).get("Name") not in ("", None, self._run.name)]
        return bool(below) and state(self.pid) == "S"

    def step(self) -> "Held | None":
        """To its next system call, in or out. A child that it has made meanwhile is held at its first instruction and
        given back. Gone: when there is none."""
        self._go(_SYSCALL)
        stop = self._wait(may_rest=True)
        if stop in _BIRTHS:
            child = Held(self._message(), self._run)
            child._wait()
            return child
        if stop == _EXECUTED:
            raise Gone
        return None

    def until_exec(self, name: str) -> None:
        """To the first instruction of the program of this name."""
        while True:
            self._go(_CONT)
            if self._wait() == _EXECUTED and status(self.pid).get("Name") == name:
                return

    def fault(self) -> None:
        """Its next instruction is at address 0."""
        registers = ctypes.create_string_buffer(1024)
        vector = (ctypes.c_size_t * 2)(ctypes.addressof(registers), ctypes.sizeof(registers))
        _ptrace(_GET_REGISTERS, self.pid, _STATUS_REGISTERS, ctypes.addressof(vector))
        ctypes.c_uint64.from_buffer(registers, _COUNTER_AT).value = 0
        _ptrace(_SET_REGISTERS, self.pid, _STATUS_REGISTERS, ctypes.addressof(vector))

    def release(self) -> None:
        """It runs on by itself."""
        with suppress(OSError, Gone):
            if not self._stands:
                _ptrace(_INTERRUPT, self.pid)
                self._wait()
            _ptrace(_DETACH, self.pid)


def hold(trial: Trial, *words: object, **how: object) -> tuple[Run, Held]:
    """An init, held before its first instruction."""
    reading, writing = os.pipe()
    how["wrap"] = [*how.get("wrap", ()), *program("after_a_word", reading)]
    run = trial.start(*words, pass_fds=(reading,), **how)
    os.close(reading)
    run.expect(r"waiting \d+\n")
    waiting = _waiting(run)
    _ptrace(_SEIZE, waiting, 0, _OPTIONS)
    held = Held(waiting, run)
    os.write(writing, b"\n")
    os.close(writing)
    end = time.monotonic() + run.patience
    while True:
        stop = held._wait()
        if stop == _EXECUTED and status(waiting).get("Name") == run.name:
            return run, held
        assert time.monotonic() < end
        held._go(_CONT)


def _waiting(run: Run) -> int:
    return run.until(lambda: descendants(run.process.pid)[-1:], "it waits")[0]


def step_until_it_handles_signals(held: Held) -> None:
    while not handles_term(held.pid):
        child = held.step()
        assert child is None, "it makes its program before it is ready for signals"


def step_until_it_has_a_child(held: Held) -> Held:
    while (child := held.step()) is None:
        pass
    return child


def is_heard(pid: int, number: int) -> bool:
    """The signal is not pending any more, and its receiver rests."""
    return number not in mask(pid, "ShdPnd") and state(pid) == "S"
