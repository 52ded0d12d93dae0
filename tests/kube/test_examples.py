"""The pods of examples/: valid for a cluster, understood without a word of complaint, the same as a pod file and as a
manifest, and named where people look for them. (tests/system/test_examples.py runs them.)"""

import re
import shlex
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from exporting import to_documents

from minipod import cli
from minipod.config.read import Reading
from minipod.reading import read_pod
from minipod.supervisor.words import Kind

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/pod.yaml"))
each = pytest.mark.parametrize("name", NAMES)
_COMMAND = re.compile(r"^    (minipod [^#;\n]*)", re.MULTILINE)
# What the images are that the manifests name and that are not the programs'.
ENTRYPOINTS = {"redis:7": "python3 resp.py", "jmeter:5.6": "python3 jmeter.py"}


def read(path: Path) -> Reading:
    text = path.read_text(encoding="utf-8") if path.suffix != ".toml" else ""
    given = [f"{image}={command}" for image, command in ENTRYPOINTS.items() if image in text]
    return read_pod(str(path), entrypoints=given)


def shape(path: Path) -> set[tuple]:
    """What a pod's units are, run, and share."""
    pod = read(path).pod
    shared = {volume.name for volume in pod.volumes if volume.kind == "empty_dir"}
    return {
        (
            unit.name,
            unit.kind is Kind.INIT,
            unit.command[0],
            frozenset((mount.volume, mount.path) for mount in unit.mounts if mount.volume in shared),
        )
        for unit in pod.units
    }


@each
def test_a_cluster_takes_it(name):
    documents = to_documents((EXAMPLES / name / "pod.yaml").read_text(encoding="utf-8"))
    assert documents


@each
def test_nothing_is_said_against_it(name):
    for path in (EXAMPLES / name).glob("pod.*"):
        assert read(path).warnings == (), path


@pytest.mark.parametrize("name", [name for name in NAMES if (EXAMPLES / name / "pod.toml").exists()])
def test_both_forms_are_one_pod(name):
    assert shape(EXAMPLES / name / "pod.toml") == shape(EXAMPLES / name / "pod.yaml")


@each
def test_its_page_has_commands_that_hold(name, monkeypatch, capsys):
    page = (EXAMPLES / name / "README.md").read_text(encoding="utf-8")
    assert "    cd examples/programs\n" in page
    monkeypatch.chdir(EXAMPLES / "programs")
    commands = [shlex.split(command) for command in _COMMAND.findall(page)]
    assert commands and all(command[1] in ("run", "check") for command in commands)
    for command in commands:
        assert cli.main(["check", *command[2:]]) == 0, capsys.readouterr().err


def test_the_pages_name_each():
    for page, prefix in (("README.md", "examples/"), ("docs/kubernetes.md", "../examples/")):
        text = (ROOT / page).read_text(encoding="utf-8")
        named = re.findall(rf"\]\({re.escape(prefix)}(\w+)\)", text)
        assert [name for name in named if name in NAMES] == NAMES, page
        assert {*named} - {*NAMES} <= {"docker", "programs"}


@each
def test_its_programs_are_there(name):
    text = (EXAMPLES / name / "pod.yaml").read_text(encoding="utf-8")
    programs = {*re.findall(r"\b\w+\.py\b", text)}
    programs |= {words.split()[1] for image, words in ENTRYPOINTS.items() if image in text}
    assert programs and all((EXAMPLES / "programs" / program).exists() for program in programs)


@pytest.mark.parametrize(
    ("name", "key", "file"),
    [
        ("jmeter", "test.jmx", "test.jmx"),
        ("war", "hello.html", "hello.html"),
        ("war", "web.xml", "WEB-INF/web.xml"),
    ],
)
def test_a_config_map_has_the_text_of_the_file(name, key, file):
    documents = to_documents((EXAMPLES / name / "pod.yaml").read_text(encoding="utf-8"))
    text = next(each["data"][key] for each in documents if each["kind"] == "ConfigMap")
    assert text == (EXAMPLES / name / file).read_text(encoding="utf-8")


def test_the_form_of_2014_is_the_same_pod():
    old, new = (read(EXAMPLES / "redis" / name).pod for name in ("redis-controller.json", "pod.yaml"))
    assert old == new
