"""What a manifest means: the model that its pod becomes."""

import os

import pytest

from minipod.errors import ConfigError
from minipod.kube import fields, security
from minipod.model import Backoff, Capabilities, Probe, RestartRule
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.words import Handler, Kind, StopScope

_OF_CPU = ("limits.cpu", "requests.cpu")
HEAD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n"
CONFIG = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {A: a, B: '$(A)'}\n"


def test_roles_are_where_kubernetes_has_them(read):
    text = """
  initContainers:
  - {name: one, command: [a]}
  - {name: side, command: [a], restartPolicy: Always}
  - {name: two, command: [a], restartPolicy: Never}
  containers:
  - {name: main, command: [a]}
  - {name: other, command: [a], restartPolicy: OnFailure}
"""
    units = read(HEAD + text.lstrip("\n")).pod.units
    assert [(unit.name, unit.kind, unit.restart, unit.follows) for unit in units] == [
        ("one", Kind.INIT, "on_failure", None),
        ("side", Kind.SIDECAR, "always", None),
        ("two", Kind.INIT, "never", None),
        ("main", Kind.SERVICE, "always", None),
        ("other", Kind.SERVICE, "on_failure", "main"),
    ]


def test_the_kubelets_numbers(unit):
    web = unit("")
    assert web.backoff == Backoff(10 * SECOND, 300 * SECOND, 600 * SECOND)
    assert (web.termination_grace_period, web.stop_to, web.unstartable_code) == (30 * SECOND, StopScope.MAIN, 128)


@pytest.mark.parametrize(("given", "grace"), [(0, 1), (-7, 1), (5, 5), (10**18, 2**62 / SECOND)])
def test_grace(read, given, grace):
    text = f"{HEAD}  terminationGracePeriodSeconds: {given}\n  containers: [{{name: a, command: [b]}}]\n"
    assert read(text).pod.termination_grace_period == int(grace * SECOND)


def test_a_probe_has_kubernetes_defaults(unit):
    probe = unit("livenessProbe: {httpGet: {port: 80}, periodSeconds: 0, timeoutSeconds: 0}").liveness_probe
    assert probe == Probe(probe.ask)
    assert (probe.ask.host, probe.ask.path, probe.ask.scheme, probe.ask.port) == ("127.0.0.1", "/", "http", 80)


def test_a_probe_says_what_it_says(unit):
    fields = (
        "ports: [{name: web, containerPort: 8080}], readinessProbe: {httpGet: {port: web, path: well, scheme: HTTPS, "
        "host: 10.0.0.1, httpHeaders: [{name: A, value: x}, {name: A, value: ''}]}, initialDelaySeconds: 3, "
        "periodSeconds: 4, timeoutSeconds: 5, successThreshold: 6, failureThreshold: 7}"
    )
    probe = unit(fields).readiness_probe
    assert probe.ask[:8] == (
        Handler.HTTP_GET, (), "https", "10.0.0.1", 8080, "/well", (("A", "x"), ("A", "")), "",
    )  # fmt: skip
    numbers = (probe.initial_delay, probe.period, probe.timeout, probe.success_threshold, probe.failure_threshold)
    assert numbers == (3 * SECOND, 4 * SECOND, 5 * SECOND, 6, 7)


@pytest.mark.parametrize("port", ["'443'", "443", "tls"])
def test_ports_by_number_and_by_name(unit, port):
    fields = f"ports: [{{name: tls, containerPort: 443}}], startupProbe: {{tcpSocket: {{port: {port}}}}}"
    assert unit(fields).startup_probe.ask.port == 443


def test_a_probes_command_sees_only_literal_values(unit):
    fields = (
        "env: [{name: L, value: lit}, {name: M, value: $(L)}, {name: F, valueFrom: {fieldRef: {fieldPath: "
        "metadata.name}}}], envFrom: [{configMapRef: {name: conf}}], "
        "livenessProbe: {exec: {command: [p, $(L), $(M), $(F), $(A), $$(L)]}}"
    )
    probe = unit(fields, others=CONFIG).liveness_probe
    assert probe.ask.command == ("p", "lit", "$$(L)", "$$(F)", "$$(A)", "$$(L)")


