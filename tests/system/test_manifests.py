"""Kubernetes manifests that run: real processes, by the kubelet's rules."""

import subprocess

import pytest

HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n"


@pytest.fixture
def write(tmp_path):
    """A manifest as a file."""

    def run(spec: str, name: str = "pod.yaml", more: str = ""):
        path = tmp_path / name
        path.write_text(HEAD + spec + more, encoding="utf-8")
        return path

    return run


def test_everything_a_small_pod_has(launch, write):
    spec = """
  restartPolicy: Never
  initContainers:
  - {name: prepare, command: [sh, -c, 'echo prepared $(WHAT)'], env: [{name: WHAT, value: all}]}
  containers:
  - name: main
    command: [sh, -c]
    args: ['echo "$A|$B|$NAME|$(B)|$(NO)"; exit 7']
    envFrom: [{configMapRef: {name: conf}}]
    env: [{name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {A: '$(B) $$', B: b}
"""
    result = launch.run(write(spec.lstrip("\n")))
    # What nobody defines stays as it is: the shell runs it.
    assert "prepare | prepared all" in result.lines
    assert "main    | $(B) $$|b|web|b|" in result.lines
    assert (result.code, result.unit("main")["exitCode"]) == (7, 7)


def test_a_post_start_keeps_the_next_main_back(launch, write, tmp_path):
    spec = """
  terminationGracePeriodSeconds: 2
  containers:
  - name: one
    command: [sh, -c, 'echo one; exec sleep 100']
    lifecycle: {postStart: {exec: {command: [sh, -c, 'read line < gate']}}}
  - {name: two, command: [sh, -c, 'echo two; exec sleep 100']}
"""
    gate = tmp_path / "gate"
    subprocess.run(["mkfifo", gate], check=True)
    running = launch.start(write(spec.lstrip("\n")))
    running.expect("one \\| one")
    with open(gate, "w", encoding="ascii") as hook:  # opens when the hook reads
        assert "two" not in running.told()
        hook.write("go\n")
    running.expect("two \\| two")
    running.send(15)
    running.wait()


@pytest.mark.parametrize("hook", ["{exec: {command: ['false']}}", "{exec: {command: [/no/such]}}"])
def test_a_post_start_that_fails_frees_the_next(launch, write, hook):
    spec = f"""
  restartPolicy: Never
  containers:
  - {{name: one, command: [sleep, '100'], lifecycle: {{postStart: {hook}}}}}
  - {{name: two, command: [echo, two]}}
"""
    result = launch.run(write(spec.lstrip("\n")))
    assert "two | two" in result.lines
    assert result.unit("one")["exitCode"] == 143


def test_a_start_error_is_a_failure_like_any_other(launch, write):
    spec = """
  restartPolicy: Never
  containers:
  - {name: one, command: [/no/such]}
  - {name: two, command: [echo, two]}
"""
    result = launch.run(write(spec.lstrip("\n")))
    assert "two | two" in result.lines
    assert result.code == 127
    assert (result.unit("one")["exitCode"], result.unit("one")["reason"]) == (128, "StartError")


MAKES = 'if [ -e tried ]; then printf "#!/bin/sh\\necho made\\n" > made; chmod +x made; fi; touch tried'


def test_a_rule_may_name_a_start_error(launch, write):
    spec = f"""
  restartPolicy: Never
  initContainers:
  - {{name: prepare, command: [sh, -c, '{MAKES}']}}
  containers:
  - name: one
    command: [./made]
    restartPolicy: Never
    restartPolicyRules: [{{action: RestartAllContainers, exitCodes: {{operator: In, values: [128]}}}}]
"""
    result = launch.run(write(spec.lstrip("\n")))
    assert "one     | made" in result.lines
    assert (result.code, result.unit("one")["restartCount"]) == (0, 1)


def test_mains_stop_together(launch, write):
    spec = """
  terminationGracePeriodSeconds: 3600
  containers:
  - {name: one, command: [sh, -c, 'trap "echo stopped; exit 0" TERM; echo up; while :; do sleep 0.1; done']}
  - {name: two, command: [sh, -c, 'trap "" TERM; echo up; while :; do sleep 0.1; done']}
"""
    running = launch.start(write(spec.lstrip("\n")))
    running.expect_all("one \\| up", "two \\| up")
    running.send(15)
    running.expect("one \\| stopped")  # though the one that came after it still runs
    running.expect_error("one: exited with 0")
    running.send(15)  # which ends its grace
    result = running.wait()
    assert (result.unit("one")["exitCode"], result.unit("two")["exitCode"]) == (0, 137)


def test_an_image_runs_what_is_said_of_it(launch, write):
    path = write("  restartPolicy: Never\n  containers: [{name: a, image: 'echo:1', args: [world]}]\n")
    result = launch.run(path, "--entrypoint", "echo:1=echo hello")
    assert "a | hello world" in result.lines
    refused = launch.run(path)
    assert (refused.code, refused.out) == (78, "")
    assert "--entrypoint echo:1='PROGRAM ARGS'" in refused.err


def test_words_replace_the_args(launch, write):
    path = write("  restartPolicy: Never\n  containers: [{name: a, command: [echo], args: [one]}]\n")
    assert "a | $(two)" in launch.run(path, "--", "$(two)").lines


def test_from_standard_input(launch, write):
    path = write("  restartPolicy: Never\n  containers: [{name: a, command: [echo, hello]}]\n")
    with open(path, "rb") as text:
        running = launch.call("run", "-", stdin=text)
        assert "a | hello" in running.wait().lines


@pytest.mark.parametrize(
    "spec",
    [
        "  containers: [{name: a, command: [touch, started], env: [{name: A, valueFrom: {secretKeyRef: "
        "{name: s, key: k}}}]}]\n",
        "  volumes: [{name: v, csi: {driver: d}}]\n  containers: [{name: a, command: [touch, started]}]\n",
        "  containers: [{name: a, command: [touch, started]}, {name: b, command: [touch, started], oops: 1}]\n",
        "  containers: [{name: a, command: [touch, started]}]\n  containers: []\n",
        "  containers: [{name: a, command: [touch, started]}\n",
    ],
)
def test_what_cannot_be_run_starts_nothing(launch, write, tmp_path, spec):
    result = launch.run(write(spec))
    assert (result.code, result.out) == (78, "")
    assert "error: " in result.err
    assert not (tmp_path / "started").exists()
