"""What units take from Secrets, files and the machine: real processes, and what is told when it cannot be had."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from costs import memory_of
from system_harness import wait_until

SENTINEL = "s3ntinel"
MANIFEST = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  restartPolicy: Never
  containers:
  - name: main
    command: [sh, -c, 'env; echo "word $1"', sh, $(PW)]
    envFrom: [{secretRef: {name: db}, prefix: DB_}, {secretRef: {name: none, optional: true}}]
    env:
    - {name: PW, valueFrom: {secretKeyRef: {name: db, key: password}}}
    - {name: NONE, valueFrom: {secretKeyRef: {name: db, key: none, optional: true}}}
    - {name: URL, value: db://$(PW)@$(NONE)}
    - {name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: HOST, valueFrom: {fieldRef: {fieldPath: status.hostIP}}}
    - {name: IPS, valueFrom: {fieldRef: {fieldPath: status.podIPs}}}
    - {name: CPUS, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}
    - {name: CPU, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1m}}}
    - {name: MIB, valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}}
    - {name: DISK, valueFrom: {resourceFieldRef: {resource: limits.ephemeral-storage}}}
    - {name: PAGES, valueFrom: {resourceFieldRef: {resource: limits.hugepages-2Mi}}}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: '""" + SENTINEL + """ $(IP) $$', user: joe}
"""


def variables(lines: list[str]) -> dict[str, str]:
    texts = (line.partition("| ")[2] for line in lines)
    return dict(text.split("=", 1) for text in texts if "=" in text)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "web.yaml"
    path.write_text(MANIFEST, encoding="utf-8")
    return path


