"""PodPresets: single lists, and whole pods, by what puts them into manifests."""

from collections.abc import Iterator, Mapping

from cases import Case, Difference, compare, name_of

from minipod.config.findings import Findings
from minipod.kube import presets
from minipod.kube.setting import Helper
from minipod.presets.merge import Holder, Preset, Selector, merge

_FIELDS = {**presets.OF_CONTAINER, **presets.OF_POD}


def read(document: Mapping) -> Iterator[Case]:
    for at, case in enumerate(document["mergeCases"]):
        yield Case(name_of(case, f"mergeCases {at}"), lambda engine, case=case: _check_list(case))
    for at, case in enumerate(document["admitCases"]):
        yield Case(name_of(case, f"admitCases {at}"), lambda engine, case=case: _check_pod(case))


def _check_list(case: Mapping) -> Iterator[Difference]:
    field = {case["field"]: _FIELDS[case["field"]]}
    original, added = (
        presets.lists_of({case["field"]: case.get(key) or []}, (key,), field) for key in ("original", "preset")
    )
    merged = merge([Holder("container", original)], [Preset("preset", (), Selector({}), added)])
    yield from compare("conflict", case["expectConflict"], bool(merged.conflicts))
    if not case["expectConflict"]:
        found = [*case.get("original", ()), *(each.entry.data for each in merged.additions)]
        yield from compare("merged", case["expected"], found)


def _check_pod(case: Mapping) -> Iterator[Difference]:
    pod, found = case["pod"], Findings()
    preset = presets.read_preset(Helper(("preset",), case["preset"]), found)
    yield from compare("findings", [], found.all)
    admission = presets.admit(pod, ("pod",), case["admissionNamespace"], [preset])
    wanted = pod if case["expectedPodUnchanged"] else case["expectedPod"]
    yield from compare("pod", _bare(wanted), _bare(admission.data))


def _bare(data: object) -> object:
    """Without lists that are empty: Go writes them, and means nothing by it."""
    if isinstance(data, Mapping):
        return {key: _bare(inner) for key, inner in data.items() if inner != []}
    return [_bare(each) for each in data] if isinstance(data, list) else data
