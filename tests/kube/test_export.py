"""`minipod export kubernetes`: what stands in the manifest, what is said of the rest, and the command line."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from exporting import manifest_of, reread, to_documents

from minipod import cli
from minipod.config.read import read_pod
from minipod.errors import CONFIG, USAGE, WRITE
from minipod.model import EnvSource, Mount, Volume, VolumeFile
from minipod.reaper.lower import lower

SERVICE = '[service.web]\ncommand = ["serve"]\n'


@pytest.fixture
def pod(tmp_path: Path) -> Callable:
    """A pod from a text."""

    def read(text: str):
        path = tmp_path / "shop.toml"
        path.write_text(text, encoding="utf-8")
        return read_pod(str(path)).pod

    return read


@pytest.fixture
def export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable:
    """Runs the command on a text: the documents, and what was said."""

    def run(text: str, *words: str, image: str = "app:1") -> tuple[list[dict], str]:
        path = tmp_path / "shop.toml"
        path.write_text(text, encoding="utf-8")
        code = cli.main(["export", "kubernetes", str(path), *(["--image", image] if image else []), *words])
        out, err = capsys.readouterr()
        assert code == 0, err
        return to_documents(out), err

    return run


def container(documents: list[dict], name: str = "web") -> dict:
    spec = documents[-1]["spec"]
    spec = spec.get("template", {}).get("spec", spec)
    return next(each for each in spec.get("initContainers", []) + spec["containers"] if each["name"] == name)


@pytest.mark.parametrize(
    ("web", "db", "security", "said"),
    [
        ('groups = [7, "8"]', 'groups = [7, "8"]', {"supplementalGroups": [7, 8]}, ""),
        ("groups = [7]", "", None, "`groups` of web is not in the manifest"),
        ('groups = ["video"]', 'groups = ["video"]', None, "`groups` of db is not in the manifest"),
        ("user = 1\ngroup = 2", "user = 3\ngroup = 4", {"supplementalGroupsPolicy": "Strict"}, ""),
        ("user = 1\ngroup = 2", "user = 3", None, "web is in the groups that the image's /etc/group names, too"),
        ('user = 1\ncapabilities = { add = ["KILL"] }', "", None, "web will not have the capabilities that are added"),
        ("limits = { nofile = 99 }", "", None, "`limits` of web is not in the manifest"),
        ("nice = 3", "", None, "`nice` of web is not in the manifest"),
        ("oom_score_adj = 3", "", None, "`oom_score_adj` of web is not in the manifest"),
    ],
)
def test_what_all_containers_share(export, web, db, security, said):
    """Groups are the pod's in Kubernetes; limits are nobody's."""
    documents, told = export(f'[service.web]\ncommand = "a"\n{web}\n[service.db]\ncommand = "b"\n{db}\n')
    assert documents[-1]["spec"].get("securityContext") == security
    assert said in told and bool(said) == ("warning" in told or "note" in told)


@pytest.mark.parametrize(
    ("keys", "field", "value"),
    [
        ('args = ["-v"]', "args", ["-v"]),
        ('env = { A = "1", B = "$(A)" }', "env", [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}]),
        ('working_dir = "/srv"', "workingDir", "/srv"),
        ('user = 1000\ngroup = "0"', "securityContext", {"runAsUser": 1000, "runAsGroup": 0}),
        ('termination_message_path = "/a"', "terminationMessagePath", "/a"),
        ("no_new_privileges = true", "securityContext", {"allowPrivilegeEscalation": False}),
        ("read_only = true", "securityContext", {"readOnlyRootFilesystem": True}),
        ('capabilities = { drop = ["ALL"], add = ["KILL"] }', "securityContext",
         {"capabilities": {"drop": ["ALL"], "add": ["KILL"]}}),
        ('restart_rules = [{ exit_codes = [42], action = "restart_all" }]', "restartPolicyRules",
         [{"action": "RestartAllContainers", "exitCodes": {"operator": "In", "values": [42]}}]),
        ('stop_signal = "INT"', "lifecycle", {"stopSignal": "SIGINT"}),
        ('stop_signal = "RTMAX-1"', "lifecycle", {"stopSignal": "SIGRTMAX-1"}),
        ('pre_stop = { sleep = "3s" }', "lifecycle", {"preStop": {"sleep": {"seconds": 3}}}),
        ('post_start = { exec = ["x"] }', "lifecycle", {"postStart": {"exec": {"command": ["x"]}}}),
        ("readiness_probe = { tcp_socket = { port = 80 } }", "readinessProbe", {"tcpSocket": {"port": 80}}),
        ("liveness_probe = { grpc = { port = 80, service = 'a' } }", "livenessProbe",
         {"grpc": {"port": 80, "service": "a"}}),
        ('startup_probe = { http_get = { port = 80, host = "10.0.0.1", scheme = "https" }, period = "2s" }',
         "startupProbe", {"httpGet": {"path": "/", "port": 80, "host": "10.0.0.1", "scheme": "HTTPS"},
                          "periodSeconds": 2}),
        ('stdin = "inherit"', "stdin", True),
        ("tty = true", "tty", True),
        ('tty = "own"', "tty", True),
        ('stop_signal = "50"', "lifecycle", {"stopSignal": "SIGRTMAX-14"}),
    ],
)  # fmt: skip
def test_a_key_of_a_unit(export, keys, field, value):
    assert container(export(SERVICE + keys)[0])[field] == value


def test_of_its_own_terminal_nobody_asks_for_stdin(export):
    assert "stdin" not in container(export(SERVICE + 'tty = "own"')[0])


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('umask = "022"', "3:1: warning: `umask` of web is not in the manifest"),
        ("max_restarts = 3", "3:1: warning: `max_restarts` of web is not in the manifest"),
        ("essential = true", "3:1: warning: `essential` of web is not in the manifest"),
        ("exit_codes = { 1 = 0 }", "3:1: warning: `exit_codes` of web is not in the manifest"),
        ('notify = "sd"', "3:1: warning: `notify` of web is not in the manifest"),
        ("user = 4000000000", "3:1: warning: `user` of web is not in the manifest"),
        ('pre_stop = { http_get = { port = 80, host = "[::1]" } }', "3:1: note: probes ask the pod's address"),
        ('[pod]\ndeadline = "1000000h"', "4:1: note: `deadline` is 2147483647 s in the manifest"),
        ('user = "app"', "3:1: warning: `user` of web is not in the manifest"),
        ('log = "json"', "3:1: warning: `log` of web is not in the manifest"),
        ('working_dir = "here"', "3:1: warning: `working_dir` of web is not in the manifest"),
        ('backoff = { initial = "2s" }', "3:1: warning: `backoff` of web is not in the manifest"),
        ('termination_grace_period = "3s"', "3:1: warning: `termination_grace_period` of web is not in the manifest"),
        ('stop_signal = "INT"', "3:1: note: `stop_signal` of web needs a feature gate"),
        ('pre_stop = { sleep = "1500ms" }', "3:1: note: `pre_stop.sleep` of web is 2 s in the manifest"),
        ('env = { A = "$(HOME)" }', "3:1: note: $(HOME) stays as it is in `env` of web"),
        ("liveness_probe = { tcp_socket = { port = 80 } }", "3:1: note: probes ask the pod's address, not 127.0.0.1"),
        ('env = { A = "$(B)", B = "" }\nliveness_probe = { exec = ["x", "$(A)$(B)"] }',
         "4:1: note: $(A) is not what it is here in `liveness_probe` of web"),
        ('readiness_probe = { exec = ["x", "$(HOME)"] }', "3:1: note: $(HOME) is not what it is here in"),
        ('liveness_probe = { exec = ["x"], period = "1ms" }', "3:1: note: `liveness_probe.period` of web is 1 s"),
        ('[pod]\nmain = "web"', "4:1: warning: `main` is not in the manifest"),
        ('[pod]\nlog = "json"', "4:1: warning: `log` is not in the manifest"),
        ('[pod]\ncontrol = { listen = ":1" }', "4:1: warning: `control` is not in the manifest"),
        ('[pod]\ntermination_message_path = "/x"', "4:1: warning: `termination_message_path` is not in the manifest"),
        ('[pod]\ntermination_grace_period = "1.5s"', "4:1: note: `termination_grace_period` is 2 s"),
        ('[signals]\nHUP = "USR1"', "warning: `signals` is not in the manifest"),
        ('after = ["db"]\n[service.db]\ncommand = ["x"]', "3:1: note: web starts after db started, and stops"),
        ('after = { db = "ready" }\n[service.db]\ncommand = ["x"]', "3:1: warning: `after` of web is not in the"),
        ('[init.a]\ncommand = ["x"]\ndeadline = "1m"', "5:1: warning: `deadline` of a is not in the manifest"),
        ('[sidecar.a]\ncommand = ["x"]\nrestart = "never"', "5:1: warning: `restart` of a is not in the manifest"),
    ],
)
def test_what_is_said(export, capsys, tmp_path, keys, said):
    _, err = export(SERVICE + keys)
    assert f"shop.toml:{said}" in err or ("[signals]" in keys and said in err)
    assert cli.main(["export", "kubernetes", str(tmp_path / "shop.toml"), "--image", "app:1"]) == 0
    assert f"#   {'nearly' if 'note:' in said else 'not'}: " in capsys.readouterr().out


def test_a_deployment_has_no_deadline(export):
    documents, err = export(f'[pod]\ndeadline = "1h"\n{SERVICE}', "--kind", "Deployment")
    assert "activeDeadlineSeconds" not in documents[0]["spec"]["template"]["spec"]
    assert "shop.toml:2:1: warning: `deadline` is not in the manifest" in err


@pytest.mark.parametrize("words", [(), ("--single",)])
def test_the_name_of_a_job_is_short_enough_for_a_label(export, words):
    name = f"{'a' * 62}.{'b' * 30}"
    documents, err = export(f'[pod]\nname = "{name}"\n{SERVICE}', "--kind", "Job", *words)
    assert documents[-1]["metadata"]["name"] == "a" * 62
    assert "shop.toml:2:1: note: the Job is called aaa" in err
    assert export(f'[pod]\nname = "{name}"\n{SERVICE}', *words)[0][-1]["metadata"]["name"] == name


def test_files_of_variables_are_told(export):
    """Each key once; nothing of them gets into the manifest."""
    keys = 'env_file = ["/a", "/b"]\nenv_from = [{ directory = "/c" }]\nsecrets = { PW = "/d" }\n'
    documents, err = export(f"{SERVICE}{keys}")
    for key in ("env_file", "env_from", "secrets"):
        assert err.count(f"warning: `{key}` of web is not in the manifest") == 1
    assert container(documents).keys() == {"name", "image", "command"}


def test_nothing_is_said_of_a_plain_pod(export):
    documents, err = export(f'[pod]\nlabels = {{ app = "shop" }}\ndeadline = "1h"\n{SERVICE}')
    assert err == ""
    assert documents == [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "shop", "labels": {"app": "shop"}},
            "spec": {
                "restartPolicy": "Always",
                "terminationGracePeriodSeconds": 10,
                "activeDeadlineSeconds": 3600,
                "containers": [{"name": "web", "image": "app:1", "command": ["serve"]}],
            },
        }
    ]


def test_inits_and_sidecars_in_their_order(export):
    text = '[sidecar.s]\ncommand = ["s"]\n[init.i]\ncommand = ["i"]\nrestart = "on_failure"\n' + SERVICE
    spec = export(text)[0][0]["spec"]
    row = [(each["name"], each.get("restartPolicy")) for each in spec["initContainers"]]
    assert row == [("s", "Always"), ("i", None)]


@pytest.mark.parametrize(
    ("restarts", "kind", "policy", "own"),
    [
        (["never", "never"], "Pod", "Never", [None, None]),
        (["always", "never", "never"], "Pod", "Never", ["Always", None, None]),
        (["on_failure", "always"], "Pod", "OnFailure", [None, "Always"]),
        (["never"], "Deployment", "Always", ["Never"]),
        (["never"], "Job", "Never", [None]),
        (["always"], "Job", "OnFailure", ["Always"]),
    ],
)
def test_the_pods_policy_is_what_suits_most(export, restarts, kind, policy, own):
    text = "".join(f'[service.u{at}]\ncommand = ["x"]\nrestart = "{each}"\n' for at, each in enumerate(restarts))
    spec = export(text, "--kind", kind)[0][0]["spec"]
    spec = spec if kind == "Pod" else spec["template"]["spec"]
    assert spec["restartPolicy"] == policy
    assert [each.get("restartPolicy") for each in spec["containers"]] == own


def test_a_deployment_finds_its_pods(export):
    spec = export(SERVICE, "--kind", "deployment")[0][0]["spec"]
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"] != {}


def test_the_pods_variables_stand_before_the_units(export):
    text = '[env]\nA = "1"\nB = "$(A)"\nC = "c"\n' + SERVICE + 'env = { A = "2", C = "$(C)x", D = "d" }\n'
    env = [(each["name"], each["value"]) for each in container(export(text)[0])["env"]]
    assert env == [("A", "1"), ("B", "$(A)"), ("C", "c"), ("A", "2"), ("C", "$(C)x"), ("D", "d")]
    text = '[env]\nA = "1"\n' + SERVICE + 'env = { A = "2" }\n'
    assert container(export(text)[0])["env"] == [{"name": "A", "value": "2"}]


def test_who_is_waited_for_stands_first(export):
    text = '[service.b]\ncommand = ["b"]\nafter = ["a"]\n[service.a]\ncommand = ["a"]\n'
    assert [each["name"] for each in export(text)[0][0]["spec"]["containers"]] == ["a", "b"]


def test_sources_and_volumes_of_a_manifest(pod):
    """What no pod file can say yet, and a manifest can."""
    sources = (
        EnvSource("secrets", "P_", "all", is_secret=True),
        EnvSource("secret", "PASSWORD", "db", "password", is_optional=True, is_secret=True),
        EnvSource("field", "IP", key="status.podIP"),
        EnvSource("file", "TOKEN", "work", "key", "path"),
    )
    volumes = (
        Volume("work", "empty_dir", medium="Memory", size_limit=64 << 20),
        Volume("host", "host_path", path="/srv", check="Directory"),
        Volume("conf", "files", files=(
            VolumeFile("a.conf", 0o644, b"x = 1\ny = 2\n"),
            VolumeFile("deep/b", 0o600, b"\xff"),
            VolumeFile("pw", 0o400, source=EnvSource("secret", "", "db", "password", is_secret=True)),
            VolumeFile("name", 0o644, source=EnvSource("field", "", key="metadata.name")),
        )),
    )  # fmt: skip
    mounts = (Mount("conf", "/etc/web", "deep", read_only=True), Mount("work", "/work"), Mount("host", "/host"))
    given = pod(SERVICE)
    unit = given.units[0]._replace(env_from=sources, mounts=mounts)
    text, said = manifest_of(given._replace(units=(unit,), volumes=volumes))
    assert said == []
    read = reread(text)
    assert (read.units[0].env_from, read.units[0].mounts) == (sources, mounts)
    assert [volume for volume in read.volumes if volume.kind != "files"] == list(volumes[:2])
    files = {file.path: (file.mode, file.content) for file in read.volumes[2].files if file.content is not None}
    assert files == {
        "a.conf": (0o644, b"x = 1\ny = 2\n"), "deep/b": (0o600, b"\xff"), "name": (0o644, b"shop"),
    }  # fmt: skip
    assert "a.conf: |\n    x = 1\n    y = 2\n" in text


def test_an_example_of_ours_and_back(tmp_path):
    """What TOML says and the manifest says, too, is the same in both plans."""
    root = Path(__file__).parents[2]
    given = read_pod(str(root / "config" / "job.toml")).pod
    mine, theirs = lower(given), lower(reread(manifest_of(given, "Job")[0]))
    rows = [(unit.name, unit.kind, unit.argv, dict(unit.env), unit.working_dir) for unit in theirs.units]
    wanted = [
        (unit.name, unit.kind, unit.argv, {**given.env, **dict(unit.env)}, unit.working_dir) for unit in mine.units
    ]
    assert sorted(rows, key=str) == sorted(wanted, key=str)


# --- one container ----------------------------------------------------------------------------------------------------


def test_all_in_one_container(export):
    text = f'[pod]\ntermination_grace_period = "25s"\ntermination_message_path = "/dev/termination-log"\n{SERVICE}'
    (config, workload), err = export(text, "--single", "--kind", "Deployment")
    assert err == ""
    assert config["data"] == {"shop.toml": text}  # what has no name in it is called after its file
    spec = workload["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] == 25
    one = spec["containers"][0]
    assert one["command"] == ["minipod", "run", "/etc/minipod/shop.toml", "--set", 'pod.control={ listen = ":9090" }']
    assert one["livenessProbe"]["httpGet"] == {"path": "/livez", "port": 9090}
    assert one["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": 9090}
    assert one["terminationMessagePath"] == "/dev/termination-log"
    assert spec["volumes"][0]["configMap"]["name"] == config["metadata"]["name"]
    assert one["volumeMounts"] == [{"name": "minipod", "mountPath": "/etc/minipod", "readOnly": True}]


def test_the_command_of_the_one_container_is_one_that_minipod_takes(export, tmp_path):
    documents, _ = export(SERVICE, "--single")
    *_, option, value = documents[1]["spec"]["containers"][0]["command"]
    assert read_pod(str(tmp_path / "shop.toml"), overrides=[value]).pod.control.listen == ("::", 9090)
    assert option == "--set"


@pytest.mark.parametrize(
    ("control", "probe"),
    [
        ('{ listen = "0.0.0.0:81" }', {"httpGet": {"path": "/livez", "port": 81}}),
        ('{ listen = "127.0.0.1:81" }', {"exec": {"command": ["minipod", "health"]}}),
        ('"/run/x.sock"', {"exec": {"command": ["minipod", "health"]}}),
        ("false", None),
    ],
)
def test_probes_by_what_the_pod_file_opens(export, control, probe):
    (_, workload), _ = export(f"[pod]\ncontrol = {control}\n{SERVICE}", "--single")
    one = workload["spec"]["containers"][0]
    assert "--set" not in one["command"]
    assert one.get("livenessProbe") == (probe and {**probe, "periodSeconds": 5})


def test_a_plan_that_the_image_has(export):
    (workload,), _ = export(SERVICE + 'restart = "never"', "--single", "--inside", "/pod.plan")
    assert workload["spec"]["restartPolicy"] == "Never"
    one = workload["spec"]["containers"][0]
    assert one["command"] == ["minipod", "run", "/pod.plan"]
    assert one["readinessProbe"]["exec"]["command"] == ["minipod", "ready"]


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["kubernetes"],
        ["nomad", "FILE"],
        ["kubernetes", "FILE"],
        ["kubernetes", "FILE", "also", "--image", "a"],
        ["kubernetes", "FILE", "--image", "nobody=a"],
        ["kubernetes", "FILE", "--image", "a", "--kind", "DaemonSet"],
        ["kubernetes", "FILE", "--single"],
        ["kubernetes", "FILE", "--single", "--image", "web=a"],
        ["kubernetes", "FILE", "--single", "--image", "a", "--set", "pod.name=x"],
        ["kubernetes", "FILE", "--image", "a", "--inside", "/x"],
        ["kubernetes", "FILE", "--single", "--image", "a", "--inside", "x"],
    ],
)
def test_mistakes_on_the_command_line(words, tmp_path, capsys):
    (tmp_path / "pod.toml").write_text(SERVICE)
    assert cli.main(["export", *(str(tmp_path / "pod.toml") if word == "FILE" else word for word in words)]) == USAGE
    assert capsys.readouterr().out == ""


def test_images_by_unit(export):
    text = SERVICE + '[sidecar.a]\ncommand = ["x"]\n'
    documents, _ = export(text, "--image", "a=other:2")
    assert (container(documents)["image"], container(documents, "a")["image"]) == ("app:1", "other:2")
    documents, _ = export(text, "--image", "a=x", "--image", "web=y@sha256:0", image="")
    assert (container(documents)["image"], container(documents, "a")["image"]) == ("y@sha256:0", "x")


def test_to_a_file_that_is_not_there_yet(tmp_path, capsys):
    (tmp_path / "pod.toml").write_text(SERVICE)
    words = ["export", "kubernetes", str(tmp_path / "pod.toml"), "--image", "a", "-o", str(tmp_path / "pod.yaml")]
    assert cli.main(words) == 0
    assert cli.main(["check", "-q", str(tmp_path / "pod.yaml")]) == 0
    assert cli.main(words) == WRITE
    assert capsys.readouterr().out == ""
    (tmp_path / "pod.toml").write_text("nonsense")
    assert cli.main(words) == CONFIG


def test_a_manifest_goes_the_same_way(tmp_path, capsys):
    (tmp_path / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: web, image: i, args: [b]}]}\n"
    )
    words = ["export", "kubernetes", str(tmp_path / "pod.yaml"), "--image", "x", "--entrypoint", "i=serve -v"]
    assert cli.main([*words, "--single"]) == USAGE
    assert cli.main([*words, "--single", "--inside", "/pod.yaml"]) == 0
    capsys.readouterr()
    assert cli.main(words) == 0
    out, err = capsys.readouterr()
    assert container(to_documents(out)) == {"name": "web", "image": "x", "command": ["serve", "-v"], "args": ["b"]}
    assert err == ""


def test_what_is_no_manifest_is_seen_by_the_schema():
    with pytest.raises(Exception, match="cmd"):
        to_documents("{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, cmd: [x]}]}}")
