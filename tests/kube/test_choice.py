"""Files for a whole cluster: which pod of several is meant, and what becomes of documents that are none."""

import pytest

from minipod.config.render import render_error
from minipod.errors import CONFIG, USAGE, ConfigError, UsageError
from minipod.reading import read_pod


def workload(kind: str, name: str, command: str = "serve") -> str:
    group = "batch/v1" if kind == "Job" else "apps/v1"
    spec = f"{{restartPolicy: Never, containers: [{{name: {name}, command: [{command}]}}]}}"
    spec = spec if kind == "Job" else spec.replace("restartPolicy: Never, ", "")
    return f"apiVersion: {group}\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {{template: {{spec: {spec}}}}}\n"


SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
MONITOR = "apiVersion: monitoring.example.com/v1\nkind: PodMonitor\nmetadata: {name: web}\n"
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {A: a}\n"
FRONTS = workload("Deployment", "front"), workload("Job", "front", "x")
SHOP = "---\n".join((SERVICE, FRONTS[0], SERVICE, workload("Job", "load"), CONFIG_MAP, FRONTS[1]))


@pytest.mark.parametrize(
    ("only", "unit", "command"),
    [("load", "load", "serve"), ("Deployment/front", "front", "serve"), ("job/front", "front", "x")],
)
def test_only_one_of_several_is_read(read, only, unit, command):
    pod = read(SHOP, only=only).pod
    assert [(each.name, each.command) for each in pod.units] == [(unit, (command,))]


def test_what_is_not_meant_is_not_looked_at(read):
    broken = "apiVersion: v1\nkind: Pod\nmetadata: {name: broken}\nspec: {nonsense: 1}\n"
    reading = read(f"{broken}---\n{SHOP}", only="load")
    assert (reading.pod.name, reading.warnings) == ("load", ())


def test_only_takes_what_stands_beside_it(read):
    text = workload("Deployment", "web").replace("[serve]", "[serve], envFrom: [{configMapRef: {name: conf}}]")
    assert read(f"{text}---\n{CONFIG_MAP}---\n{workload('Job', 'x')}", only="web").pod.units[0].env == {"A": "a"}


def test_only_looks_into_lists(read):
    head, spec = "apiVersion: v1, kind: Pod, metadata", "{containers: [{name: c, command: [x]}]}"
    pods = [f"- {{{head}: {{name: {name}}}, spec: {spec}}}\n" for name in "ab"]
    assert read(f"apiVersion: v1\nkind: List\nitems:\n{pods[0]}{pods[1]}", only="b").pod.name == "b"


@pytest.mark.parametrize(
    ("only", "help"),
    [("lod", "did you mean `load`?"), ("Job/lod", "did you mean `Job/load`?"),
     ("zzzz", "name one of Deployment/front, Job/load, Job/front")],
)  # fmt: skip
def test_a_pod_that_is_not_there(read, only, help):
    with pytest.raises(ConfigError) as caught:
        read(SHOP, only=only)
    (problem,) = caught.value.problems
    assert (problem.place.name, problem.help, caught.value.exit_code) == ("--only", help, USAGE)


def test_two_kinds_share_a_name(read):
    with pytest.raises(ConfigError) as caught:
        read(SHOP, only="front")
    (problem,) = caught.value.problems
    assert (problem.message, problem.help) == (
        "there are 2 pods in it", "name the one that is meant: --only Deployment/front"
    )  # fmt: skip
    assert caught.value.exit_code == CONFIG


def test_twenty_pods_are_one_message(read):
    with pytest.raises(ConfigError) as caught:
        read("---\n".join(workload("Job", f"job-{i}") for i in range(20)))
    (problem,) = caught.value.problems
    assert problem.message == "there are 20 pods in it"
    assert len(render_error(caught.value).splitlines()) < 40


def test_no_pod_file_has_several(tmp_path):
    path = tmp_path / "pod.toml"
    path.write_text("[service.web]\ncommand = ['serve']\n")
    with pytest.raises(UsageError, match="--only names a pod of a manifest"):
        read_pod(str(path), only="web")


# --- documents of other kinds -----------------------------------------------------------------------------------------


def test_other_kinds_are_left_out_when_that_is_said(read):
    text = "---\n".join((SERVICE, workload("Deployment", "web"), MONITOR, SERVICE))
    reading = read(text, allow_unknown=True)
    assert reading.pod.name == "web"
    assert [(each.place.line, each.message) for each in reading.warnings] == [
        (2, "`Service` is left out, 2 times"), (12, "`PodMonitor` is left out"),
    ]  # fmt: skip
    assert all(each.why for each in reading.warnings)


@pytest.mark.parametrize(
    ("kind", "version"), [("Secert", "v1"), ("Deploymnet", "apps/v1"), ("Podd", "v1"), ("PodPresets", "v1")]
)
def test_a_misspelt_kind_is_no_other_kind(read, kind, version):
    with pytest.raises(ConfigError, match="cannot be run"):
        text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: x}}\n---\n{workload('Job', 'web')}"
        read(text, allow_unknown=True)


def test_a_file_with_nothing_but_others_has_no_pod(read):
    with pytest.raises(ConfigError, match="there is no pod in it"):
        read(SERVICE, allow_unknown=True)


def test_what_else_is_wrong_in_an_old_version_is_told_too(read):
    text = workload("Deployment", "web").replace("apps/v1", "extensions/v1beta1").replace("command", "comand")
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert [each.message for each in caught.value.problems] == [
        "there is no Deployment in `extensions/v1beta1`", "unknown field `comand`"
    ]  # fmt: skip
