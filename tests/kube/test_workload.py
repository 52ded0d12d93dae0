"""Which pod a manifest means: its metadata, a controller's template, what stands beside it, what its images run."""

from uuid import RFC_4122, UUID

import pytest

from minipod.errors import ConfigError
from minipod.reading import read_pod
from minipod.supervisor.backoff import SECOND

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n"
CONFIG = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {A: a, B: '$(A)'}\n"


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "DaemonSet", "Job"])
def test_a_controllers_pod_is_its_template(read, kind):
    group = "batch/v1" if kind == "Job" else "apps/v1"
    policy = "OnFailure" if kind == "Job" else "Always"
    text = f"""apiVersion: {group}
kind: {kind}
metadata: {{name: shop, namespace: prod, labels: {{of: controller}}}}
spec:
  template:
    metadata: {{labels: {{of: pod}}}}
    spec:
      restartPolicy: {policy}
      containers:
      - {{name: a, command: [b], env: [{{name: IN, valueFrom: {{fieldRef: {{fieldPath: metadata.namespace}}}}}}]}}
"""
    pod = read(text).pod
    assert (pod.name, pod.labels, pod.units[0].env) == ("shop", {"of": "pod"}, {"IN": "prod"})


def test_the_pod_of_an_indexed_job_is_the_first(read):
    text = (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  completionMode: Indexed\n  completions: 3\n"
        "  template: {spec: {restartPolicy: Never, initContainers: [{name: i, command: [a]}], containers: [\n"
        "    {name: c, command: [sh, -c, 'work $(JOB_COMPLETION_INDEX)'], env: [{name: A, value: b}]},\n"
        "    {name: d, command: [e], env: [{name: JOB_COMPLETION_INDEX, value: mine}]}]}}\n"
    )
    i, c, d = read(text).pod.units
    assert i.env == {"JOB_COMPLETION_INDEX": "0"}
    assert (c.env, c.command[2]) == ({"A": "b", "JOB_COMPLETION_INDEX": "0"}, "work 0")
    assert d.env == {"JOB_COMPLETION_INDEX": "mine"}
    assert read(text).pod.labels == {"batch.kubernetes.io/job-completion-index": "0"}
    assert read(text.replace("Indexed", "NonIndexed")).pod.units[0].env == {}


def test_the_pod_of_a_stateful_set_is_the_first(read):
    text = (
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  template:\n"
        "    metadata: {labels: {a: b}}\n"
        "    spec: {hostname: other, containers: [{name: c, command: [work, $(HOSTNAME), $(ME)], env: [\n"
        "      {name: ME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}]}\n"
    )
    pod = read(text).pod
    assert (pod.name, pod.hostname, pod.units[0].env["ME"]) == ("db-0", "db-0", "db-0")
    numbered = {"apps.kubernetes.io/pod-index": "0", "statefulset.kubernetes.io/pod-name": "db-0"}
    assert pod.labels == {"a": "b", **numbered}
    assert pod.hosts == (("127.0.0.1", ("db-0",)),)
    named = text.replace("  template:", "  serviceName: dbs\n  template:")
    named = named.replace("{hostname", "{subdomain: x, hostname")
    assert read(named).pod.hosts == (("127.0.0.1", ("db-0.dbs.default.svc.cluster.local", "db-0")),)
    with pytest.raises(ConfigError, match="`serviceName` cannot be"):
        read(named.replace("dbs", "'-'"))
    long = "name: " + "d" * 62
    with pytest.raises(ConfigError) as wrong:  # by the name of the host that the template asks for
        read(text.replace("name: db", long).replace("hostname: other", "hostname: -"))
    assert "`hostname` cannot be" in str(wrong.value)
    assert read(text.replace("name: db", long)).pod.hostname == "other"