def test_hooks(unit):
    hooks = "lifecycle: {postStart: {exec: {command: [a, $(B)]}}, preStop: {sleep: {seconds: 2}}, stopSignal: SIGUSR1}"
    web = unit(hooks, spec="  os: {name: linux}\n")
    assert (web.post_start.command, web.pre_stop.sleep, web.stop_signal) == (("a", "$(B)"), 2 * SECOND, 10)


def test_restart_rules(unit):
    rules = (
        "restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42, 300]}}, "
        "{action: RestartAllContainers, exitCodes: {operator: NotIn, values: [0]}}]"
    )
    assert unit(rules).restart_rules == (RestartRule((42,)), RestartRule((0,), negated=True, restart_all=True))


def test_values_of_a_config_map_are_never_expanded(unit):
    web = unit("args: [$(A), $(B), $(NO)], envFrom: [{configMapRef: {name: conf}}]", others=CONFIG)
    assert (web.env, web.args) == ({"A": "a", "B": "$$(A)"}, ("a", "$$(A)", "$$(NO)"))


def test_what_is_known_later_is_left_to_pid_1(unit):
    fields = (
        "args: [$(PW) $(URL) $$(PW)], env: [{name: PW, valueFrom: {secretKeyRef: {name: s, key: pw}}}, "
        "{name: URL, value: 'db://$(PW)@$(NO)'}]"
    )
    web = unit(fields)
    assert web.args == ("$(PW) $(URL) $$(PW)",)
    assert web.env == {"URL": "db://$(PW)@$$(NO)"}
    (source,) = web.env_from
    assert (source.kind, source.name, source.object, source.key, source.is_secret) == ("secret", "PW", "s", "pw", True)


def test_an_optional_source_falls_back_on_what_was_there(unit):
    fields = (
        "env: [{name: A, value: old}, {name: A, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}, "
        "{name: B, value: $(A)}]"
    )
    web = unit(fields)
    assert web.env == {"A": "old", "B": "old"}
    assert [(source.name, source.value) for source in web.env_from] == [("A", None)]


SECRET = """---
apiVersion: v1
kind: Secret
metadata: {name: s}
data: {pw: aHVudGVyMg==}
stringData: {pin: hunter3}
"""


def test_no_value_of_a_secret_gets_into_the_model(read):
    fields = "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: pw}}}], envFrom: [{secretRef: {name: s}}]"
    volumes = "  volumes: [{name: v, secret: {secretName: s}}]\n"
    text = f"{HEAD}{volumes}  containers: [{{name: a, command: [b, $(pin)], {fields}}}]\n{SECRET}"
    reading = read(text, thorough=True)
    assert "hunter" not in str(reading) and "aHVudGVy" not in str(reading)
    assert reading.pod.units[0].command == ("b", "$(pin)")


def test_no_plan_that_is_kept_holds_a_secret(read):
    """Whoever reads the manifest where the pod does not run would write it into a file."""
    fields = "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: pw}}}]"
    text = f"{HEAD}  containers: [{{name: a, command: [b], {fields}}}]\n{SECRET}"
    assert read(text).obstacles == ()
    (obstacle,) = read(text, here=False).obstacles
    assert obstacle.message == "the Secret `s` cannot go into a plan that is kept" and "hunter" not in str(obstacle)


@pytest.mark.parametrize(
    ("resource", "divisor", "value"),
    [("limits.cpu", "1", "2"), ("limits.cpu", "1m", "1500"), ("requests.cpu", "1", "1"), ("limits.memory", "1Mi", "65"),
     ("limits.memory", "1", "67108865"), ("requests.memory", "1", "67108865")],
)  # fmt: skip
def test_resources_are_rounded_up(unit, resource, divisor, value):
    fields = (
        "resources: {limits: {cpu: 1500m, memory: 67108865}, requests: {cpu: '.1'}}, env: [{name: R, valueFrom: "
        f"{{resourceFieldRef: {{resource: {resource}, divisor: {divisor}}}}}}}]"
    )
    assert unit(fields).env == {"R": value}


@pytest.mark.parametrize("limit", ["0", "'0'", "null", "~", "0.0", "0Mi"])
def test_a_limit_of_nothing_is_none(unit, limit):
    """The kubelet fills in the node's own; a request of nothing is one."""
    refs = [f"{{name: {name}, valueFrom: {{resourceFieldRef: {{resource: {name}}}}}}}" for name in _OF_CPU]
    limited = unit(f"resources: {{limits: {{cpu: {limit}}}}}, env: [{', '.join(refs)}]")
    assert [(source.kind, source.key) for source in limited.env_from] == [("limit", "limits.cpu")]
    assert limited.env["requests.cpu"] == "0"


