"""`minipod run --preset DIR`: real programs see what was added."""

import pytest

PRESET = """\
apiVersion: settings.k8s.io/v1alpha1
kind: PodPreset
metadata: {name: database}
spec:
  selector: {matchLabels: {app: shop}}
  env: [{name: HOST, value: db}, {name: PASSWORD, valueFrom: {secretKeyRef: {name: s, key: P}}}]
---
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {P: hunter2}
"""
PODS = {
    "pod.toml": """\
[pod]
labels = { app = "shop" }
[service.web]
command = ["sh", "-c", "echo $(HOST) $MORE; echo $PASSWORD | wc -c"]
restart = "never"
""",
    "pod.yaml": """\
apiVersion: v1
kind: Pod
metadata: {name: pod, labels: {app: shop}}
spec:
  restartPolicy: Never
  containers:
  - {name: web, command: [sh, -c, "echo $(HOST) $MORE; echo $PASSWORD | wc -c"]}
""",
}


@pytest.mark.parametrize("name", PODS)
def test_a_pod_gets_what_a_directory_adds(launch, tmp_path, name):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/a.yaml").write_text(PRESET, encoding="utf-8")
    (tmp_path / "presets/b.toml").write_text('[preset.more]\nenv = { MORE = "$(HOST) too" }\n', encoding="utf-8")
    path = tmp_path / name
    path.write_text(PODS[name], encoding="utf-8")
    result = launch.run(path, "--preset", str(tmp_path / "presets"))
    assert ["web | db db too", "web | 8"] == [line for line in result.lines if line.startswith("web |")]
    assert "hunter" not in result.out + result.err


def test_a_conflict_starts_nothing(launch, tmp_path):
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets/a.toml").write_text('[preset.a]\nenv = { A = "2" }\n', encoding="utf-8")
    path = tmp_path / "pod.toml"
    path.write_text('[service.web]\ncommand = ["echo", "started"]\nenv = { A = "1" }\n', encoding="utf-8")
    result = launch.run(path, f"--preset={tmp_path / 'presets'}")
    assert (result.code, result.out) == (78, "")
    assert "a.toml:2:9: error" in result.err and "pod.toml:3:9: note" in result.err
