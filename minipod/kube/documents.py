"""Which documents a manifest has: one that says what pod to run, and the ConfigMaps and Secrets beside it."""

from typing import Any, NamedTuple

from minipod.config.findings import Findings, Path, word
from minipod.config.locate import Source
from minipod.config.scan import Node
from minipod.config.values import SUBDOMAIN, matches
from minipod.errors import Place
from minipod.kube.choice import Choice, name_of
from minipod.kube.fields import HELPERS, KINDS
from minipod.kube.lift import is_old, lift
from minipod.kube.others import PARTS_OF_PODS, Others
from minipod.kube.parts import Part
from minipod.kube.secrecy import Secrecy
from minipod.kube.setting import Doc, Helper, Refused
from minipod.kube.shape import Remark, Shaper
from minipod.kube.tokens import without_token
from minipod.kube.tree import Builder

# Versions that had the same fields: what else is wrong in them is told, too.
_ALIKE = ("extensions/v1beta1", "apps/v1beta1", "apps/v1beta2", "v1beta3")
_MOST_TOLD = 8  # pods of one file that a message names


Helpers = dict[tuple[str, str], Helper]


class Workload(NamedTuple):
    """The document that says what to run: its kind, what it holds and where it stands."""

    kind: str
    data: Doc
    at: Path
    is_old: bool


class Documents(NamedTuple):
    """``workload`` is None when there is none, or more than one: that is told."""

    workload: Workload | None
    config_maps: Helpers
    secrets: Helpers
    presets: list[Helper]
    remarks: list[Remark]
    wrong: Refused


def _hidden(at: Path) -> str:
    """Nothing of a Secret is repeated."""
    return "\n"


class Tree(Source):
    """The places of a manifest's values, known since it was read."""

    def __init__(self, builder: Builder):
        super().__init__(builder.name, builder.text)
        self._tree = Node((0, 0))
        self._secrecy = Secrecy(builder.name, builder.text)

    def place(self, path: Path, *, on_key: bool) -> Place:
        return self._secrecy.clean_place(super().place(path, on_key=on_key))

    def add(self, number: int, node: Node) -> None:
        """The document of that number."""
        self.tree.children[number] = node


def sort_documents(
    builder: Builder, tree: Tree, found: Findings, base: Path = (), *, allows_unknown: bool = False, only: str = ""
) -> Documents:
    """Each document by what it is, its shape seen to. ``base``: what the paths of findings begin with, of a file that
    stands beside another one, and has no pod. ``only``: which pod is meant, of several; ConfigError when it is none."""
    sorter = _Sorter(tree, found, base, Choice(only), allows_unknown=allows_unknown)
    for i, value in enumerate(builder.documents):
        if value.data is not None:
            sorter.take(Part(value.data, value.node), i)
    return sorter.documents()