@pytest.mark.parametrize("amount", ["0", "'0'", "null"])
def test_no_device_is_asked_for(unit, amount):
    assert unit(f"resources: {{limits: {{example.com/gpu: {amount}, cpu: ' 500m '}}, requests: {{cpu: 0.5}}}}")


# --- rights -----------------------------------------------------------------------------------------------------------


def obstacles(read, fields: str, **options) -> list[str]:
    text = f"{HEAD}  containers: [{{name: a, command: [b], securityContext: {{{fields}}}}}]\n"
    return [problem.message for problem in read(text, **options).obstacles]


def test_the_containers_own_word_goes_before_the_pods(read):
    text = (
        f"{HEAD}  securityContext: {{runAsUser: 1, runAsGroup: 2}}\n"
        "  containers: [{name: a, command: [b], securityContext: {runAsUser: 3}}]\n"
    )
    (unit,) = read(text).pod.units
    assert (unit.user, unit.group) == ("3", "2")


@pytest.mark.parametrize(("uid", "here", "runs"), [(0, True, False), (1000, True, True), (0, False, True)])
def test_who_must_not_be_root(read, unit, monkeypatch, uid, here, runs):
    """Who runs a plan elsewhere is seen by the core, when the unit starts; a number is seen at once."""
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert (obstacles(read, "runAsNonRoot: true", here=here) == []) is runs
    assert obstacles(read, "runAsNonRoot: true, runAsUser: 5", here=here) == []
    assert unit("securityContext: {runAsNonRoot: true}").not_root
    assert not unit("securityContext: {runAsNonRoot: true, runAsUser: 5}").not_root
    assert not unit("securityContext: {runAsNonRoot: false}").not_root


STATUS = "Name:\tx\nCapInh:\t0\nCapPrm:\t{0}\nCapEff:\t{0}\nCapBnd:\t{0}\nCapAmb:\t0\nNoNewPrivs:\t{1}\n"


ALL, FEW = "1ffffffffff", "400"  # 400: NET_BIND_SERVICE


@pytest.fixture
def hold(monkeypatch, tmp_path):
    """``hold(capabilities, no_new_privileges, uid)``: what minipod itself has here."""

    def run(held: str, no_new: int = 0, uid: int = 0) -> None:
        (tmp_path / "status").write_text(STATUS.format(held, no_new))
        monkeypatch.setattr(security, "STATUS", str(tmp_path / "status"))
        monkeypatch.setattr(os, "geteuid", lambda: uid)
        monkeypatch.setattr(os, "getegid", lambda: uid)
        monkeypatch.setattr(os, "getgroups", lambda: [uid])

    return run


@pytest.mark.parametrize(
    ("fields", "held", "no_new", "why"),
    [
        ("allowPrivilegeEscalation: false", FEW, 0, ""),
        ("capabilities: {drop: [ALL]}", ALL, 0, ""),
        ("capabilities: {drop: [ALL]}", FEW, 0, "capabilities cannot be dropped for good"),
        ("capabilities: {drop: [ALL]}", FEW, 1, ""),
        ("capabilities: {drop: [ALL]}, allowPrivilegeEscalation: false", FEW, 0, ""),
        ("capabilities: {drop: [NET_RAW]}", FEW, 0, ""),
        ("capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}", FEW, 0, ""),
        ("capabilities: {add: [KILL, NET_RAW]}", FEW, 0, "the capability KILL cannot be added"),
        ("capabilities: {add: [ALL]}", FEW, 0, "the capability CHOWN cannot be added"),
        ("capabilities: {add: [ALL]}", ALL, 0, ""),
        ("runAsUser: 5", FEW, 0, "`runAsUser` is somebody else than minipod"),
        ("runAsGroup: 5", FEW, 0, "`runAsGroup` is somebody else than minipod"),
        ("runAsUser: 0, runAsGroup: 0", FEW, 0, ""),
    ],
)
def test_rights_that_cannot_be_had_here(read, hold, fields, held, no_new, why):
    """An obstacle to a run here; elsewhere the core sees to it, before it starts anything."""
    hold(held, no_new)
    assert obstacles(read, fields) == [why] * bool(why)
    assert obstacles(read, fields, here=False) == []


