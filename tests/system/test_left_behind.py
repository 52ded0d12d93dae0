"""What an instance left behind is counted when it ends: the trace of a daemon that went into the background."""

from system_harness import Launcher, sh

# Whoever has left the session is known by his environment, which nobody can read while he executes another program.
DAEMON = """mkfifo pipe; sleep 1000 & sleep 1000 & setsid sh -c 'echo up > left; read it < pipe' &
until [ -s left ]; do sleep 0.01; done; exit 0"""


def test_all_that_are_attributed_are_counted(launch_both: Launcher) -> None:
    """By the session, and by the mark of one that has left it; not those of another unit that runs."""
    pod = {
        "service.daemon": {"command": sh(DAEMON), "restart": "never"},
        "service.clean": {"command": sh("sleep 0.01 & wait"), "restart": "never"},
        "sidecar.other": {"command": sh("sleep 1000 & sleep 1000")},
    }
    result = launch_both.run(pod)
    # The other one's sleepers get TERM with their leader: how soon they are gone is the kernel's business.
    assert [result.unit(name)["leftBehind"] for name in ("daemon", "clean")] == [3, 0]
    assert result.code == 0
