"""What becomes of each field that Kubernetes' pods have, as it was laid down before any of it was built: a second
statement, so that nobody makes less of a field without saying so here.

``A/B``: A where it can be had, and B where it cannot; the table has either, and its reason tells.
"""

import pytest

from minipod.kube.field import Verdict
from minipod.kube.fields import TYPES

# By type: the verdict, and the fields that have it. "strict": a warning that --strict makes an error.
CLAIMED: dict[str, dict[str, str]] = {
    "Meta": {
        "exact": "name labels annotations",
        "approx": "generateName namespace uid",
        "warn": "deletionTimestamp deletionGracePeriodSeconds finalizers ownerReferences managedFields resourceVersion "
        "creationTimestamp generation",
    },
    "Pod": {"exact": "apiVersion kind metadata spec", "warn": "status"},
    "PodSpec": {
        "exact": "initContainers containers restartPolicy terminationGracePeriodSeconds activeDeadlineSeconds volumes "
        "os securityContext",
        "reject": "ephemeralContainers resourceClaims",
        "approx": "hostAliases hostname hostnameOverride setHostnameAsFQDN subdomain shareProcessNamespace "
        "serviceAccountName serviceAccount nodeName",
        "strict": "enableServiceLinks readinessGates dnsPolicy dnsConfig runtimeClassName schedulingGates",
        "warn": "automountServiceAccountToken hostNetwork hostPID hostIPC hostUsers "
        "resources imagePullSecrets nodeSelector affinity tolerations topologySpreadConstraints schedulerName "
        "priorityClassName priority preemptionPolicy schedulingGroup overhead evictionResponders",
    },
    "Container": {
        "exact": "name command args workingDir env envFrom ports restartPolicy restartPolicyRules livenessProbe "
        "readinessProbe startupProbe lifecycle securityContext terminationMessagePolicy",
        "approx": "image terminationMessagePath tty",
        "warn": "imagePullPolicy resources resizePolicy stdin stdinOnce",
        "reject": "volumeDevices",
    },
    "Port": {"exact": "name containerPort protocol", "warn": "hostPort hostIP"},
    "Resources": {"exact": "limits requests", "reject": "claims"},
    "Probe": {"exact": "exec httpGet tcpSocket grpc"},
    "Lifecycle": {"exact": "postStart preStop stopSignal"},
    "Handler": {"exact": "exec httpGet sleep", "reject": "tcpSocket"},
    "EnvSource": {"approx": "fieldRef resourceFieldRef", "exact": "fileKeyRef configMapKeyRef secretKeyRef"},
    "PodSecurity": {
        "exact": "runAsUser runAsGroup runAsNonRoot supplementalGroups supplementalGroupsPolicy",
        "approx": "fsGroup seccompProfile",
        "strict": "appArmorProfile seLinuxOptions seLinuxChangePolicy sysctls",
        "reject": "windowsOptions",
    },
    "Security": {
        "exact": "runAsUser runAsGroup runAsNonRoot allowPrivilegeEscalation",
        "approx": "capabilities seccompProfile readOnlyRootFilesystem",
        "strict": "privileged appArmorProfile seLinuxOptions procMount",
        "reject": "windowsOptions",
    },
    "Volume": {
        "approx": "emptyDir hostPath configMap secret projected downwardAPI persistentVolumeClaim ephemeral csi nfs "
        "iscsi fc image",
        "reject": "gitRepo flocker scaleIO storageos quobyte glusterfs flexVolume",
    },
    "StatefulSetSpec": {"approx": "volumeClaimTemplates serviceName"},
    "Projection": {
        "exact": "configMap secret downwardAPI",
        "approx": "serviceAccountToken clusterTrustBundle podCertificate",
    },
}
ROWS = [
    (type, name, verdict)
    for type, verdicts in CLAIMED.items()
    for verdict, names in verdicts.items()
    for name in names.split()
]


@pytest.mark.parametrize(("type", "name", "claimed"), ROWS, ids=[f"{type}.{name}" for type, name, _ in ROWS])
def test_verdict(type: str, name: str, claimed: str) -> None:
    field = TYPES[type][name]
    word = "strict" if field.matters else field.verdict.word
    assert word == claimed


def test_only_ignored_fields_are_a_matter_of_strictness() -> None:
    assert {field.verdict for fields in TYPES.values() for field in fields.values() if field.matters} == {Verdict.WARN}
