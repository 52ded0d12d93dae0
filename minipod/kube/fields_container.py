"""What a container may say, and what minipod makes of it: part of the table in ``fields``."""

from minipod.kube.field import MOST_INT, MOST_LONG, Type, approx, exact, needed, reject, warn, warn_strictly

_MESSAGE = (
    "the default is a file of the program's own, named by TERMINATION_MESSAGE_PATH: /dev/termination-log may be the "
    "outer container's"
)
_COUNT = f"int 0..{MOST_INT}"
_OUTER = "it belongs to the runtime of the outer container"
_NO_ATTACH = "nobody can attach: stdin is /dev/null, or with tty a terminal into which nobody types"
_NO_IMAGE = "no image is pulled: programs are those of this container"

_CONTAINER: Type = {
    "args": exact("[text]"),
    "command": exact("[text]"),
    "env": exact("[Env]"),
    "envFrom": exact("[EnvFrom]"),
    "image": approx("text", f"{_NO_IMAGE}; --entrypoint, or [image] in a file of --preset, says what it runs"),
    "imagePullPolicy": warn("Always|IfNotPresent|Never", "no image is pulled", "Always", "IfNotPresent", "Never"),
    "lifecycle": exact("Lifecycle"),
    "livenessProbe": exact("Probe"),
    "name": needed("text"),
    "ports": exact("[Port]"),
    "readinessProbe": exact("Probe"),
    "resizePolicy": warn("any", "nothing is resized while it runs"),
    "resources": warn("Resources", "there is no cgroup of its own; fieldRefs see the numbers", {}),
    "restartPolicy": exact("Always|OnFailure|Never"),
    "restartPolicyRules": exact("[RestartRule]"),
    "securityContext": exact("Security"),
    "startupProbe": exact("Probe"),
    "stdin": warn("flag", _NO_ATTACH, False),
    "stdinOnce": warn("flag", _NO_ATTACH, False),
    "terminationMessagePath": approx("text", _MESSAGE),
    "terminationMessagePolicy": exact("File|FallbackToLogsOnError"),
    "tty": approx("flag", "a terminal into which nobody types; its lines come without the CR at their ends", False),
    "volumeDevices": reject("a process cannot be given a block device of its own", "leave it out", []),
    "volumeMounts": exact("[VolumeMount]"),
    "workingDir": exact("text"),
}

_HTTP: Type = {
    "host": approx("text", "without one 127.0.0.1 is asked, not the pod's address"),
    "httpHeaders": exact("[Header]"),
    "path": exact("text"),
    "port": needed("port"),
    "protocol": reject("only HTTP/1.1 is spoken", "leave it out if the program speaks that too", "HTTP1"),
    "scheme": exact("HTTP|HTTPS"),
}

_PROBE: Type = {
    "exec": exact("Exec"),
    "failureThreshold": exact(_COUNT),
    "grpc": exact("Grpc"),
    "httpGet": exact("Http"),
    "initialDelaySeconds": exact(_COUNT),
    "periodSeconds": exact(_COUNT),
    "successThreshold": exact(_COUNT),
    "tcpSocket": exact("Tcp"),
    "terminationGracePeriodSeconds": exact(f"int 1..{MOST_LONG}"),
    "timeoutSeconds": exact(_COUNT),
}

_HANDLER: Type = {
    "exec": exact("Exec"),
    "httpGet": exact("Http"),
    "sleep": exact("Sleep"),
    "tcpSocket": reject("such a hook fails whenever it runs, in Kubernetes too", "use exec, httpGet or sleep"),
}

_SECURITY: Type = {
    "allowPrivilegeEscalation": exact("flag"),
    "appArmorProfile": warn_strictly("any", _OUTER),
    "capabilities": approx("Capabilities", "what is added another user than root has, too; on a cluster only root"),
    "privileged": warn_strictly("flag", "nothing here has more rights than the outer container", False),
    "procMount": warn_strictly("Default|Unmasked", _OUTER, "Default"),
    "readOnlyRootFilesystem": approx(
        "flag", "where minipod may not mount, a warning when the pod begins; the root stays as it is"
    ),
    "runAsGroup": exact(f"int 0..{MOST_INT}"),
    "runAsNonRoot": exact("flag"),
    "runAsUser": exact(f"int 0..{MOST_INT}"),
    "seLinuxOptions": warn_strictly("any", _OUTER),
    "seccompProfile": approx("Seccomp", "the outer container's profile holds"),
    "windowsOptions": reject("this is Linux"),
}

