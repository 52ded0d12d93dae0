"""What programs say of themselves in one message, under sanitizers. Expected is what sd_notify(3) says of each key."""

from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from protocol_asker import Asker, decode

FLAGS = ("ready", "reloading", "stopping", "barrier", "watchdog", "trigger")
U64, PID_MOST = 2**64 - 1, 2**31 - 1
quick = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def ask(build, root):
    asker = Asker(build, root)
    yield asker
    asker.close()


@dataclass(frozen=True)
class Notice:
    """What was understood; None: nothing was said of it."""

    flags: frozenset[str] = frozenset()
    watchdog_usec: int | None = None
    extend_usec: int | None = None
    mainpid: int | None = None
    errno: int | None = None
    status: bytes | None = None


NOTHING = Notice()


def says(*flags: str, **figures: object) -> Notice:
    return Notice(frozenset(flags), **figures)


def read(ask, text: bytes) -> Notice:
    result, flags, *figures, has_status, status = ask("notice", text)
    told = dict(zip(FLAGS, flags, strict=True))
    numbers = [int(figures[at + 1]) if figures[at] == "1" else None for at in range(0, len(figures), 2)]
    notice = Notice(frozenset(name for name in FLAGS if told[name] == "1"), *numbers,
                    decode(status) if has_status == "1" else None)
    assert result == str(int(notice != NOTHING))
    return notice


MESSAGES = {
    "ready": (b"READY=1", says("ready")),
    "a line that ends": (b"READY=1\n", says("ready")),
    "a text that ends": (b"READY=1\0", says("ready")),
    "both": (b"READY=1\n\0", says("ready")),
    "all flags": (b"READY=1\nRELOADING=1\nSTOPPING=1\nBARRIER=1\nWATCHDOG=1",
                  says("ready", "reloading", "stopping", "barrier", "watchdog")),
    "trigger": (b"WATCHDOG=trigger", says("trigger")),
    "all figures": (b"WATCHDOG_USEC=20000000\nEXTEND_TIMEOUT_USEC=5\nMAINPID=4711\nERRNO=2\nSTATUS=Failed to start",
                    says(watchdog_usec=20000000, extend_usec=5, mainpid=4711, errno=2, status=b"Failed to start")),
    "empty lines": (b"\n\nREADY=1\n\n\n", says("ready")),
    "among what nobody knows": (
        b"FDSTORE=1\nNOTIFYACCESS=all\nX_MINE=2\nREADY=1\nMONOTONIC_USEC=8\nwhat\n=\n=1", says("ready")),
    "not ready": (b"READY=0", NOTHING),
    "ready in other words": (b"READY=yes", NOTHING),
    "ready and more": (b"READY=11", NOTHING),
    "ready and a blank": (b"READY=1 ", NOTHING),
    "a blank before it": (b" READY=1", NOTHING),
    "a CR after it": (b"READY=1\r\n", NOTHING),
    "in small letters": (b"ready=1", NOTHING),
    "a longer key": (b"XREADY=1\nREADYX=1", NOTHING),
    "a shorter key": (b"READ=1\nY=1", NOTHING),
    "no value": (b"READY=", NOTHING),
    "no equals": (b"READY", NOTHING),
    "nothing": (b"", NOTHING),
    "a NUL alone": (b"\0", NOTHING),
    "a NUL within": (b"READY=1\0STATUS=x", NOTHING),
    "two NULs": (b"READY=1\0\0", NOTHING),
    "the greatest time": (f"WATCHDOG_USEC={U64}".encode(), says(watchdog_usec=U64)),
    "a time beyond": (f"WATCHDOG_USEC={U64 + 1}".encode(), NOTHING),
    "a time far beyond": (b"EXTEND_TIMEOUT_USEC=" + b"9" * 100, NOTHING),
    "zeros before a time": (b"WATCHDOG_USEC=" + b"0" * 40 + b"7", says(watchdog_usec=7)),
    "no time at all": (b"WATCHDOG_USEC=0", says(watchdog_usec=0)),
    "a negative time": (b"WATCHDOG_USEC=-1", NOTHING),
    "a time with a sign": (b"WATCHDOG_USEC=+1", NOTHING),
    "a time with a unit": (b"WATCHDOG_USEC=1s", NOTHING),
    "a time that is empty": (b"EXTEND_TIMEOUT_USEC=", NOTHING),
    "the first time counts": (b"WATCHDOG_USEC=1\nWATCHDOG_USEC=2", says(watchdog_usec=1)),
    "the first that makes sense": (b"WATCHDOG_USEC=x\nWATCHDOG_USEC=2", says(watchdog_usec=2)),
    "process 1": (b"MAINPID=1", NOTHING),
    "process 0": (b"MAINPID=0", NOTHING),
    "process -2": (b"MAINPID=-2", NOTHING),
    "process 2": (b"MAINPID=2", says(mainpid=2)),
    "the last process": (f"MAINPID={PID_MOST}".encode(), says(mainpid=PID_MOST)),
    "a process beyond": (f"MAINPID={PID_MOST + 1}".encode(), NOTHING),
    "a process that turns over": (b"MAINPID=4294967298", NOTHING),
    "the first process counts": (b"MAINPID=5\nMAINPID=6", says(mainpid=5)),
    "no error": (b"ERRNO=0", says(errno=0)),
    "the last error": (b"ERRNO=4095", says(errno=4095)),
    "an error beyond": (b"ERRNO=4096", NOTHING),
    "a status": (b"STATUS=Accepting connections = yes", says(status=b"Accepting connections = yes")),
    "a status of nothing": (b"STATUS=", says(status=b"")),
    "the first status counts": (b"STATUS=a\nSTATUS=b", says(status=b"a")),
    "a status that is cut by a control": (b"STATUS=a\tb", says(status=b"a")),
    "a status of escapes": (b"STATUS=\x1b[31mred", says(status=b"")),
    "a status with DEL": (b"STATUS=ab\x7fc", says(status=b"ab")),
    "a status with C1": ("STATUS=ab\u009bc".encode(), says(status=b"ab")),
    "a status of every length": ("STATUS=a\u00a0\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff".encode(),
                                 says(status="a\u00a0\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff".encode())),
    "a lone tail": (b"STATUS=a\x80b", says(status=b"a")),
    "half a character": (b"STATUS=a\xe2\x82", says(status=b"a")),
    "half a character, then another": (b"STATUS=a\xe2\x82b", says(status=b"a")),
    "two bytes that need be one": (b"STATUS=a\xc1\xbf", says(status=b"a")),
    "three that need be two": (b"STATUS=a\xe0\x9f\xbf", says(status=b"a")),
    "four that need be three": (b"STATUS=a\xf0\x8f\xbf\xbf", says(status=b"a")),
    "a surrogate": (b"STATUS=a\xed\xa0\x80", says(status=b"a")),
    "beyond Unicode": (b"STATUS=a\xf4\x90\x80\x80", says(status=b"a")),
    "no first byte": (b"STATUS=a\xf5\x80\x80\x80", says(status=b"a")),
    "64 KiB of status": (b"STATUS=" + b"x" * 65529, says(status=b"x" * 65529)),
    "64 KiB of nothing": (b"\n" * 65536, NOTHING),
    "64 KiB of equals": (b"=" * 65536, NOTHING),
    "64 KiB, then ready": (b"X=1\n" * 16382 + b"READY=1", says("ready")),
}


