"""A container's environment (spec.md section 13): envFrom in its order, then env, each entry seeing those before it.

What is known when the manifest is read becomes text; a Secret's value, an address or a limit of the outer container
becomes a source that PID 1 reads. A Secret's value never gets into a text here.
"""

from typing import NamedTuple

from minipod.config.findings import Path, key_of, word
from minipod.config.values import ENV_NAME, matches
from minipod.kube.expansion import (
    MOST_TEXTS,
    MOST_WORD,
    Later,
    Look,
    Value,
    expand,
    expand_plain,
    is_final,
    length,
    references,
    size_of,
)
from minipod.kube.lookup import (
    field_value,
    find_container,
    find_helper,
    refuse_kept,
    resource_value,
    secret_keys,
    secret_value,
)
from minipod.kube.setting import MODEL, Doc, Helper, Setting
from minipod.model import EnvSource
from minipod.secret import Secret

_ADDRESSES = ("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs")
_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    *_ADDRESSES,
)
_SOURCES = ("configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef")
_KERNEL = "the kernel passes on no longer word or variable"
_PER_TEXT = 16  # bytes: what a plan has besides each text, at least


class Environment(NamedTuple):
    """``texts`` are as the plan has them, with what PID 1 must replace; ``values`` are what they mean, in part known
    only later. ``literals``: the values that stand in the manifest as they are."""

    texts: dict[str, str]
    values: dict[str, Value]
    sources: tuple[EnvSource, ...]
    literals: dict[str, str]
    has_unknown_names: bool = False

    def look(self, name: str) -> Value | None:
        """What a reference means; None for an unknown one."""
        if name in self.values:
            return self.values[name]
        return Later(name) if self.has_unknown_names else None

    def expand(self, text: str) -> str:
        """A word of command or args, as the plan has it; nothing of one that is too long, which is told."""
        return expand(text, self.look) if length(text, self.look) <= MOST_WORD else ""

    def expand_plain(self, text: str) -> str:
        """A text of which nothing is known only later; as ``expand``."""
        return expand_plain(text, self.look) if length(text, self.look) <= MOST_WORD else ""


def read_environment(container: Doc, at: Path, setting: Setting) -> Environment:
    """The environment of one container at ``at``."""
    reader = _Reader(container, at, setting)
    for i, entry in enumerate(container.get("envFrom", ())):
        reader.take_set(entry, (*at, "envFrom", i))
    for i, entry in enumerate(container.get("env", ())):
        reader.take_entry(entry, (*at, "env", i))
    for key in ("command", "args"):
        for i, text in enumerate(container.get(key, ())):
            reader.refuse_late(text, (*at, key, i))
            reader.refuse_long(text, (*at, key, i))
    return reader.environment()