@pytest.mark.parametrize(
    ("pods", "own", "wanted"),
    [
        ("", "capabilities: {drop: [all], add: [cap_kill]}", {"capabilities": Capabilities(("ALL",), ("KILL",))}),
        ("", "capabilities: {}", {"capabilities": Capabilities()}),
        ("", "allowPrivilegeEscalation: false", {"no_new_privileges": True}),
        ("", "readOnlyRootFilesystem: true", {"read_only": True}),
        ("", "readOnlyRootFilesystem: false", {"read_only": False}),
        ("", "allowPrivilegeEscalation: true", {"no_new_privileges": False}),
        ("supplementalGroups: [7, 8, 7], fsGroup: 9", "", {"groups": ("7", "8", "9"), "member_groups": None}),
        ("supplementalGroupsPolicy: Strict", "", {"groups": (), "member_groups": False}),
        ("supplementalGroupsPolicy: Merge, runAsUser: 1", "runAsGroup: 2", {"member_groups": True}),
        ("supplementalGroupsPolicy: Strict, runAsUser: 1", "runAsGroup: 2", {"member_groups": False}),
        ("runAsUser: 1", "", {"member_groups": None}),
    ],
)
def test_rights(unit, hold, pods, own, wanted):
    hold(ALL)
    found = unit(f"securityContext: {{{own}}}", spec=f"  securityContext: {{{pods}}}\n")
    assert {name: getattr(found, name) for name in wanted} == wanted


def test_groups_that_cannot_be_had_are_a_warning(read, hold):
    """Programs then have fewer rights, never more; --strict makes an error of it."""
    hold("0", uid=1000)
    text = f"{HEAD}  securityContext: {{fsGroup: 7}}\n  containers: [{{name: a, command: [b]}}]\n"
    reading = read(text)
    assert reading.pod.units[0].groups == ()
    assert [each.message for each in reading.warnings] == ["`fsGroup` is ignored"]
    with pytest.raises(ConfigError, match="`fsGroup` is ignored"):
        read(text, strict=True)
    hold("0", uid=7)
    assert read(text, strict=True).warnings == ()


# --- how strictly it is read ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [row for row, each in fields.rows("Pod") if each.matters])
def test_strict_refuses_what_a_program_may_count_on(field):
    """Those with warn* in pod_fields.md; the other ignored ones stay warnings."""
    assert field.rpartition(".")[2] in {
        "appArmorProfile", "dnsConfig", "dnsPolicy", "enableServiceLinks", "privileged", "procMount", "readinessGates",
        "runtimeClassName", "schedulingGates", "seLinuxChangePolicy", "seLinuxOptions",
        "sysctls",
    }  # fmt: skip


def test_strict_and_lenient(read):
    text = f"{HEAD}  dnsPolicy: None\n  nodeSelector: {{a: b}}\n  containers: [{{name: a, command: [b], comand: c}}]\n"
    with pytest.raises(ConfigError) as caught:
        read(text, strict=True)
    said = [each.message for each in caught.value.problems]
    assert said == ["`dnsPolicy` would be ignored", "unknown field `comand`"]
    lenient = read(text, allow_unknown=True)
    assert lenient.pod.units[0].command == ("b",)
    assert [each.message for each in lenient.warnings] == [
        "`dnsPolicy` is ignored", "`nodeSelector` is ignored", "unknown field `comand`",
    ]  # fmt: skip
    assert read(text.replace("None", "Default").replace(", comand: c", ""), strict=True)


