"""`minipod apply`: what is said while a pod takes over a plan, how long it waits, and with which exit code it ends."""

from pathlib import Path

import pytest
from fake_pod import FakePod, unit
from plans import NEXT, SAID, SHOP, raw

from minipod.reaper.encode import digest_of


@pytest.fixture
def file(fake_pod: FakePod, tmp_path: Path) -> Path:
    """What the pod that runs shall become."""
    fake_pod.plan = raw(SHOP, tmp_path / "pod.toml")
    fake_pod.units = [unit("seed", "init", "ended"), unit("web"), unit("db")]
    (tmp_path / "pod.toml").write_text(NEXT)
    return tmp_path / "pod.toml"


def taken(fake_pod: FakePod, *units: dict) -> None:
    """The pod once it is in force."""
    digest = digest_of(raw(NEXT, Path(fake_pod.path).with_name("next.toml")))
    fake_pod.then(*units, state="running", planDigest=digest)


def test_it_waits_until_all_has_started(fake_pod: FakePod, file: Path, say) -> None:
    fake_pod.pod["state"] = "changing"
    taken(fake_pod, unit("proxy", "sidecar", "spawning", instances=1), unit("web", life="held"), unit("db"))
    taken(fake_pod, unit("proxy", "sidecar"), unit("web", life="held"), unit("db"))
    taken(fake_pod, unit("proxy", "sidecar"), unit("web", instances=2), unit("db"))
    assert say("apply", str(file)) == (0, f"{SAID}proxy started\nweb started\n", "")
    assert fake_pod.orders() == [("/v1/plan", {})]


def test_a_unit_that_somebody_stopped_stays_so(fake_pod: FakePod, file: Path, say) -> None:
    fake_pod.pod["state"] = "changing"
    taken(fake_pod, unit("proxy", "sidecar"), unit("web", life="held", want="hold"), unit("db"))
    assert say("apply", str(file)).out.endswith("proxy started\nweb stays stopped\n")


def test_one_that_fails_to_start(fake_pod: FakePod, file: Path, say) -> None:
    fake_pod.pod["state"] = "changing"
    taken(fake_pod, unit("proxy", "sidecar"), unit("web", life="backoff", instances=2), unit("db"))
    code, out, err = say("apply", str(file))
    assert (code, out) == (1, f"{SAID}proxy started\n")
    assert err.startswith("minipod: web ")


def test_a_plan_that_is_forgotten(fake_pod: FakePod, file: Path, say) -> None:
    fake_pod.pod["state"] = "changing"
    fake_pod.then(unit("web"), state="resetting")
    code, out, err = say("apply", str(file))
    assert (code, out) == (1, SAID)
    assert err == "minipod: the new plan was not taken over: the pod is resetting; apply it again\n"


def test_nothing_to_be_done_says_nothing(fake_pod: FakePod, file: Path, say) -> None:
    file.write_text(SHOP)
    fake_pod.pod["planDigest"] = digest_of(fake_pod.plan)
    assert say("apply", str(file)) == (0, "", "")


@pytest.mark.parametrize("option", ["--dry-run", "--no-wait"])
def test_not_to_wait(fake_pod: FakePod, file: Path, option: str, say) -> None:
    assert say("apply", option, str(file)) == (0, SAID, "")
    assert fake_pod.orders() == [("/v1/plan", {"dry_run": "1"} if option == "--dry-run" else {})]


@pytest.mark.parametrize("status, code", [(422, 78), (409, 1), (503, 1)])
def test_refused(fake_pod: FakePod, file: Path, status: int, code: int, say) -> None:
    fake_pod.refusals["POST /v1/plan"] = status, b'{"error": "no", "hint": "again"}'
    assert say("apply", str(file)) == (code, SAID, "minipod: no; again\n")


def test_mistakes_of_the_file_come_first(fake_pod: FakePod, file: Path, say) -> None:
    file.write_text("[service.web]\ncomand = ['x']\n")
    code, out, err = say("apply", str(file))
    assert (code, out) == (78, "") and "comand" in err
    assert fake_pod.orders() == []


def test_time_is_over(fake_pod: FakePod, file: Path, say) -> None:
    fake_pod.pod["state"] = "changing"
    fake_pod.pod["isGone"] = False
    code, _, err = say("apply", "--timeout", "200ms", str(file))
    assert (code, err) == (124, "minipod: timed out: units of the plan before have not stopped yet\n")