def test_secrets_and_facts_of_a_manifest(launch, manifest: Path) -> None:
    """The values of Secrets are never expanded; what is inherited never stands for a variable that is not there."""
    result = launch.run(manifest, env={**os.environ, "NONE": "inherited"})
    env = variables(result.lines)
    secret = f"{SENTINEL} $(IP) $$"
    assert (env["PW"], env["DB_password"], env["DB_user"]) == (secret, secret, "joe")
    assert env["URL"] == f"db://{secret}@$(NONE)"
    assert f"main | word {secret}" in result.lines
    assert env["IP"] == env["HOST"] == env["IPS"].partition(",")[0]
    assert socket.inet_pton(socket.AF_INET6 if ":" in env["IP"] else socket.AF_INET, env["IP"])
    cpu = int(env["CPU"])
    assert 0 < cpu <= 1000 * (os.cpu_count() or 1) and int(env["CPUS"]) == -(-cpu // 1000)
    most = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 + 1
    assert 0 < int(env["MIB"]) <= most
    about = os.statvfs("/")
    assert (int(env["DISK"]), env["PAGES"]) == (about.f_blocks * about.f_frsize, "0")


def test_all_that_is_missing_is_told_at_once(minipod: Path, tmp_path: Path) -> None:
    """Nothing is started, and no line of a file is repeated."""
    (tmp_path / "bad.env").write_text(f"A=1\n{SENTINEL}!\nB='{SENTINEL}\n", encoding="utf-8")
    (tmp_path / "nul").write_bytes(SENTINEL.encode() + b"\0")
    pod = tmp_path / "pod.toml"
    pod.write_text(
        f"""
[service.web]
command = ["touch", "{tmp_path}/started"]
env_file = ["{tmp_path}/bad.env", {{ path = "{tmp_path}/no.env", optional = true }}]
env_from = [{{ directory = "{tmp_path}/none", prefix = "P_" }}]
secrets = {{ PW = "{tmp_path}/pw", NUL = "{tmp_path}/nul", DIR = "{tmp_path}" }}
""",
        encoding="utf-8",
    )
    done = subprocess.run([minipod, "run", pod], capture_output=True, text=True, timeout=60, check=False)
    told = [line.replace(str(tmp_path), "DIR") for line in done.stderr.splitlines() if line.startswith("minipod: ")]
    assert done.returncode == 78
    assert told == [
        "minipod: web: DIR/bad.env: line 2 is no NAME=VALUE; write one, or put # before it",
        "minipod: web: DIR/bad.env: line 3 is no NAME=VALUE; write one, or put # before it",
        "minipod: web: cannot set its variables: DIR/none: no such file or directory; see to it that it is there, or "
        "make it optional",
        "minipod: web: cannot set PW: DIR/pw: no such file or directory; see to it that it is there, or make it "
        "optional",
        "minipod: web: cannot set NUL: DIR/nul: it has a byte 0, which no variable can hold; see to it that it is a "
        "file that can be read",
        "minipod: web: cannot set DIR: DIR: is a directory; see to it that it is a file that can be read",
        "minipod: nothing was started: its units' variables cannot be had",
    ]
    assert SENTINEL not in done.stderr and not (tmp_path / "started").exists()


READER = """
import os
path = os.environ["TLS_FILE"]
seen = [open(path, "rb").read(), os.read(int(path.rpartition("/")[2]), 99)]
for word, write in (("sealed", lambda: os.open(path, os.O_WRONLY | os.O_TRUNC)),
                    ("closed", lambda: os.write(int(path.rpartition("/")[2]), b"x"))):
    try:
        write()
        os.write(write(), b"x")
    except OSError:
        seen.append(word)
print(*[f"{name}={value}" for name, value in os.environ.items()], sep="\\n")
print("SEEN=" + " ".join(map(str, seen)))
"""


def test_what_files_say(launch, tmp_path: Path) -> None:
    """A directory as Kubernetes mounts it, an env file, secrets by variable and by descriptor; in their order."""
    data = tmp_path / "conf" / "..2026"
    data.mkdir(parents=True)
    (data / "KEY").write_text("verbatim\n")
    (data / "B").write_text("directory")
    (data / "no=name").write_text("x")
    (tmp_path / "conf" / "..data").symlink_to("..2026")
    for name in ("KEY", "B", "no=name"):
        (tmp_path / "conf" / name).symlink_to(f"..data/{name}")
    (tmp_path / "conf" / "folder").mkdir()
    (tmp_path / "app.env").write_text("# comment\nexport A='file $(X)'\nB=file\nC=file\nGIVEN\n")
    (tmp_path / "pw").write_text("hunter2\n")
    (tmp_path / "key").write_bytes(b"\0key\n")
    unit = {
        "command": [sys.executable, "-c", READER],
        "restart": "never",
        "env_file": [str(tmp_path / "app.env"), {"path": str(tmp_path / "none"), "optional": True}],
        "env_from": [{"directory": str(tmp_path / "conf"), "prefix": "P_"}],
        "secrets": {
            "PW": str(tmp_path / "pw"), "GONE": {"file": str(tmp_path / "gone"), "optional": True},
            "C": str(tmp_path / "pw"), "TLS": {"file": str(tmp_path / "key"), "to": "fd"},
        },
        "env": {"URL": "x://$(PW)/$(GONE)", "P_B": "own"},
    }
    checked = launch.write({"service.web": unit})
    result = launch.run(checked, env={"GONE": "inherited", "GIVEN": "inherited"})
    env = variables(result.lines)
    assert result.code == 0, result.err
    assert (env["A"], env["B"], env["C"], env["GIVEN"]) == ("file $(X)", "file", "hunter2", "inherited")
    assert (env["P_KEY"], env["P_B"], env["PW"]) == ("verbatim", "own", "hunter2")
    assert env["URL"] == "x://hunter2/$(GONE)" and "GONE" not in env and "P_folder" not in env
    assert env["SEEN"] == r"b'\x00key\n' b'\x00key\n' sealed closed"
    assert env["TLS_FILE"].startswith("/proc/self/fd/")
    told = f"web: 1 of the files in {tmp_path}/conf are left out: their names cannot be those of variables"
    assert told in result.err


AGAIN = """
import os, time
print(os.read(int(os.environ["TLS_FILE"].rpartition("/")[2]), 99).decode(), flush=True)
if os.path.exists("again"):
    time.sleep(100)
open("again", "w").close()
"""


def test_a_descriptor_is_there_after_each_restart(launch, tmp_path: Path) -> None:
    """Read to its end by one instance, it begins anew for the next; for another user, too; a probe has it as well."""
    (tmp_path / "key").write_text("k3y")
    unit = {
        "command": [sys.executable, "-c", AGAIN],
        "working_dir": str(tmp_path),
        "secrets": {"TLS": {"file": str(tmp_path / "key"), "to": "fd"}},
        "readiness_probe": {"exec": ["sh", "-c", '[ "$(cat "$TLS_FILE")" = k3y ] && touch probed'], "period": "1s"},
    }
    running = launch.start({"service.web": unit})
    running.expect("k3y(?s:.*)k3y")
    running.expect_error("web: started")
    wait_until(lambda: (tmp_path / "probed").exists(), "the probe has read it")


FILE_KEY = """\
apiVersion: v1
kind: Pod
metadata: {{name: web}}
spec:
  restartPolicy: Never
  volumes: [{{name: work, emptyDir: {{}}}}]
  initContainers:
  - name: write
    command: [sh, -c, "{init}"]
    volumeMounts: [{{name: work, mountPath: {at}}}]
  containers:
  - name: main
    command: [sh, -c, 'echo "$TOKEN|$OPTIONAL|$MODE"; exec sleep 100']
    envFrom: [{{configMapRef: {{name: modes}}}}]
    env:
    - {{name: TOKEN, valueFrom: {{fileKeyRef: {{volumeName: work, path: run/token.env, key: T}}}}}}
    - {{name: OPTIONAL, valueFrom: {{fileKeyRef: {{volumeName: work, path: none, key: T, optional: true}}}}}}
    - {{name: MODE, valueFrom: {{fileKeyRef: {{volumeName: work, path: run/token.env, key: M, optional: true}}}}}}
    readinessProbe:
      exec: {{command: [sh, -c, 'echo "$TOKEN" > {at}/seen; env >> {at}/seen; mv {at}/seen {at}/probed']}}
      periodSeconds: 1
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: modes}}
data: {{MODE: slow}}
"""


@pytest.mark.parametrize(
    ("init", "said"),
    [
        ("mkdir {at}/run && echo \\\"T='one two'\\\" > {at}/run/token.env", None),
        ("true", "run/token.env: no such file or directory"),
        ("mkdir {at}/run && echo T=bare > {at}/run/token.env", "run/token.env: it has a line that is no NAME='VALUE'"),
        ("mkdir {at}/run && echo X= > {at}/run/token.env", "run/token.env: it has no such key, or an empty one"),
        ("mkdir {at}/run && ln -s /etc/passwd {at}/run/token.env", "run/token.env: too many symbolic links"),
    ],
    ids=["there", "no-file", "no-line", "no-key", "a-link"],
)
def test_a_key_of_a_file_that_an_init_writes(launch, tmp_path: Path, init: str, said: str | None) -> None:
    at = "/mnt/minipod-test"
    path = tmp_path / "web.yaml"
    path.write_text(FILE_KEY.format(init=init.format(at=at), at=at), encoding="utf-8")
    own = f'mount -t tmpfs none /mnt && mount -t tmpfs none /run && mkdir {at} && exec "$@"'
    wrap = ["unshare", "-m", "--propagation", "private", "sh", "-c", own, "sh"]
    running = launch.start(path, wrap=wrap)
    if said is None:
        running.expect(r"main  \| one two\|\|slow")
    else:
        ended = running.wait()
        assert f"main: cannot execute: environment TOKEN of {said}" in ended.err
        main = ended.unit("main")
        assert (ended.code, main["exitCode"], main["reason"]) == (126, 128, "CreateContainerConfigError")


COMMANDS = """
get|get -o wide|get -o json|get -o yaml|describe main|logs main|events|events -o json|plan|plan -o json|graph|analyze
plot|top|ctl status|ctl events|diff FILE|diff -o json FILE|plan FILE|plan -o json FILE|simulate FILE|check FILE
compile FILE -o -|export kubernetes FILE|graph FILE
"""


def test_nothing_ever_shows_a_secret(minipod: Path, tmp_path: Path) -> None:
    """Not a command, not a log of ours, an event, the report, the plan that PID 1 gives away, nor its own memory beside
    the one variable that the program has."""
    text = MANIFEST.replace("'env; echo \"word $1\"', sh, $(PW)", "'exec sleep 1000'")
    manifest = tmp_path / "web.yaml"
    text = text.replace("envFrom: [{secretRef: {name: db}, prefix: DB_}, ", "envFrom: [")
    manifest.write_text(text, encoding="utf-8")
    env = {"PATH": os.environ["PATH"], "MINIPOD_SOCKET": str(tmp_path / "sock")}
    words = ["run", manifest, "--report", tmp_path / "report", "--events", tmp_path / "events"]
    with subprocess.Popen([minipod, *words], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as pod:
        try:
            wait_until(lambda: (tmp_path / "events").exists() and b'"up"' in (tmp_path / "events").read_bytes(), "up")
            said = b""
            for command in COMMANDS.replace("\n", "|").strip("|").split("|"):
                more = [str(manifest) if word == "FILE" else word for word in command.split()]
                done = subprocess.run([minipod, *more], env=env, capture_output=True, timeout=60, check=False)
                assert SENTINEL.encode() not in done.stdout + done.stderr, command
                said += done.stdout
            assert b"PW: a Secret of the manifest" in said and b"the secret PW cannot be compared" in said
            raw = subprocess.run(
                ["curl", "-s", "--unix-socket", tmp_path / "sock", "-H", "Accept: application/octet-stream",
                 "http://localhost/v1/plan"],
                capture_output=True, timeout=60, check=True,
            ).stdout  # fmt: skip
            again = tmp_path / "again.plan"
            again.write_bytes(raw)
            done = subprocess.run([minipod, "run", again], env=env, capture_output=True, timeout=60, check=False)
            assert raw.startswith(b"minipod\n") and SENTINEL.encode() not in raw
            assert (done.returncode, b"its secret is not in this plan any more" in done.stderr) == (78, True)
            assert copies_in(pod.pid) == 2, "PW, and URL, which is made of it"
            said = apply_all(minipod, env, manifest, pod.pid)
            assert SENTINEL.encode() not in said
        finally:
            pod.terminate()
            out, _ = pod.communicate(timeout=60)
    for each in (out, (tmp_path / "events").read_bytes(), (tmp_path / "report").read_bytes()):
        assert each and SENTINEL.encode() not in each


def apply_all(minipod: Path, env: dict[str, str], manifest: Path, pid: int) -> bytes:
    """The same plan changes nothing. Of another one PID 1 has what its units are given, and what the one that is kept
    was given until that starts again. What is said."""

    def run(*words: str | Path) -> subprocess.CompletedProcess:
        return subprocess.run([minipod, *words], env=env, capture_output=True, timeout=60, check=False)

    same = run("apply", manifest)
    assert (same.returncode, b"a new plan" in same.stdout + same.stderr) == (0, False), same.stderr
    assert copies_in(pid) == 2
    more = manifest.with_name("more.yaml")
    text = manifest.read_text(encoding="utf-8")
    begin, secret = text.index("  - name: main\n"), text.index("---\n")
    more.write_text(text[:secret] + text[begin:secret].replace("main", "more") + text[secret:], encoding="utf-8")
    taken = run("apply", more)
    assert (taken.returncode, taken.stdout.splitlines()[-1]) == (0, b"more started"), taken.stderr
    assert copies_in(pid) == 6
    restarted = run("restart", "main")
    assert restarted.returncode == 0
    wait_until(lambda: copies_in(pid) == 4, "what main was started with is overwritten")
    return b"".join(done.stdout + done.stderr for done in (same, taken, restarted))


def copies_in(pid: int) -> int:
    """Of the secret, in all that a process can write to."""
    return sum(text.count(SENTINEL.encode()) for line, text in memory_of(pid) if " rw" in line)


SECRET_BY_FD = """
[service.web]
command = ["sh", "-c", "cat $KEY_FILE"]
restart = "never"
secrets = {{ KEY = {{ file = "{key}", to = "fd" }} }}
"""
NOTIFIES = '[service.web]\ncommand = ["sh", "-c", "echo hunter2; echo >&7"]\nrestart = "never"\nnotify = {{ fd = 7 }}\n'


@pytest.mark.parametrize(
    ("text", "limit", "number"),
    [
        (SECRET_BY_FD, "ulimit -n 128", 128), (SECRET_BY_FD, "ulimit -n 129", None),
        (SECRET_BY_FD, "ulimit -Sn 64", None), (NOTIFIES.replace("7", "70"), "ulimit -n 70", 70),
    ],
    ids=["too-low", "enough", "may-be-raised", "of-a-units-own"],
)  # fmt: skip
def test_a_descriptor_above_the_limit_is_said_before_the_start(launch, tmp_path: Path, text, limit, number) -> None:
    """Else a program would fail for it, or a secret, in words that tell nobody why."""
    (tmp_path / "key").write_text("hunter2\n", encoding="utf-8")
    path = tmp_path / "web.toml"
    path.write_text(text.format(key=tmp_path / "key"), encoding="utf-8")
    result = launch.run(path, wrap=["sh", "-c", f'{limit} && exec "$@"', "sh"])
    if number is None:
        assert (result.code, [line for line in result.lines if "hunter2" in line]) == (0, ["web | hunter2"])
    else:
        assert f"its programs are given one by the number {number}: raise the limit of open files" in result.err
        assert result.code == 71 and not result.lines
