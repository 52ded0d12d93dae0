"""Volumes as people write them: the pod of docs/volumes.md does what stands there, and files that are wrong start
nothing and remove nothing."""

import re
from pathlib import Path

import pytest
from system_harness import Launcher, Running

PAGE = Path(__file__).parents[2] / "docs/volumes.md"
# Nobody else's /etc/hosts and /run.
APART = 'mount --bind "{0}/hosts" /etc/hosts && mount --bind "{0}/run" /run && exec "$@"'


def run(launch: Launcher, folder: Path, *words: object) -> Running:
    (folder / "run").mkdir()
    (folder / "hosts").write_text("127.0.0.1\tlocalhost\n")
    return launch.call("run", *words, wrap=("sh", "-c", APART.format(folder), "sh"))


def test_the_first_pod_of_the_page(launch: Launcher, open_folder: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    text = re.search(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[1]
    pod = open_folder / "pod.toml"
    pod.write_text(text.replace("/shared", f"{open_folder}/shared"), encoding="utf-8")
    told = re.search(r"minipod run pod\.toml +# (.*)$", page, re.MULTILINE)[1]
    wanted = [line.replace(" |", "|", 1).partition("|") for line in told.replace("then ", "").split(", ")]
    result = run(launch, open_folder, pod).wait()
    said = [line.partition("|") for line in result.lines]
    assert [(unit.strip(), text) for unit, _, text in said] == [(unit.strip(), text) for unit, _, text in wanted]
    assert (result.code, (open_folder / "hosts").read_text()) == (0, "127.0.0.1\tlocalhost\n")
    assert not (open_folder / "shared").exists()


def test_a_directory_in_the_place_of_a_claim(launch: Launcher, open_folder: Path) -> None:
    pod = open_folder / "pod.yaml"
    pod.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  restartPolicy: Never\n"
        "  volumes: [{name: data, persistentVolumeClaim: {claimName: c}}]\n  containers:\n"
        f"  - {{name: main, command: [cat, {open_folder}/data/file], "
        f"volumeMounts: [{{name: data, mountPath: {open_folder}/data}}]}}\n"
    )
    (open_folder / "kept").mkdir()
    (open_folder / "kept/file").write_text("mine")
    result = run(launch, open_folder, "--volume", f"data={open_folder}/kept", pod).wait()
    assert (result.code, result.lines) == (0, ["main | mine"])
    assert (open_folder / "kept/file").read_text() == "mine"


MANIFEST = """apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  volumes:
  - {name: data, hostPath: {path: FOLDER/kept}}
  - {name: conf, configMap: {name: conf, items: [{key: KEY, path: PATH}]}}
  containers:
  - {name: main, command: [touch, FOLDER/started], volumeMounts: [{name: data, mountPath: MOUNT}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {app.conf: x}
"""
TOML = """[service.web]
command = ["touch", "FOLDER/started"]
volumes = { data = "MOUNT" }
[volume.data]
host_path = "FOLDER/kept"
[volume.conf.files]
"PATH" = "x"
"""
RIGHT = {"KEY": "app.conf", "PATH": "app.conf", "MOUNT": "FOLDER/kept"}


@pytest.mark.parametrize(
    ("text", "spoilt", "said"),
    [
        (MANIFEST, {"KEY": "none"}, "pod.yaml:7:56: error: the ConfigMap `conf` has no key `none`"),
        (TOML, {"PATH": "../kept/file"}, "pod.toml:7:1: error: the path cannot be `../kept/file`"),
    ],
)
def test_what_is_wrong_starts_nothing_and_removes_nothing(
    launch: Launcher, open_folder: Path, text: str, spoilt: dict[str, str], said: str
) -> None:
    """One for each reader; their other mistakes are in tests/config/errors and tests/kube/errors."""
    for word, value in {**RIGHT, **spoilt, "FOLDER": str(open_folder)}.items():
        text = text.replace(word, value)
    pod = open_folder / ("pod.toml" if text.startswith("[") else "pod.yaml")
    pod.write_text(text, encoding="utf-8")
    (open_folder / "kept").mkdir()
    (open_folder / "kept/file").write_text("mine")
    result = run(launch, open_folder, pod).wait()
    assert result.code == 78
    assert said in result.err
    assert (open_folder / "kept/file").read_text() == "mine"
    assert not (open_folder / "started").exists()
    assert list((open_folder / "run").iterdir()) == []