_KEY: Type = {"key": needed("text"), "name": needed("text"), "optional": exact("flag")}
_REFERENCE: Type = {"name": needed("text"), "optional": exact("flag")}

CONTAINER_TYPES: dict[str, Type] = {
    "Container": _CONTAINER,
    "Port": {
        "containerPort": needed("int 1..65535"),
        "hostIP": warn("text", "no port is mapped here"),
        "hostPort": warn("int 0..65535", "no port is mapped here", 0),
        "name": exact("text"),
        "protocol": exact("TCP|UDP|SCTP"),
    },
    "Probe": _PROBE,
    "Lifecycle": {
        "postStart": exact("Handler"),
        "preStop": exact("Handler"),
        "stopSignal": exact("text"),
    },
    "Handler": _HANDLER,
    "Exec": {"command": needed("[text]")},
    "Http": _HTTP,
    "Header": {"name": needed("text"), "value": needed("text")},
    "Tcp": {"host": approx("text", "without one 127.0.0.1 is asked, not the pod's address"), "port": needed("port")},
    "Grpc": {"port": needed("int 1..65535"), "service": exact("text")},
    "Sleep": {"seconds": needed(f"int 0..{MOST_LONG}")},
    "Env": {"name": needed("text"), "value": exact("text"), "valueFrom": exact("EnvSource")},
    "EnvSource": {
        "configMapKeyRef": exact("ConfigMapKey"),
        "fieldRef": approx("FieldRef", "addresses are those of the outer container"),
        "fileKeyRef": exact("FileKey"),
        "resourceFieldRef": approx("ResourceRef", "limits that the manifest leaves out are the outer container's"),
        "secretKeyRef": exact("SecretKey"),
    },
    "ConfigMapKey": _KEY,
    "SecretKey": _KEY,
    "FieldRef": {"apiVersion": exact("v1"), "fieldPath": needed("text")},
    "FileKey": {
        "key": needed("text"),
        "optional": exact("flag"),
        "path": needed("text"),
        "volumeName": needed("text"),
    },
    "ResourceRef": {"containerName": exact("text"), "divisor": exact("quantity"), "resource": needed("text")},
    "EnvFrom": {
        "configMapRef": exact("ConfigMapRef"),
        "prefix": exact("text"),
        "secretRef": exact("SecretRef"),
    },
    "ConfigMapRef": _REFERENCE,
    "SecretRef": _REFERENCE,
    "Resources": {
        "claims": reject("the program would miss a device", "leave it out if it does without", []),
        "limits": exact("{quantity}"),
        "requests": exact("{quantity}"),
    },
    "RestartRule": {
        "action": needed("Restart|RestartAllContainers"),
        "exitCodes": needed("ExitCodes"),
    },
    "ExitCodes": {"operator": needed("In|NotIn"), "values": exact(f"[int {-MOST_INT - 1}..{MOST_INT}]")},
    "Security": _SECURITY,
    "Capabilities": {"add": exact("[text]"), "drop": exact("[text]")},
    "Seccomp": {
        "localhostProfile": warn("text", _OUTER),
        "type": needed("RuntimeDefault|Unconfined|Localhost"),
    },
    "VolumeMount": {
        "bindMountOptions": warn("any", "mounts are as the kernel makes them"),
        "mountPath": needed("text"),
        "mountPropagation": warn("None|HostToContainer|Bidirectional", "nothing is mounted for others to see", "None"),
        "name": needed("text"),
        "readOnly": approx("flag", "only where minipod may mount: a link has no such thing", False),
        "recursiveReadOnly": warn("Disabled|IfPossible|Enabled", "only the mount itself is made read-only", "Disabled"),
        "subPath": exact("text"),
        "subPathExpr": exact("text"),
    },
}