class _Reader:
    def __init__(self, container: Doc, at: Path, setting: Setting):
        self.container, self.at, self.setting = container, at, setting
        self.found = setting.found
        self.texts: dict[str, str] = {}
        self.values: dict[str, Value] = {}
        self.literals: dict[str, str] = {}
        self.sources: list[EnvSource] = []
        self.late: set[str] = set()
        self.has_unknown_names = False

    def environment(self) -> Environment:
        return Environment(self.texts, self.values, tuple(self.sources), self.literals, self.has_unknown_names)

    # --- envFrom ---

    def take_set(self, entry: Doc, at: Path) -> None:
        self.at = at
        if MODEL in entry:
            self.sources.append(entry[MODEL])
            self.has_unknown_names = True
            return
        given = [name for name in ("configMapRef", "secretRef") if name in entry]
        if len(given) != 1:
            what = "both configMapRef and secretRef" if given else "no source"
            self.found.error(at, f"`envFrom` has {what}", help="write configMapRef or secretRef, one an entry")
        elif given[0] == "configMapRef":
            self._take_config_map(entry, (*at, "configMapRef"))
        else:
            self._take_secret(entry, (*at, "secretRef"))

    def _take_config_map(self, entry: Doc, at: Path) -> None:
        helper = self._config_map(entry["configMapRef"], at)
        prefix = entry.get("prefix", "")
        for key, text in helper.data.get("data", {}).items() if helper else ():
            if self.setting.room.left < 0:
                break
            if self._is_name(prefix + key, at):
                self._put_value(prefix + key, text)

    def _take_secret(self, entry: Doc, at: Path) -> None:
        ref, prefix = entry["secretRef"], entry.get("prefix", "")
        name = ref.get("name", "")
        helper = self._secret(ref, at)
        keys = secret_keys(helper.data) if helper else ()
        names = [key for key in keys if self._is_name(prefix + key, at)]
        values = tuple((key, self._secret_value(helper, name, key, at)) for key in names if helper)
        optional = ref.get("optional", False)
        self.sources.append(EnvSource("secrets", prefix, name, is_optional=optional, is_secret=True, values=values))
        self.has_unknown_names = self.has_unknown_names or (helper is None and not optional)
        for key in names:
            self._forget(prefix + key)
            self.values[prefix + key] = Later(prefix + key)

    def _secret(self, ref: Doc, at: Path) -> Helper | None:
        """The Secret of the manifest. One that is missing may be a cluster's own: what is here can be checked all the
        same, and not run. In a plan that is kept it would be anybody's to read."""
        name = ref.get("name", "")
        helper = self.setting.secrets.get((self.setting.namespace, name))
        if helper is None and not ref.get("optional") and name:
            self.setting.later.error(
                (*at, "name"),
                f"there is no Secret {word(name)}",
                near=(name, tuple(other for _, other in self.setting.secrets)),
                why="it must stand in the same manifest; Kubernetes would say CreateContainerConfigError",
                help="add the Secret behind `---`, or write optional: true",
                once=True,
            )
        elif helper is not None and not self.setting.here:
            instead = "mount the Secret's files and use env_from or secrets in a pod file"
            refuse_kept(name, helper, at, self.setting, instead=instead)
        return helper

    def _secret_value(self, helper: Helper, name: str, key: str, at: Path) -> Secret:
        value = secret_value(helper.data, key)
        if b"\0" in value.reveal():
            self.found.error(
                at,
                f"the key {word(key)} of the Secret {word(name)} has a byte 0",
                on_key=True,
                also=((helper.at, "it stands here"),),
                why="no variable can hold one",
                help="mount it as a file",
            )
        return value

    # --- env ---

    def take_entry(self, entry: Doc, at: Path) -> None:
        self.at = at
        name = entry.get("name", "")
        if "name" not in entry or not self._is_name(name, (*at, "name")):
            return
        if MODEL in entry:
            self._put_source(entry[MODEL])
            return
        source = entry.get("valueFrom")
        if source is None or not source and entry.get("value"):
            self.refuse_late(entry.get("value", ""), (*at, "value"))
            self._take_text(name, entry.get("value", ""))
        elif entry.get("value"):
            also = (((*at, "valueFrom"), "the other one"),)
            self.found.error(
                (*at, "value"), f"{word(name)} has value and valueFrom", on_key=True, also=also, help="keep one of them"
            )
        else:
            self._take_source(name, source, (*at, "valueFrom"))

    def refuse_late(self, text: str, at: Path) -> None:
        """A text is worked out once, before anything is started."""
        for name in references(text) if self.late else ():
            if name in self.late:
                self.found.error(
                    at,
                    f"{word(f'$({name})')} cannot be replaced",
                    why="its file is read at each start, by the program's own process, when all texts are finished",
                    help="let the program read the variable itself",
                )

    def refuse_long(self, text: str, at: Path) -> None:
        """A word that no program can be given."""
        self.at = at
        self._fits(f"`{key_of(at)}`", length(text, self.environment().look))

    def _fits(self, what: str, size: int) -> bool:
        """Whether a text of that many bytes can be passed on, and all of the pod's together; told if not."""
        had_room = self.setting.room.left >= 0
        why = "every reference replaced"
        if size > MOST_WORD:
            self.found.error(self.at, f"{what} is longer than 128 KiB, {why}", why=_KERNEL, help="let it read a file")
            return False
        if self.setting.room.take(size + _PER_TEXT):
            return True
        if had_room:
            message = f"the texts of the pod come to more than {MOST_TEXTS >> 20} MiB, {why}"
            self.found.error(self.at, message, why="no plan holds more", help="leave out what is not needed")
        return False

    def _fits_variable(self, name: str, size: int) -> bool:
        return self._fits(word(name), len(name) + 1 + size)

    def _put_nothing(self, name: str) -> None:
        """Who refers to a variable that was refused makes no other mistake."""
        self._forget(name)
        self.values[name] = ""

    def _take_text(self, name: str, text: str) -> None:
        self.literals[name] = text
        look = self.environment().look
        size = length(text, look)
        if size <= MOST_WORD and is_final(text, look):
            self._put_value(name, expand_plain(text, look))
        elif self._fits_variable(name, size):
            self._put_text(name, text, look)
        else:
            self._put_nothing(name)

    def _put_text(self, name: str, text: str, look: Look) -> None:
        written = expand(text, look)
        self._forget(name)
        self.texts[name] = written
        self.values[name] = Later(name)

    def _take_source(self, name: str, source: Doc, at: Path) -> None:
        self.literals.pop(name, None)
        given = [kind for kind in _SOURCES if kind in source]
        if len(given) != 1:
            what = " and ".join(given) or "no source"
            self.found.error(at, f"`valueFrom` has {what}", help=f"write one of {', '.join(_SOURCES)}")
            return
        kind = given[0]
        getattr(self, f"_take_{_READERS[kind]}")(name, source[kind], (*at, kind))

    def _take_config_map_key(self, name: str, ref: Doc, at: Path) -> None:
        if "name" not in ref or "key" not in ref:
            return
        helper = self._config_map(ref, at)
        if helper is None:
            return
        values = helper.data.get("data", {})
        if ref["key"] in values:
            self._put_value(name, values[ref["key"]])
        elif not ref.get("optional") and not self.setting.was_told((*helper.at, "data", ref["key"])):
            self._tell_no_key("ConfigMap", ref, at, helper, tuple(values))

    def _tell_no_key(self, kind: str, ref: Doc, at: Path, helper: Helper, keys: tuple[str, ...]) -> None:
        self.found.error(
            (*at, "key"),
            f"the {kind} {word(ref['name'])} has no key {word(ref['key'])}",
            near=(ref["key"], keys),
            also=((helper.at, "it stands here"),),
            why="Kubernetes would not start the container either",
            help="add the key, or write optional: true",
        )

    def _take_secret_key(self, name: str, ref: Doc, at: Path) -> None:
        if "name" not in ref or "key" not in ref:
            return
        is_optional = ref.get("optional", False)
        helper = self._secret(ref, at)
        if helper and ref["key"] not in secret_keys(helper.data):
            told = any(self.setting.was_told((*helper.at, part, ref["key"])) for part in ("data", "stringData"))
            if not is_optional and not told:
                self._tell_no_key("Secret", ref, at, helper, secret_keys(helper.data))
            return
        value = self._secret_value(helper, ref["name"], ref["key"], at) if helper else None
        source = EnvSource(
            "secret", name, ref["name"], ref["key"], is_optional=is_optional, is_secret=True, value=value
        )
        if helper is None and is_optional:
            self.sources.append(source)  # there is no such variable, and what has its name already stays
        else:
            self._put_source(source)

    def _take_field(self, name: str, ref: Doc, at: Path) -> None:
        path = ref.get("fieldPath", "")
        if not path:
            return
        value = field_value(path, self.setting)
        if value is not None:
            self._put_value(name, value)
        elif path in _FIELDS:
            self._put_source(EnvSource("field", name, key=path))
        else:
            self.found.error(
                (*at, "fieldPath"),
                f"a variable cannot have {word(path)}",
                near=(path, _FIELDS),
                why=f"it is one of {', '.join(_FIELDS)}, metadata.labels['KEY'], metadata.annotations['KEY']",
                help="write metadata.name",
            )

    def _take_resource(self, name: str, ref: Doc, at: Path) -> None:
        wanted = ref.get("containerName")
        is_own = wanted in (None, self.container.get("name"))
        container = self.container if is_own else find_container(wanted, (*at, "containerName"), self.setting)
        if container is None:
            return
        value = resource_value(container, ref, at, self.setting)
        if isinstance(value, EnvSource):
            self._put_source(value._replace(name=name))
        elif value is not None:
            self._put_value(name, value)

    def _take_file(self, name: str, ref: Doc, at: Path) -> None:
        volume = ref.get("volumeName", "")
        if not all(key in ref for key in ("key", "path", "volumeName")):
            return
        volumes = self.setting.spec.get("volumes", ())
        if not any(each.get("name") == volume and "emptyDir" in each for each in volumes):
            names = tuple(each.get("name", "") for each in volumes if "emptyDir" in each)
            self.found.error(
                (*at, "volumeName"),
                f"no emptyDir is called {word(volume)}",
                near=(volume, names),
                why="the file is one that an init wrote there",
                help="name an emptyDir of spec.volumes",
            )
        elif ".." in ref["path"].split("/") or ref["path"].startswith("/"):
            why = "it is a file in the volume"
            self.found.error(
                (*at, "path"), f"`path` cannot be {word(ref['path'])}", why=why, help="write it without .."
            )
        else:
            source = EnvSource("file", name, volume, ref["key"], ref["path"], is_optional=ref.get("optional", False))
            self._put_source(source)
            self.late.add(name)

    # --- both ---

    def _config_map(self, ref: Doc, at: Path) -> Helper | None:
        return find_helper("ConfigMap", ref, at, self.setting)

    def _is_name(self, name: str, at: Path) -> bool:
        if matches(ENV_NAME, name):
            return True
        why = "a name is printable ASCII without `=`, and not empty"
        self.found.error(at, f"{word(name)} cannot name a variable", why=why, help="use letters, digits and _")
        return False

    def _put_value(self, name: str, value: str) -> None:
        self._forget(name)
        if not self._fits_variable(name, size_of(value)):
            return self._put_nothing(name)
        self.texts[name] = expand(value.replace("$", "$$"), lambda _: None)
        self.values[name] = value

    def _put_source(self, source: EnvSource) -> None:
        """A variable that PID 1 will have to find."""
        before = self.texts.get(source.name)
        if before is not None and source.is_optional:
            source = source._replace(default=before)
        self._forget(source.name)
        self.values[source.name] = Later(source.name)
        self.sources.append(source)

    def _forget(self, name: str) -> None:
        """A later entry stands in the place of an earlier one, whatever that was; its order is the later one's."""
        self.texts.pop(name, None)
        self.values.pop(name, None)
        self.late.discard(name)


_READERS = {
    "configMapKeyRef": "config_map_key",
    "fieldRef": "field",
    "fileKeyRef": "file",
    "resourceFieldRef": "resource",
    "secretKeyRef": "secret_key",
}
