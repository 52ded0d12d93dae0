"""What units run that speak for themselves: `python3 speakers.py STEP…`, each VERB or VERB=WORDS, one after the other.

Nothing here waits for time to pass: `await` for the test to open a FIFO, `barrier` for minipod, `stay` for a signal.
"""

import array
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Iterable

LIMIT = 253  # descriptors of one message: the kernel's SCM_MAX_FD


def mailbox() -> str:
    """The socket's address; an abstract one begins with NUL."""
    return os.environ["NOTIFY_SOCKET"].replace("@", "\0", 1)


def send(text: str, descriptors: Iterable[int] = ()) -> None:
    """One datagram; `\\n` in the text is a new line."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))
        speaker.sendmsg([text.replace("\\n", "\n").encode()], [rights] if rights[2] else [], 0, mailbox())


def say(text: str) -> None:
    """One line on stdout."""
    os.write(1, f"{text}\n".encode())


def barrier() -> None:
    """Waits until minipod has heard all that was sent before."""
    ours, theirs = os.pipe()
    send("BARRIER=1", [theirs])
    os.close(theirs)
    waiting = select.poll()
    waiting.register(ours, 0)
    waiting.poll()
    os.close(ours)


def size(words: str) -> None:
    """READY=1 in a message of so many bytes."""
    send("READY=1\n".ljust(int(words), "x"))


def flood(words: str) -> None:
    """So many messages with as many descriptors as one may carry."""
    for _ in range(int(words)):
        send("STATUS=flooding", [1] * LIMIT)


def stranger(words: str) -> None:
    """UID:TEXT, said by a process of that user."""
    uid, _, text = words.partition(":")
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresuid(int(uid), int(uid), int(uid))
        send(text)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0


def linger(words: str) -> None:
    """SECONDS, or SECONDS:PORT of a server that reads nothing. Sends a connection whose last owner is made to wait so
    long when it closes it."""
    seconds, _, port = words.partition(":")
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(("127.0.0.1", int(port)) if port else server.getsockname())
        if not port:
            theirs, _ = server.accept()
            os.set_inheritable(theirs.detach(), True)  # stays open, and reads nothing
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, int(seconds)))
    ours.setblocking(False)
    try:
        while ours.send(bytes(65536)):
            pass
    except BlockingIOError:
        pass
    send("STATUS=lingering", [ours.fileno()])
    ours.close()


def child(words: str) -> None:
    """A child that tells of TERM and ends; MAINPID names it."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        os.write(theirs, b"x")
        signal.sigwait({signal.SIGTERM})
        say(words)
        os._exit(0)
    os.read(ours, 1)
    send(f"MAINPID={pid}")


def hold(words: str) -> None:
    """Signals of this number wait from here on."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {int(words)})


def wait_signal(words: str) -> None:
    """Until one of those has come."""
    signal.sigwait({int(words)})


def write(words: str) -> None:
    """FD:TEXT."""
    fd, _, text = words.partition(":")
    os.write(int(fd), text.replace("\\n", "\n").encode())


def open_for_test(words: str) -> None:
    """Until the test opens the other end of the FIFO."""
    with open(words, encoding="ascii"):
        pass


def tell(words: str) -> None:
    """Lets the test go on that has this FIFO open for reading: a word that does not pass through minipod."""
    with open(words, "w", encoding="ascii"):
        pass


def count_descriptors() -> None:
    """How many are open, but for the one that it takes to look."""
    say(f"{len(os.listdir('/proc/self/fd')) - 1} open")


def again(words: str) -> None:
    """PATH:STEP: that step until there is such a file."""
    path, _, repeated = words.partition(":")
    while not os.path.exists(path):
        take(repeated)


def take(step: str) -> None:
    """One step."""
    verb, _, given = step.partition("=")
    VERBS[verb](given)


VERBS = {
    "send": send, "say": say, "barrier": lambda _: barrier(), "size": size, "flood": flood, "stranger": stranger,
    "linger": linger, "child": child, "hold": hold, "signal": wait_signal, "write": write, "await": open_for_test,
    "close": lambda words: os.close(int(words)), "reap": lambda _: os.wait(), "stay": lambda _: signal.pause(),
    "exit": lambda words: os._exit(int(words)), "tell": tell, "count": lambda _: count_descriptors(),
    "again": again,
}

for step in sys.argv[1:]:
    take(step)
