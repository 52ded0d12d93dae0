"""Reading a pod, whatever it is written in: a pod file in TOML or a Kubernetes manifest. What only one of them needs is
imported when it is one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minipod.config.read import Reading, read_text
from minipod.config.text import load_text
from minipod.errors import UsageError
from minipod.options import Words

if TYPE_CHECKING:
    from minipod.presets.folder import File

# The options of every command that reads a pod.
VALUED = ("--set", "--exit-code-from", "--entrypoint", "--only", "--preset", "--volume")
FLAGS = ("--strict", "--allow-unknown")
_MANIFESTS = (".yaml", ".yml", ".json")
# What no TOML begins with: a brace, a document's mark, a list, or a key with a colon behind it.
_MANIFEST = r"(?:\s|#[^\n]*\n)*(?:\{|---|%YAML|- |[\"']?[A-Za-z]+[\"']?[ \t]*:(?:\s|$))"
_EMPTY = "begin with apiVersion: v1 and kind: Pod"
_NO_LIBRARY = (
    "cannot read {}: manifests need a YAML library; install minipod[kube], or compile the manifest where there is one"
)


def options_of(found: Words) -> dict:
    """What ``read_pod`` takes, as the command line has it."""
    return {
        "overrides": found.values.get("--set", ()),
        "exit_code_from": found.last("--exit-code-from"),
        "entrypoints": found.values.get("--entrypoint", ()),
        "only": found.last("--only"),
        "presets": found.values.get("--preset", ()),
        "volumes": found.values.get("--volume", ()),
        "strict": "--strict" in found.flags,
        "allow_unknown": "--allow-unknown" in found.flags,
    }


def read_pod(
    path: str,
    *,
    overrides: Sequence[str] = (),
    exit_code_from: str | None = None,
    entrypoints: Sequence[str] = (),
    only: str | None = None,
    presets: Sequence[str] = (),
    volumes: Sequence[str] = (),
    thorough: bool = False,
    python: bool = True,
    here: bool = True,
    strict: bool = False,
    allow_unknown: bool = False,
) -> Reading:
    """The pod in the file ``path`` ("-" is standard input); as ``config.read.read_text``, and:

    ``entrypoints`` are ``IMAGE=COMMAND`` texts, ``presets`` directories, ``volumes`` ``NAME=/PATH`` texts.
    ``here``: the pod will run where it is read; ``only``, ``strict`` and ``allow_unknown`` as
    ``kube.read.read_manifest`` has them. UsageError when an option is none for such a file.
    """
    name = "standard input" if path == "-" else path
    given, mapped = _split(entrypoints), _paths(volumes)
    _check_overrides(overrides)
    text = load_text(path, name, *[_EMPTY] * (_suffix(path) in _MANIFESTS))
    beside = _load_presets(presets)
    if not is_manifest(path, text):
        if given:
            raise UsageError("--entrypoint says what an image of a manifest runs; in a pod file that is command")
        if only:
            raise UsageError("--only names a pod of a manifest with several; a pod file is one pod")
        if strict or allow_unknown:
            raise UsageError("--strict and --allow-unknown are for manifests: no key of a pod file is ever ignored")
        reading = read_text(
            text,
            path,
            name,
            overrides=overrides,
            exit_code_from=exit_code_from,
            thorough=thorough,
            python=python,
            beside=beside,
            across=_across(beside, mapped, here=here),
        )
        return _with_paths(reading, mapped) if mapped else reading
    if overrides:
        raise UsageError("--set changes a key of a TOML pod file; a manifest has none")
    read_manifest = _needing_library("minipod.kube.read", name).read_manifest
    reading = read_manifest(
        text,
        name,
        beside=beside,
        entrypoints=given,
        volumes=mapped,
        exit_code_from=exit_code_from,
        thorough=thorough,
        python=python,
        here=here,
        strict=strict,
        allow_unknown=allow_unknown,
        only=only or "",
    )
    return _with_paths(reading, mapped) if mapped else reading


def _needing_library(module: str, name: str) -> Any:
    """The module; UsageError if there is no YAML library, which it needs for the file ``name``."""
    from importlib import import_module

    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name != "yaml":
            raise
        raise UsageError(_NO_LIBRARY.format(name)) from None


def _across(beside: Sequence[File], mapped: Mapping[str, str], *, here: bool) -> Any:
    """What reads presets that are no TOML for a pod file; None when there is none of them."""
    name = next((file.name for file in beside if not file.is_toml), None)
    if name is None:
        return None
    return _needing_library("minipod.kube.presets_pod", name).Lowering(beside, here=here, mapped=mapped)


def _load_presets(folders: Sequence[str]) -> Sequence:
    if not folders:
        return ()
    from minipod.presets.folder import load_folders

    return load_folders(folders)


def _check_overrides(overrides: Sequence[str]) -> None:
    """A mistake on the command line is told before the file is looked at."""
    if overrides:
        from minipod.config.overrides import parse_set

        for text in overrides:
            parse_set(text)


def is_manifest(path: str, text: str) -> bool:
    """By the file's name; by how it begins where that says nothing."""
    suffix = _suffix(path)
    if suffix in _MANIFESTS or suffix == ".toml":
        return suffix != ".toml"
    return re.match(_MANIFEST, text) is not None


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _split(entrypoints: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """What images run; nothing for one without ENTRYPOINT. UsageError if one is not IMAGE=COMMAND."""
    found = {}
    for text in entrypoints:
        image, equals, command = text.partition("=")
        if not equals or not image:
            raise UsageError(f"--entrypoint {text}: write IMAGE='PROGRAM ARGS', or IMAGE= for one without ENTRYPOINT")
        found[image] = _words(text, command)
    return found


def _words(text: str, command: str) -> tuple[str, ...]:
    from minipod.config.shellwords import NeedsShell, Split, Unclosed

    try:
        return tuple(Split(command).words)
    except Unclosed as bad:
        raise UsageError(f"--entrypoint {text}: {bad}") from None
    except NeedsShell as need:
        raise UsageError(f"--entrypoint {text}: no shell reads this, and it needs one for {need}") from None


def _paths(volumes: Sequence[str]) -> Mapping[str, str]:
    """Which directories take the place of which volumes. UsageError if one is not NAME=/PATH."""
    if not volumes:
        return {}
    from minipod.config.paths import MOST_PATH

    found = {}
    for text in volumes:
        name, equals, path = text.partition("=")
        if not equals or not name or not path.startswith("/") or ".." in path.split("/"):
            raise UsageError(f"--volume {text}: write NAME=/PATH, the name of a volume and a directory without ..")
        if len(path.encode("utf-8", "surrogateescape")) > MOST_PATH:
            raise UsageError(f"--volume {name}=…: a path has at most {MOST_PATH} bytes")
        found[name] = path.rstrip("/") or "/"
    return found


def _with_paths(reading: Reading, mapped: Mapping[str, str]) -> Reading:
    """The pod with these directories in the place of its volumes. UsageError for a volume that it has not."""
    from minipod.model import Volume

    def of(name: str) -> Volume:  # who mistypes a path shall not get an empty directory
        return Volume(name, "host_path", path=mapped[name], check="Directory")

    names = [volume.name for volume in reading.pod.volumes]
    for name in mapped:
        if name not in names:
            from minipod.config.suggest import did_you_mean

            guess = did_you_mean(name, names, before="; ")
            raise UsageError(f"--volume {name}={mapped[name]}: the pod has no volume {name}{guess}")
    volumes = tuple(of(each.name) if each.name in mapped else each for each in reading.pod.volumes)
    return reading._replace(pod=reading.pod._replace(volumes=volumes))
