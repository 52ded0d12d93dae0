"""A unit that cannot write to the root file system, in a mount namespace of the test's; and where nobody may mount."""

from pathlib import Path

from system_harness import Launcher, bare_sh

from minipod.model import Ask, Handler, Kind, Mount, Pod, Unit, Volume
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower

NO_MOUNTS = ("setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin")
LOOK = "if [ -w / ]; then echo open; else echo sealed; fi"


def unit(name: str, script: str, kind: Kind = Kind.SERVICE, **more: object) -> Unit:
    return Unit(name, kind, tuple(bare_sh(script)), "never", **more)


def play(launch: Launcher, pod: Pod, *wrap: object):
    plan = launch.folder / "job.plan"
    plan.write_bytes(encode(lower(pod)))
    return launch.call("run", plan, wrap=wrap).wait()


def test_a_root_that_is_sealed(launch: Launcher, open_folder: Path) -> None:
    """For this unit and its hooks alone; its directory is made, and its volume and its last words can be written."""
    run, at, message, made = (open_folder / name for name in ("run", "data", "message", "made"))
    run.mkdir()
    web = unit(
        "web", f"{LOOK}; until [ -s {at}/hook ]; do sleep 0.01; done; cat {at}/hook; pwd; echo bye > {message}",
        read_only=True, working_dir=str(made), termination_message_path=str(message), mounts=(Mount("data", str(at)),),
        post_start=Ask(Handler.EXEC, ("sh", "-c", f"{LOOK} > {at}/hook")),
    )  # fmt: skip
    pod = Pod("job", (unit("one", LOOK, Kind.INIT), web), volumes=(Volume("data", "empty_dir"),))
    done = play(launch, pod, "sh", "-c", f'mount --bind {run} /run && exec "$@"', "sh")
    assert done.lines == ["one | open", "web | sealed", "web | sealed", f"web | {made}"], done.err
    assert (done.code, message.read_text()) == (0, "bye\n")


def test_a_root_alone_needs_no_directory(launch: Launcher, open_folder: Path) -> None:
    """Whoever is somebody has a copy of the memory: there it works, too."""
    pod = Pod("job", (unit("web", LOOK, read_only=True, user="0", group="0"),))
    done = play(launch, pod, "sh", "-c", f'mount --bind {open_folder} /run && exec "$@"', "sh")
    assert (done.code, done.lines) == (0, ["web | sealed"])
    assert not (open_folder / "minipod/volumes").exists()


def test_a_root_that_cannot_be_sealed(launch: Launcher) -> None:
    """It is said once, and the unit runs."""
    pod = Pod("job", (unit("one", LOOK, Kind.INIT), unit("web", LOOK, read_only=True)))
    done = play(launch, pod, *NO_MOUNTS)
    said = "minipod: web: read_only is not kept, the root file system can be written to: operation not permitted"
    assert (done.code, done.lines) == (0, ["one | open", "web | open"])
    assert [line for line in done.err.splitlines() if "read_only" in line] == [said]
