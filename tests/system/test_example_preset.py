"""The preset of examples/, as real processes: who is picked by his label has the secret and the volume, nobody else;
and the secret is told to nobody but the program."""

import json
import signal
import subprocess
from pathlib import Path

import pytest
from example_pods import EXAMPLES, Volumes, change, process_of, start, tell, visit
from system_harness import Launcher, Running

PRESETS = ("--preset", str(EXAMPLES / "preset/presets"))
TOKEN = "open-sesame"
ORDER = f"ask(8080, method='POST', body='an order', Authorization='Bearer {TOKEN}')"
LABEL = {"pod.yaml": "keeps: orders", "pod.toml": 'keeps = "orders"'}
files = pytest.mark.parametrize("file", ["pod.yaml", "pod.toml"])


def kept(running: Running) -> list[str]:
    """What has been ordered, as the app sees it."""
    contents = "[open(f'/srv/orders/{name}').read() for name in os.listdir('/srv/orders')]"
    return visit(running, contents, at=process_of(running, "app.py"))


def stop(running: Running) -> str:
    """All that was said, the report with it."""
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.code == 0
    return result.out + result.err + json.dumps(result.report)


@pytest.mark.parametrize(
    ("file", "volumes"), [("pod.yaml", Volumes.MOUNTS), ("pod.toml", Volumes.LINKS)], ids=["manifest", "pod file"]
)
def test_who_has_the_label_keeps_what_has_the_token(launch_as_child: Launcher, file: str, volumes: Volumes) -> None:
    running = start(launch_as_child, f"preset/{file}", *PRESETS, volumes=volumes)
    running.expect_error("app: ready$")
    assert visit(running, "ask(8080, method='POST', body='no')") == [401, "who are you?\n"]
    assert visit(running, ORDER) == [200, "AN ORDER"]
    assert kept(running) == ["an order"]
    shown = "".join(tell(launch_as_child, running, *words) for words in (("get", "-o", "json"), ("describe", "app")))
    assert "shop" in shown and TOKEN not in shown + stop(running)


@files
def test_who_has_not_is_left_alone(launch: Launcher, file: str, tmp_path: Path) -> None:
    other = change(f"preset/{file}", tmp_path, (LABEL[file], LABEL[file].replace("orders", "nothing")))
    running = start(launch, other, *PRESETS)
    running.expect_error("app: ready$")
    assert visit(running, "ask(8080, method='POST', body='an order')") == [200, "AN ORDER"]
    environment = Path(f"/proc/{process_of(running, 'app.py')}/environ").read_bytes()
    assert b"SPOOL" not in environment and TOKEN.encode() not in environment
    assert not Path(f"/proc/{running.pid}/root/srv/orders").exists()


def test_who_has_a_token_of_his_own_gets_nothing_and_is_told(launch: Launcher, tmp_path: Path) -> None:
    """The variable, not its value."""
    own = ("    ports:\n", "    env: [{name: API_TOKEN, value: mine}]\n    ports:\n")
    result = start(launch, change("preset/pod.yaml", tmp_path, own), *PRESETS).wait()
    assert (result.code, result.out) == (78, "")
    assert all(word in result.err for word in ("API_TOKEN", "orders.yaml:12:5", "pod.yaml:14:"))
    assert TOKEN not in result.err


def test_no_plan_holds_the_secret(minipod: Path, tmp_path: Path) -> None:
    command = [minipod, "compile", EXAMPLES / "preset/pod.yaml", *PRESETS, "-o", tmp_path / "pod.plan"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 78 and "cannot go into a plan that is kept" in done.stderr
    assert TOKEN not in done.stderr and not (tmp_path / "pod.plan").exists()
