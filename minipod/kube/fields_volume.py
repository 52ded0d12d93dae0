"""What a volume may be, and what minipod makes of it: part of the table in ``fields``."""

from minipod.kube.field import Field, Type, approx, exact, needed, reject

_MODE = "int 0..511"
_NO_STORAGE = "there is no such storage here, and data would silently go elsewhere"
_MAPPED = "a directory of the outer container takes its place, which --volume NAME=/path names"
_INSTEAD = "use an emptyDir, or a hostPath for what must stay"
_GONE = "Kubernetes has taken it out, or cannot mount it any more"
_NO_LIVE = "it is written once; a change on the cluster is not seen"


def _storage() -> Field:
    return approx("any", _MAPPED)


def _gone() -> Field:
    return reject(_GONE, _INSTEAD)


_VOLUME: Type = {
    "awsElasticBlockStore": _storage(),
    "azureDisk": _storage(),
    "azureFile": _storage(),
    "cephfs": _storage(),
    "cinder": _storage(),
    "configMap": approx("ConfigMapVolume", f"its ConfigMap must stand in the same manifest; {_NO_LIVE}"),
    "csi": _storage(),
    "downwardAPI": approx("DownwardVolume", _NO_LIVE),
    "emptyDir": approx("EmptyDir", "a directory of this container's, gone when the pod ends"),
    "ephemeral": _storage(),
    "fc": _storage(),
    "flexVolume": _gone(),
    "flocker": _gone(),
    "gcePersistentDisk": _storage(),
    "gitRepo": _gone(),
    "glusterfs": _gone(),
    "hostPath": approx("HostPath", "the host is the outer container"),
    "image": _storage(),
    "iscsi": _storage(),
    "name": needed("text"),
    "nfs": _storage(),
    "persistentVolumeClaim": _storage(),
    "photonPersistentDisk": _gone(),
    "portworxVolume": _storage(),
    "projected": approx("Projected", _NO_LIVE),
    "quobyte": _gone(),
    "rbd": _storage(),
    "scaleIO": _gone(),
    "secret": approx("SecretVolume", f"the Secret must stand in the same manifest; {_NO_LIVE}"),
    "storageos": _gone(),
    "vsphereVolume": _storage(),
}
SOURCES = tuple(name for name in _VOLUME if name != "name")
# What cannot be had unless a directory takes its place, and why.
STORAGE = {name: _NO_STORAGE for name, field in _VOLUME.items() if field.why == _MAPPED}
STORAGE["image"] = "no image is pulled"
# The same of a part of a projected volume.
UNPROJECTED = {
    "clusterTrustBundle": "there is no cluster that would have one",
    "podCertificate": "there is no cluster that would sign one",
    "serviceAccountToken": "there is no API server to have a token for",
}
_ITEM: Type = {"key": needed("text"), "mode": exact(_MODE), "path": needed("text")}

VOLUME_TYPES: dict[str, Type] = {
    "Volume": _VOLUME,
    "EmptyDir": {
        "medium": approx("text", "a tmpfs where minipod may mount one, else a directory of /dev/shm"),
        "mode": exact("int 0..1023"),  # with the sticky bit: 01777
        "sizeLimit": exact("quantity"),
    },
    "HostPath": {"path": needed("text"), "type": exact("text")},
    "ConfigMapVolume": {
        "defaultMode": exact(_MODE),
        "items": exact("[Item]"),
        "name": needed("text"),
        "optional": exact("flag"),
    },
    "SecretVolume": {
        "defaultMode": exact(_MODE),
        "items": exact("[Item]"),
        "optional": exact("flag"),
        "secretName": needed("text"),
    },
    "Item": _ITEM,
    "DownwardVolume": {"defaultMode": exact(_MODE), "items": exact("[DownwardFile]")},
    "DownwardFile": {
        "fieldRef": exact("FieldRef"),
        "mode": exact(_MODE),
        "path": needed("text"),
        "resourceFieldRef": exact("ResourceRef"),
    },
    "Projected": {"defaultMode": exact(_MODE), "sources": exact("[Projection]")},
    "Projection": {
        "clusterTrustBundle": _storage(),
        "configMap": exact("ProjectedConfigMap"),
        "downwardAPI": exact("ProjectedDownward"),
        "podCertificate": _storage(),
        "secret": exact("ProjectedSecret"),
        "serviceAccountToken": _storage(),
    },
    "ProjectedConfigMap": {"items": exact("[Item]"), "name": needed("text"), "optional": exact("flag")},
    "ProjectedSecret": {"items": exact("[Item]"), "name": needed("text"), "optional": exact("flag")},
    "ProjectedDownward": {"items": exact("[DownwardFile]")},
}