def test_a_jobs_deadline_is_the_shorter_one(read):
    text = (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  activeDeadlineSeconds: 60\n  template:\n"
        "    spec: {activeDeadlineSeconds: 90, restartPolicy: Never, containers: [{name: a, command: [b]}]}\n"
    )
    assert read(text).pod.deadline == 60 * SECOND
    longest = text.replace(": 60", f": {2**63 - 1}").replace("activeDeadlineSeconds: 90, ", "")
    assert read(longest).pod.deadline == (2**31 - 1) * SECOND


def test_helpers_are_found_in_the_pods_namespace(read):
    pod = "{containers: [{name: a, command: [b], envFrom: [{configMapRef: {name: conf}}]}]}"
    text = f"apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: prod}}\nspec: {pod}\n"
    assert read(text + CONFIG.replace("name: conf", "name: conf, namespace: prod")).pod.units[0].env["A"] == "a"
    with pytest.raises(ConfigError, match="no ConfigMap"):
        read(text + CONFIG)


def test_entrypoints_stand_for_images(read):
    text = f"{HEAD}  containers: [{{name: a, image: redis, args: ['$(X)']}}]\n"
    (unit,) = read(text, entrypoints={"redis": ("run", "$(Y)")}).pod.units
    assert (unit.command, unit.args) == (("run", "$$(Y)"), ("$$(X)",))


def test_an_image_without_entrypoint_runs_the_args(tmp_path):
    path = tmp_path / "pod.yaml"
    path.write_text(f"{HEAD}  containers: [{{name: a, image: 'box:1', args: [sh, -c, 'echo $(X)']}}]\n")
    (unit,) = read_pod(str(path), entrypoints=["box:1="]).pod.units
    assert (unit.command, unit.args) == (("sh",), ("-c", "echo $$(X)"))
    path.write_text(f"{HEAD}  containers: [{{name: a, image: 'box:1'}}]\n")
    with pytest.raises(ConfigError) as caught:
        read_pod(str(path), entrypoints=["box:1="])
    assert [problem.why for problem in caught.value.problems] == ["the image `box:1` has no ENTRYPOINT"]


def test_the_unit_whose_code_counts_is_not_restarted(read):
    text = f"{HEAD}  containers: [{{name: a, command: [b]}}, {{name: c, command: [d]}}]\n"
    pod = read(text, exit_code_from="c").pod
    assert (pod.main, [unit.restart for unit in pod.units]) == ("c", ["always", "never"])
    with pytest.raises(ConfigError, match="no main container is called"):
        read(text, exit_code_from="e")


def test_a_pod_without_an_uid_has_the_same_each_time(read):
    """Were it another one, a manifest would differ from itself, and be started anew when it is applied."""
    env = "[{name: U, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}]"
    text = f"{HEAD}  containers: [{{name: a, command: [$(U)], env: {env}}}]\n"

    def uid_of(text, **options):
        return read(text, **options).pod.units[0].command[0]

    assert uid_of(text) == uid_of(text)
    others = [text.replace("name: web", other) for other in ("name: other", "name: web, namespace: other")]
    uids = [uid_of(text), *map(uid_of, others), uid_of(text, here=False)]
    assert len(set(uids)) == 4
    assert {(str(UUID(uid)), UUID(uid).version, UUID(uid).variant) for uid in uids} == {
        (uid, 8, RFC_4122) for uid in uids
    }
    assert uid_of(text.replace("name: web", "name: web, uid: 0a-1")) == "0a-1"


@pytest.mark.parametrize(("policy", "warns"), [("OnFailure", True), ("Never", False)])
def test_a_job_without_another_try(read, policy, warns):
    text = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec:\n  backoffLimit: 0\n  template:\n"
    text += f"    spec: {{restartPolicy: {policy}, containers: [{{name: a, command: [b]}}]}}\n"
    assert [each.message for each in read(text).warnings] == ["`backoffLimit` is ignored"] * warns


def test_a_controllers_pod_is_called_after_it(read):
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n"
    text += "    metadata: {name: other}\n    spec: {containers: [{name: a, command: [b]}]}\n"
    assert read(text).pod.name == "web"
