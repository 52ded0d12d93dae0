"""`minipod export kubernetes FILE`: a manifest for what a pod file says, and what of it a manifest cannot say. It asks
no cluster and changes none.
"""

import os
import sys
from collections.abc import Callable, Sequence

from minipod.commands.new_file import write_new
from minipod.config.findings import visible
from minipod.config.render import render, wants_colour
from minipod.config.text import load_text
from minipod.errors import Place, Problem, UsageError
from minipod.kube.export import KINDS, export_pod
from minipod.kube.export_losses import Losses
from minipod.kube.export_single import Inside, export_single
from minipod.kube.export_yaml import to_yaml
from minipod.model import Pod, Unit
from minipod.options import Words, sort_words
from minipod.reading import FLAGS, VALUED, is_manifest, options_of, read_pod

USAGE = """minipod export kubernetes [--kind Pod|Deployment|Job] [--image IMAGE]... [--single] [-o FILE] FILE

Write a Kubernetes manifest with one container for each unit of a pod file, and say on stderr what a manifest cannot
say.
  --kind KIND             Pod (the default), Deployment or Job
  --image IMAGE           the image of every unit, whatever its own; NAME=IMAGE is that of one
  --single                one container with minipod as its program: the pod file in a ConfigMap, probes by /livez and
                          /readyz, the grace that the pod has
  --inside PATH           with --single: the pod file or plan is in the image, at PATH
  -o, --output FILE       where to: a file that is not there yet, instead of standard output
  --set KEY=VALUE         a key's value over the file's
  --exit-code-from NAME   the pod ends when this service ends, with its exit code
  --entrypoint IMAGE=CMD  of a manifest: what an image runs
  --only NAME             the pod of that name, of a manifest with several; KIND/NAME where two share it
  --preset DIR            add what the presets in a directory's files add
  --volume NAME=/PATH     a directory in the place of the volume NAME
  --strict                ignored fields of a manifest that a program may count on are errors
  --allow-unknown         fields that nobody knows, and documents of other kinds, are left out with a warning
Exit code: 0; 78 for a pod that cannot be run, 74 if the manifest cannot be written, 64 for a mistake on the command
line.
"""
TARGET = "kubernetes"
_MOST_KEY = 253 - len(".toml")  # of a ConfigMap
_VALUED = (*VALUED, "--kind", "--image", "--inside", "-o", "--output")


def run(words: list[str]) -> int:
    """0; ConfigError and UsageError are the caller's to report."""
    found = sort_words(words, flags=("-h", "--help", "--single", *FLAGS), valued=_VALUED)
    if found.flags & {"-h", "--help"}:
        sys.stdout.write(USAGE)
        return 0
    path, kind = _operand(found), _kind(found)
    pod = read_pod(path, **options_of(found), here=False).pod
    losses = Losses()
    documents = (_single if "--single" in found.flags else _containers)(found, pod, path, kind, losses)
    text = to_yaml(documents, _preface(path, losses))
    sys.stderr.write(render(_problems(path, losses), colour=wants_colour(sys.stderr)))
    sys.stderr.flush()
    output = found.values.get("--output", found.values.get("-o", ["-"]))[-1]
    if output == "-":
        sys.stdout.write(text)
    else:
        write_new(output, text)
    return 0


def _operand(found: Words) -> str:
    if found.operands[:1] != [TARGET]:
        given = f", not {visible(found.operands[0])}" if found.operands else ""
        raise UsageError(f"say where to: minipod export {TARGET} FILE{given}")
    if len(found.operands) < 2:
        raise UsageError("FILE is missing")
    if len(found.operands) > 2:
        raise UsageError(f"one FILE only, not also {visible(found.operands[2])}")
    return found.operands[1]


def _kind(found: Words) -> str:
    kind = found.last("--kind") or "Pod"
    known = {each.lower(): each for each in KINDS}
    if kind.lower() not in known:
        raise UsageError(f"--kind takes {', '.join(KINDS)}, not {visible(kind)}")
    if "--inside" in found.values and "--single" not in found.flags:
        raise UsageError("--inside goes with --single")
    return known[kind.lower()]


# --- images -----------------------------------------------------------------------------------------------------------


def _containers(found: Words, pod: Pod, path: str, kind: str, losses: Losses):
    return export_pod(pod, kind, _images(found.values.get("--image", ()), pod.units), losses)


def _images(given: Sequence[str], units: Sequence[Unit]) -> Callable[[Unit], str]:
    """The image of each unit. UsageError for a unit that has none, and for an image of nobody."""
    names = {unit.name for unit in units}
    of: dict[str, str] = {}
    for text in given:
        name, equals, image = text.partition("=")
        if equals and name not in names:
            raise UsageError(f"--image {visible(text)}: there is no unit {visible(name)}")
        of[name if equals else ""] = image if equals else text
    of = {**{unit.name: unit.image for unit in units if unit.image and "" not in of}, **of}
    missing = [name for unit in units if not of.get(name := unit.name, of.get(""))]
    if missing:
        raise UsageError(f"{missing[0]} has no image: add --image IMAGE, or --image {missing[0]}=IMAGE")
    return lambda unit: of.get(unit.name, of.get("", ""))


def _single(found: Words, pod: Pod, path: str, kind: str, losses: Losses):
    images = found.values.get("--image", ())
    if len(images) != 1 or not images[0] or "=" in images[0]:
        raise UsageError("--single needs one image: --image IMAGE, with minipod in it")
    inside = found.last("--inside")
    if inside is not None:
        if not inside.startswith("/"):
            raise UsageError("--inside takes a path that begins with /")
        return export_single(pod, kind, images[0], Inside(path=inside), losses)
    if path == "-" or any(found.values.get(option) for option in VALUED):
        raise UsageError("--single takes the file as it is: a path, without --set and the like")
    text = load_text(path, path)
    if is_manifest(path, text):  # it may hold Secrets, which are nothing for a ConfigMap
        raise UsageError("--single takes a pod file; a manifest is better in the image: --inside PATH names it there")
    base = f"{pod.name[:_MOST_KEY]}.toml"  # whose name may be the pod's only one
    return export_single(pod, kind, images[0], Inside(base=base, text=text), losses)


# --- what is said -----------------------------------------------------------------------------------------------------


def _preface(path: str, losses: Losses) -> list[str]:
    lines = [f"Made by `minipod export {TARGET}` from {os.path.basename(path) if path != '-' else 'standard input'}."]
    return [*lines, *(f"  {line}" for line in losses.remarks())]


def _problems(path: str, losses: Losses) -> tuple[Problem, ...]:
    """With their places, where the file is a pod file that can be read once more."""
    found = list(dict.fromkeys(losses.found.all))
    text = "" if path == "-" else load_text(path, path)
    if path != "-" and not is_manifest(path, text):
        from minipod.config.locate import Source, locate

        return locate(found, Source(path, text))[0]
    place = Place("standard input" if path == "-" else path)
    return tuple(Problem(each.severity, place, each.message, each.why, each.help) for each in found)