class _Sorter:
    def __init__(self, tree: Tree, found: Findings, base: Path, choice: Choice, *, allows_unknown: bool):
        self.tree, self.found, self.base, self.choice = tree, found, base, choice
        self.others = Others(found, allowed=allows_unknown)
        self.shaper = Shaper(found, self._literal, allows_unknown=allows_unknown)
        self.workloads: list[Workload] = []
        self.helpers: dict[str, Helpers] = {kind: {} for kind in HELPERS}
        self.was_refused = False

    def _literal(self, at: Path) -> str:
        return self.tree.literal(at[len(self.base) :])

    def documents(self) -> Documents:
        self.others.tell()
        self.choice.check()
        if not self.workloads and not self.was_refused and not self.base:
            kinds = ", ".join(PARTS_OF_PODS)
            self.found.error((), "there is no pod in it", why=f"a pod comes from one of {kinds}", help="add one")
        if len(self.workloads) > 1:
            self._tell_several()
        one = self.workloads[0] if len(self.workloads) == 1 else None
        shaper, helpers = self.shaper, self.helpers
        presets = list(helpers["PodPreset"].values())
        maps, secrets = helpers["ConfigMap"], helpers["Secret"]
        return Documents(one, maps, secrets, presets, shaper.remarks, Refused(shaper.wrong))

    def _tell_several(self) -> None:
        """One message for all of them, so that whoever has a file of twenty reads one."""
        places = [(*each.at, "metadata", "name") if name_of(each.data) else each.at for each in self.workloads]
        names = [f"{each.kind}/{name_of(each.data)}" for each in self.workloads]
        also = tuple(zip(places[1:_MOST_TOLD], names[1:_MOST_TOLD], strict=True))
        why = "one pod is run at a time"
        is_alone = names.count(names[0]) == 1
        help = f"name the one that is meant: --only {names[0]}" if is_alone else "put each into a file of its own"
        self.found.error(places[0], f"there are {len(names)} pods in it", also=also, why=why, help=help)

    def take(self, part: Part, number: int) -> None:
        if isinstance(part.data, dict) and part.data.get("kind") == "List" and part.data.get("apiVersion") == "v1":
            self._take_list(part, number)
            return
        was_old = is_old(part.data)
        at = (*self.base, number)
        part = lift(part) if was_old else part
        self.tree.add(number, part.node)
        if self._is_meant(part.data):
            part = self._without_token(part, at)
            self.tree.add(number, part.node)
            self._take_one(part.data, at, was_old)

    def _is_meant(self, data: Any) -> bool:
        """Whether nobody has said that it is another one, which is all that is looked at then."""
        kind = data.get("kind") if isinstance(data, dict) else None
        return not self.choice or kind in HELPERS or (kind in KINDS and self.choice.takes(str(kind), data))

    def _without_token(self, part: Part, at: Path) -> Part:
        part, had_one = without_token(part)
        if had_one:
            why = "the API server adds it to every pod, and there is none here that would take it"
            self.found.warn((*at, "spec"), "the token for the API server is left out", on_key=True, why=why)
        return part

    def _take_list(self, part: Part, number: int) -> None:
        """What ``kubectl get -o yaml`` writes of several objects."""
        self.tree.add(number, part.node)
        items = part.data.get("items")
        if not isinstance(items, list):
            at = (*self.base, number)
            self.found.error(at, "the List has no items", help="write items: and the objects below it")
            self.was_refused = True
            return
        nodes = part.node.children["items"].children
        for i, item in enumerate(items):
            at = (*self.base, number, "items", i)
            if self._is_meant(item):
                one = self._without_token(Part(item, nodes[i]), at)
                nodes[i] = one.node
                self._take_one(one.data, at, False)

    def _take_one(self, data: Any, at: Path, was_old: bool) -> None:
        kind = self._kind(data, at)
        if kind is None:
            return
        if self.base and kind not in HELPERS:
            why = f"beside a pod stand {', '.join(HELPERS)}"
            self.found.error((*at, "kind"), f"a {kind} has no place here", why=why, help="leave it out")
            return
        self.shaper.literal = _hidden if kind == "Secret" else self._literal
        read = self.shaper.shape(data, kind, at, kind if kind == "PodPreset" else "")
        if kind in HELPERS:
            self._take_helper(kind, read, at)
        else:
            self.workloads.append(Workload(kind, read, at, was_old))

    def _kind(self, data: Any, at: Path) -> str | None:
        """The kind, when minipod reads it; else why not."""
        if not isinstance(data, dict):
            self.was_refused = True
            return self.found.error(at, "a manifest is a mapping", help="write apiVersion: v1 and kind: Pod first")
        for name in ("apiVersion", "kind"):
            if not isinstance(data.get(name), str):
                self.was_refused = True
                given = "no" if data.get(name) is None else "a wrong"
                help = "write apiVersion: v1 and kind: Pod"
                place = (*at, name) if name in data else at
                return self.found.error(place, f"the manifest has {given} {name}", on_key=True, help=help)
        kind, version = data["kind"], data["apiVersion"]
        if kind not in KINDS:
            self.was_refused |= not self.others.take(kind, version, at)
            return None
        if version not in KINDS[kind]:
            self._tell_version(kind, version, at)
        return kind if version in (*KINDS[kind], *_ALIKE) else None

    def _tell_version(self, kind: str, version: str, at: Path) -> None:
        self.was_refused = True
        right = KINDS[kind][0]
        why = f"Kubernetes has it in {right}"
        help = f"write {right}"
        message = f"there is no {kind} in {word(version)}"
        self.found.error((*at, "apiVersion"), message, why=why, help=help)

    def _take_helper(self, kind: str, data: Doc, at: Path) -> None:
        meta = data.get("metadata", {})
        name = meta.get("name")
        if name is None:
            self.found.error(at, f"the {kind} has no name", on_key=True, help="add metadata: {name: …}")
            return
        if not matches(SUBDOMAIN, name):
            why = "a name is at most 253 of a-z 0-9 - and ., a letter or digit at both ends of each part"
            message = f"{word(name)} cannot name a {kind}"
            self.found.error((*at, "metadata", "name"), message, why=why, help="call it for example conf")
        key = (meta.get("namespace", "default"), name)
        if key in self.helpers[kind]:
            also = ((self.helpers[kind][key].at, "the other one"),)
            self.found.error(at, f"a second {kind} is called {word(name)}", also=also, help="rename one of them")
        self.helpers[kind][key] = Helper(at, data)
        if kind != "PodPreset":
            _check_keys(kind, data, at, self.found)


def _check_keys(kind: str, data: Doc, at: Path, found: Findings) -> None:
    """Names of files and of variables: letters, digits, ``-_.``; base64 where it must be."""
    from minipod.kube.lookup import decode

    for key in data.get("data", {}).keys() & data.get("binaryData", {}).keys():
        also = (((*at, "data", key), "the other one"),)
        message, help = f"{word(key)} stands under data, too", "leave one out"
        found.error((*at, "binaryData", key), message, on_key=True, also=also, help=help)
    encoded = "binaryData" if kind == "ConfigMap" else "data"
    for part in ("data", "binaryData", "stringData"):
        for key, text in data.get(part, {}).items():
            here = (*at, part, key)
            if not matches(KEY, key):
                why = "a key is at most 253 of a-z A-Z 0-9 - _ ., and does not begin with .."
                message = f"{word(key)} cannot be a key"
                found.error(here, message, on_key=True, why=why, help="call it for example app.conf")
            if part == encoded and decode(text) is None:
                help = "encode it, or write it as it is under stringData" if kind == "Secret" else "encode it"
                found.error(here, f"what stands under {word(key)} is no base64", on_key=True, help=help)


KEY = r"(?!\.\.)(?!\.$)[-._a-zA-Z0-9]{1,253}"
