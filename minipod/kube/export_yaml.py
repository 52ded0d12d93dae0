"""Documents as YAML text, with remarks before them. Only what manifests are made of: mappings, lists, texts, numbers,
flags; in quotes is every text that a reader of YAML might take for something else. It knows nothing of Kubernetes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from minipod.config.findings import visible
from minipod.quoting import quoted

_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./-]*", re.ASCII)
_WORDS = frozenset("y n yes no on off true false null".split())  # YAML 1.1 takes them for something else


def to_yaml(documents: Sequence[Mapping[str, Any]], remarks: Iterable[str] = ()) -> str:
    """All documents, each behind its mark; the remarks stand before the first."""
    head = "".join(f"# {visible(text)}".rstrip() + "\n" for text in remarks)
    return head + "".join("---\n" + "\n".join(_mapping(each, "")) + "\n" for each in documents)


def _mapping(value: Mapping[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for key, inner in value.items():
        lines += _entry(f"{indent}{_text(key)}:", inner, indent)
    return lines


def _entry(head: str, value: Any, indent: str) -> list[str]:
    """A key, and what stands behind or below it."""
    if isinstance(value, Mapping) and value:
        return [head, *_mapping(value, indent + "  ")]
    if isinstance(value, (list, tuple)) and value:
        return [head, *_list(value, indent)]
    if isinstance(value, str) and _is_page(value):
        return [f"{head} |", *(f"{indent}  {line}".rstrip() for line in value[:-1].split("\n"))]
    return [f"{head} {_scalar(value)}"]


def _list(values: Sequence[Any], indent: str) -> list[str]:
    lines: list[str] = []
    for value in values:
        if isinstance(value, Mapping) and value:
            first, *rest = _mapping(value, indent + "  ")
            lines += [f"{indent}- {first.lstrip()}", *rest]
        else:
            lines.append(f"{indent}- {_scalar(value)}")
    return lines


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if value not in ({}, []) else "{}" if isinstance(value, Mapping) else "[]"


def _text(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.lower() not in _WORDS else quoted(text)


def _is_page(text: str) -> bool:
    """Whether it can stand as lines below its key, and is better read so."""
    lines = text.split("\n")
    return (
        len(lines) > 2
        and lines[-1] == "" != lines[-2]
        and bool(lines[0])
        and not lines[0].startswith(" ")
        and all(line.isprintable() and line == line.rstrip() for line in lines)
    )