def test_ignored_fields_with_one_reason_are_told_together(read):
    text = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web, generation: 1, uid: u, resourceVersion: '7'}\nstatus: [1]\n"
        "spec:\n  runtimeClassName: gvisor\n  hostUsers: false\n  tolerations: [1]\n  priority: 7\n  affinity: {a: b}\n"
        "  containers: [{name: a, command: [b], stdin: true}, {name: c, command: [b], stdin: true}]\n"
    )
    assert [(each.place.line, each.message) for each in read(text).warnings] == [
        (3, "`generation` and `resourceVersion` are ignored"), (4, "`status` is ignored"),
        (6, "`runtimeClassName` is ignored"), (7, "`hostUsers` is ignored"),
        (8, "`tolerations`, `priority` and `affinity` are ignored"), (11, "`stdin` is ignored"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "profile", "told"),
    [
        ("container.apparmor.security.beta.kubernetes.io/a", "localhost/deny-write", True),
        ("container.apparmor.security.beta.kubernetes.io/a", "runtime/default", False),
        ("container.seccomp.security.alpha.kubernetes.io/a", "unconfined", True),
        ("seccomp.security.alpha.kubernetes.io/pod", "localhost/audit.json", True),
        ("seccomp.security.alpha.kubernetes.io/pod", "docker/default", False),
        ("example.com/apparmor", "localhost/x", False),
    ],
)
def test_a_profile_by_annotation_is_not_loaded(read, name, profile, told):
    text = f"{HEAD}  containers: [{{name: a, command: [b]}}]\n".replace(
        "{name: web}", f"{{name: web, annotations: {{{name}: {profile}}}}}"
    )
    said = [(each.place.line, each.message) for each in read(text).warnings]
    assert said == ([(3, f"the annotation `{name}` is ignored")] if told else [])
    if told:
        with pytest.raises(ConfigError, match="is ignored"):
            read(text, strict=True)


# --- what is odd ------------------------------------------------------------------------------------------------------


def warnings(read, containers: str, **options) -> list[tuple[int, str]]:
    reading = read(f"{HEAD}  containers:\n{containers}", **options)
    return [(problem.place.line, problem.message) for problem in reading.warnings]


def test_two_mains_cannot_have_one_port(read):
    first = "  - {name: a, command: [b], ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}]}\n"
    other = "  - {name: c, command: [d], ports: [{containerPort: 80}]}\n"
    assert warnings(read, first) == []
    assert warnings(read, first + other) == [(7, "two containers have port 80")]


def test_ports_of_an_init_on_the_hosts_network(read):
    """The API server looks for equal numbers only at mains'."""
    port = "ports: [{containerPort: 80, hostPort: %s}]"
    containers = f"  - {{name: b, command: [c], {port % 80}}}\n  initContainers:\n"
    containers += f"  - {{name: a, command: [b], {port % 8080}}}\n  hostNetwork: true\n"
    assert warnings(read, containers) == [(6, "`hostPort` is ignored"), (9, "`hostNetwork` is ignored")]


def test_what_this_machine_lacks(read, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    container = (
        "  - name: a\n    command: [no-such]\n    workingDir: /no/dir\n"
        "    livenessProbe:\n      exec: {command: [sh]}\n"
        "    lifecycle:\n      preStop: {exec: {command: [/no/hook]}}\n"
    )
    assert warnings(read, container) == []
    assert warnings(read, container, thorough=True) == [
        (7, "`no-such` is not on PATH here"),
        (8, "`/no/dir` is no directory here"),
        (12, "`/no/hook` is not here"),
    ]


def test_ignored_fields_are_told_once(read):
    containers = "".join(f"  - {{name: {name}, command: [b], stdin: true}}\n" for name in "ab")
    assert warnings(read, containers) == [(6, "`stdin` is ignored")]
    assert warnings(read, containers.replace("true", "false")) == []


def test_a_misspelt_command_is_told_once(read):
    with pytest.raises(ConfigError) as caught:
        read(f"{HEAD}  containers: [{{name: a, comand: [b]}}]\n")
    assert [problem.message for problem in caught.value.problems] == ["unknown field `comand`"]


def test_an_empty_word_is_the_default(unit):
    """As the API server has it, which cannot tell it from none."""
    port = "{name: '', protocol: '', containerPort: 80, hostPort: 0}"
    found = unit(f"imagePullPolicy: '', terminationMessagePolicy: '', ports: [{port}]", spec="  restartPolicy: ''\n")
    assert (found.restart, found.message_from_log) == ("always", False)


@pytest.mark.parametrize(
    ("path", "wanted"), [("", ""), ("dev/termination-log", ""), ("/a", "/a"), ("a/b", "/a/b")]
)
def test_where_its_message_is(unit, path, wanted):
    """The kubelet takes from / what does not begin with it."""
    found = unit(f"terminationMessagePath: '{path}'")
    assert (found.termination_message_path, found.message_own) == (wanted, not wanted)


def test_all_processes_see_each_other(read):
    text = f"{HEAD}  shareProcessNamespace: %s\n  containers: [{{name: a, command: [b]}}]\n"
    assert [each.message for each in read(text % "false").warnings] == ["`shareProcessNamespace` is true here"]
    assert read(text % "true").warnings == ()
