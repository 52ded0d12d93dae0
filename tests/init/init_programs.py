"""What runs below inits, and what becomes them under odd circumstances: `python3 init_programs.py NAME ARGS`.

No program here waits for time to pass, but for those that are told how long they need.
"""

import fcntl
import json
import os
import resource
import signal
import sys
import time

ALL = set(range(1, 65)) - {signal.SIGKILL, signal.SIGSTOP, 32, 33}


def say(*words: object) -> None:
    """One write: lines of several processes stay whole."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def become(*command: str) -> None:
    """An interpreter ignores two signals; nobody after it shall."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execvp(command[0], command)


# --- what becomes an init


def after_a_word(fd: str, *command: str) -> None:
    """When a line has come on a descriptor, which then is closed."""
    say("waiting", os.getpid())
    os.read(int(fd), 1)
    os.close(int(fd))
    become(*command)


def closing(fds: str, *command: str) -> None:
    """Without these descriptors: "02"."""
    for fd in fds:
        os.close(int(fd))
    become(*command)


def blocking(numbers: str, *command: str) -> None:
    """With these signals blocked: "10,40", "all"."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ALL if numbers == "all" else map(int, numbers.split(",")))
    become(*command)


def ignoring(numbers: str, *command: str) -> None:
    for number in numbers.split(","):
        signal.signal(int(number), signal.SIG_IGN)
    become(*command)


def in_circumstances(*command: str) -> None:
    """Another umask, other limits, less nice."""
    os.umask(0o027)
    os.nice(3)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, 300))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 22, 1 << 23))
    become(*command)


def with_pid_variables(kind: str, *command: str) -> None:
    """LISTEN_PID and WATCHDOG_PID name whoever becomes the init ("own"), or process 1000000 ("other")."""
    number = str(os.getpid() if kind == "own" else 1_000_000)
    os.environ.update(LISTEN_PID=number, LISTEN_FDS="1", WATCHDOG_PID=number, WATCHDOG_USEC="1000000")
    become(*command)


def with_environment(path: str, *command: str) -> None:
    """Exactly the variables of a file, each ended by a 0, in their order and as often as they come."""
    import ctypes

    variables = open(path, "rb").read().split(b"\0")[:-1]
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    words = [os.fsencode(word) for word in command]
    execve = ctypes.CDLL(None, use_errno=True).execve
    execve(words[0], (ctypes.c_char_p * (len(words) + 1))(*words, None),
           (ctypes.c_char_p * (len(variables) + 1))(*variables, None))
    raise OSError(ctypes.get_errno(), command[0])


def pending(number: str, *command: str) -> None:
    """With a signal that has come already, and is blocked."""
    os.kill(os.getpid(), int(number))
    become(*command)


def with_children(*command: str) -> None:
    """Who becomes the init has a child that sleeps and one that has ended."""
    if os.fork() == 0:
        become("sleep", "1000")
    if os.fork() == 0:
        os._exit(0)
    become(*command)


def on_terminal(name: str, *command: str) -> None:
    """The leader of a new session, whose controlling terminal this is."""
    import termios

    os.setsid()
    terminal = os.open(name, os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
    os.close(terminal)
    become(*command)


def parent_on_terminal(*command: str) -> None:
    """A parent in front that does not care for the terminal: when the init is over it reads a line, which it could
    not in the background, and ends with the code that is written there."""
    child = os.fork()
    if child == 0:
        become(*command)
    os.waitpid(child, 0)
    say("over")
    os._exit(int(os.read(0, 100)))


# --- what an init runs


def signals(*until: str) -> None:
    """Says every signal that it gets; ends with 0 at one of ``until`` (numbers)."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ALL)
    say("ready", os.getpid())
    while (info := signal.sigwaitinfo(ALL)).si_signo not in map(int, until):
        say("got", info.si_signo)
    say("got", info.si_signo)


def signals_to(path: str, *until: str) -> None:
    """The same, into a file: for those whose terminal goes away. HUP is one more."""
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 1)
    signals(*until)


def changes_its_group(left: str, *until: str) -> None:
    """It joins that of a child, unless it leads a session, which may not; so many others stay in its own."""
    for _ in range(int(left)):
        if os.fork() == 0:
            deaf()
    if os.getsid(0) != os.getpid():
        child = os.fork()
        if child == 0:
            signal.pause()
        os.setpgid(child, child)
        os.setpgid(0, child)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    signals(*until)


