"""What units of tests run: `python3 programs.py NAME ARGS`. Each says on stdout when it is ready, and what befell it.

No program here waits for time to pass: those that stay do so until a signal ends them.
"""

import errno
import os
import signal
import sys
import time

ALL = set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP, 32, 33}


# System calls that filters refuse: their numbers on x86-64, and on aarch64.
CALLS = {
    "close_range": (436, 436), "flock": (73, 32), "fchmod": (91, 52), "memfd_create": (319, 279), "mount": (165, 40),
    "pidfd_open": (434, 434), "pwrite64": (18, 68), "sendmsg": (46, 211), "statx": (332, 291), "umount2": (166, 39),
    "unlinkat": (263, 35), "unshare": (272, 97),
}
DEADLY = 0x80000000  # SECCOMP_RET_KILL_PROCESS


def say(*words: object) -> None:
    """One write: lines of several processes stay whole."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def signals(*until: str) -> None:
    """Prints every signal it gets; ends with 0 at one of ``until`` (numbers)."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ALL)
    say("ready", os.getpid())
    while (info := signal.sigwaitinfo(ALL)).si_signo not in map(int, until):
        say("got", info.si_signo)
    say("got", info.si_signo)


def ends_with(code: str, word: str = "ready", marker: str = "") -> None:
    """Ends with a code at TERM. (A shell's trap would not do: what it forks meanwhile may miss the signal.)"""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    say(word, os.getpid())
    if marker:
        open(marker, "w").close()
    signal.sigwait({signal.SIGTERM})
    os._exit(int(code))


def stubborn(*ignored: str) -> None:
    """Ignores TERM (or the given signals) for ever."""
    for number in ignored or (signal.SIGTERM,):
        signal.signal(int(number), signal.SIG_IGN)
    say("ready", os.getpid())
    while True:
        signal.pause()


def cleanup(seconds: str, marker: str) -> None:
    """At TERM works for some seconds, then writes a file and ends with 0."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    say("ready", os.getpid())
    signal.sigwait({signal.SIGTERM})
    time.sleep(float(seconds))
    with open(marker, "a") as file:
        file.write("cleaned\n")
    say("cleaned")


def with_sibling(seconds: str, marker: str) -> None:
    """A leader that ends at once at TERM, and a child in its group that needs time to clean up."""
    if os.fork() == 0:
        return cleanup(seconds, marker)
    signal.pause()


def daemonise(*options: str) -> None:
    """Two forks and a session of its own; ignores TERM. "bare" forgets its environment; the leader stays, or ends with
    "leave", but never before its daemon is ready."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.set_inheritable(writing, True)
        command = [sys.executable, "-IS", __file__, "daemon", str(writing)]
        os.execve(sys.executable, command, {} if "bare" in options else dict(os.environ))
    os.wait()
    os.close(writing)
    os.read(reading, 1)
    if "leave" not in options:
        signal.pause()


def daemon(ready: str) -> None:
    """What becomes of it; closes a descriptor once it ignores TERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("ready", os.getpid())
    os.close(int(ready))
    while True:
        signal.pause()


def given(what: str, *command: str) -> None:
    """Becomes a command under odd circumstances."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    if what == "ignored":
        for number in (signal.SIGCHLD, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
    elif what == "blocked":
        signal.pthread_sigmask(signal.SIG_SETMASK, ALL)
    elif what == "closed":
        os.closerange(0, 3)
    elif what.startswith("closed-"):
        os.close(int(what.removeprefix("closed-")))
    elif what == "with-child":  # it was ours before minipod was, and must not stay a zombie
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "1000"])
        if os.fork() == 0:
            os._exit(0)
    elif what == "without-nowait":
        refuse({"x86_64": 328, "aarch64": 287}[os.uname().machine])  # pwritev2, which pipes have known since Linux 6.4
    elif what == "without-unix":
        refuse({"x86_64": 41, "aarch64": 198}[os.uname().machine], 1, errno.EAFNOSUPPORT)  # socket, AF_UNIX
    elif what == "without-ipv6":
        refuse({"x86_64": 41, "aarch64": 198}[os.uname().machine], 10, errno.EAFNOSUPPORT)  # socket, AF_INET6
    elif what == "without-processes":
        for number in {"x86_64": (56, 57, 58), "aarch64": (220,)}[os.uname().machine]:  # clone, fork, vfork
            refuse(number, error=errno.EAGAIN)
    elif what == "without-pidfds":
        refuse(434, error=errno.ENOSYS)  # pidfd_open, by one number everywhere
    elif what == "without-close-range":
        refuse(436, error=errno.EPERM)  # as filters have it that are older than the call
    elif what.startswith("without:"):
        _, call, error = what.split(":")
        refuse(CALLS[call][os.uname().machine == "aarch64"], error=getattr(errno, error, DEADLY))
    os.execvp(command[0], list(command))


def refuse(number: int, first: int | None = None, error: int = errno.EOPNOTSUPP) -> None:
    """From now on this system call fails, if its ``first`` argument is this one, or ends who makes it: a seccomp
    filter."""
    import ctypes
    import struct

    load, equal, give_back, allow, at_first = 0x20, 0x15, 0x06, 0x7FFF0000, 16
    more = [] if first is None else [(load, 0, 0, at_first), (equal, 0, 1, first)]
    answer = error if error == DEADLY else 0x00050000 | error
    steps = [(load, 0, 0, 0), (equal, 0, 1 + len(more), number), *more, (give_back, 0, 0, answer),
             (give_back, 0, 0, allow)]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("HP", len(steps), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    for words in ((38, 1, 0, 0, 0), (22, 2, program, 0, 0)):  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
        if libc.prctl(*words):
            raise OSError(ctypes.get_errno(), "prctl")


def on_terminal(name: str, *command: str) -> None:
    """Becomes a command whose controlling terminal is this one, if it leads its session; else the leader's."""
    import fcntl
    import termios

    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.setsid()
    except PermissionError:  # a leader already
        pass
    terminal = os.open(name, os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    os.close(terminal)
    os.execvp(command[0], list(command))


def descriptors() -> None:
    """Which descriptors are open, but for the one that lists them."""
    listed = [int(fd) for fd in os.listdir("/proc/self/fd")]
    say("open", *sorted(fd for fd in listed if os.path.exists(f"/proc/self/fd/{fd}")))


def lines(name: str, count: str, size: str) -> None:
    """Writes so many lines, in pieces that end anywhere."""
    text = b"".join(f"{name} {i} ".encode().ljust(int(size), b"x") + b"\n" for i in range(int(count)))
    while text:
        n = os.write(1, text[:777])
        text = text[n:]


def flood() -> None:
    """Writes for ever."""
    os.write(2, b"flooding\n")
    while True:
        os.write(1, b"y" * 1023 + b"\n")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