@pytest.mark.parametrize("text, notice", MESSAGES.values(), ids=MESSAGES)
def test_message(ask, text, notice):
    assert read(ask, text) == notice


@pytest.mark.parametrize("text", [b"READY=1\nSTATUS=fine\nMAINPID=77", b"WATCHDOG=trigger\nERRNO=12\nWATCHDOG_USEC=34"])
def test_every_beginning(ask, text):
    """A message that is cut says no more than the whole one."""
    whole = read(ask, text)
    for size in range(len(text)):
        assert read(ask, text[:size]).flags <= whole.flags


_lines = st.sampled_from(["READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "BARRIER=1", "MAINPID=12", "ERRNO=7",
                          "WATCHDOG_USEC=9", "EXTEND_TIMEOUT_USEC=8", "STATUS=Gr\u00fc\u00df Gott", "OTHER=1", "", "="])


@quick
@given(lines=st.lists(_lines, max_size=8, unique=True), data=st.data())
def test_order_means_nothing(ask, lines, data):
    other = data.draw(st.permutations(lines))
    assert read(ask, "\n".join(lines).encode()) == read(ask, "\n".join(other).encode())


@quick
@given(text=st.binary(max_size=200))
def test_a_status_is_fit_to_be_shown(ask, text):
    status = read(ask, b"STATUS=" + text).status
    if status is not None:
        assert text.startswith(status)
        assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in status.decode())


@quick
@given(text=st.binary(max_size=200))
def test_any_bytes(ask, text):
    assert read(ask, text) == NOTHING or b"=" in text