def ends_by(number: str) -> None:
    """By a signal, without a core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {int(number)})
    if int(number) != signal.SIGKILL:
        signal.signal(int(number), signal.SIG_DFL)
    os.kill(os.getpid(), int(number))


def term_takes(seconds: str, code: str = "0", marker: str = "") -> None:
    """At TERM it needs a while, then says so (and makes a file) and ends."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    say("ready", os.getpid())
    signal.sigwait({signal.SIGTERM})
    time.sleep(float(seconds))
    if marker:
        open(marker, "w").close()
    say("cleaned")
    os._exit(int(code))


def term_waits() -> None:
    """At TERM it says so, and ends at the end of its input."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    say("ready", os.getpid())
    signal.sigwait({signal.SIGTERM})
    say("asked to end")
    os.read(0, 1)
    say("cleaned")


def deaf(*command: str) -> None:
    """Ignores TERM for ever."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("deaf", os.getpid())
    while True:
        signal.pause()


def leaves(where: str, how: str, *helper: str) -> None:
    """Starts a helper in its own group ("group"), in another ("away"), or as a daemon of a session of its own
    ("daemon"); when that is ready it says "main", and ends by itself ("ends"), at the end of its input
    ("ends_when_told"), at TERM ("obeys"), or never ("stays")."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        if where == "away":
            os.setpgid(0, 0)
        if where == "daemon":
            os.setsid()
            if os.fork():
                os._exit(0)
        os.dup2(writing, 9)
        become(sys.executable, "-IS", __file__, "tells", "9", *helper)
    os.close(writing)
    os.read(reading, 1)
    say("main", os.getpid())
    if how == "ends_when_told":
        os.read(0, 1)
    if how.startswith("ends"):
        os._exit(5)
    if how == "stays":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()


def tells(fd: str, name: str, *args: str) -> None:
    """One of the programs here, whose first word is told on a descriptor as well."""
    global say
    plain = say

    def tell_and_say(*words: object) -> None:
        plain(*words)
        try:
            os.write(int(fd), b".")
        except (OSError, ValueError):
            pass

    say = tell_and_say
    globals()[name](*args)


def stops() -> None:
    """Stops itself, and would never go on."""
    say("stopping", os.getpid())
    os.kill(os.getpid(), signal.SIGSTOP)
    signal.pause()


def forks_at_term() -> None:
    """Whoever asks it to end has a child of its more to ask, three times over; the last one heeds it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    say("ready", os.getpid())
    for generation in range(3):
        signal.sigwait({signal.SIGTERM})
        if os.fork():
            os._exit(0)
        os.setsid()
        say("born", generation)
    signal.sigwait({signal.SIGTERM})
    say("last")


def orphans(count: str) -> None:
    """So many children of children that are gone; all have ended when it says so, none is its own to reap."""
    reading, writing = os.pipe()
    for _ in range(int(count)):
        child = os.fork()
        if child == 0:
            if os.fork() == 0:
                os.close(writing)
                os.read(reading, 1)
            os._exit(0)
        os.waitpid(child, 0)
    os.close(writing)
    os.close(reading)
    say("made", os.getpid())
    signal.pause()


def given(path: str, *words: str) -> None:
    """Writes what it was given to a file, as JSON."""
    fds = {}
    for fd in range(300):
        try:
            fcntl.fcntl(fd, fcntl.F_GETFD)
            at = os.stat(fd)
            fds[fd] = (at.st_dev, at.st_ino)
        except OSError:
            pass
    lines = open("/proc/self/status").read().splitlines()
    report = {
        "fds": fds,
        "arguments": open("/proc/self/cmdline", "rb").read().hex(),
        "environment": open("/proc/self/environ", "rb").read().hex(),
        "directory": os.getcwd(),
        "signals": {line[:6]: int(line.split()[1], 16) for line in lines if line[:6] in ("SigBlk", "SigIgn", "SigCgt")},
        "umask": next(line.split()[1] for line in lines if line.startswith("Umask")),
        "nice": os.nice(0),
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in dir(resource)
                   if name.startswith("RLIMIT_")},
        "pid": os.getpid(),
        "parent": os.getppid(),
        "session": os.getsid(0),
        "group": os.getpgid(0),
        "parents_session": os.getsid(os.getppid()) if os.getppid() else 0,
    }
    with open(path + ".new", "w") as file:
        json.dump(report, file)
    os.rename(path + ".new", path)


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
