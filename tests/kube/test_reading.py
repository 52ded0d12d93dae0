"""Who reads a file, by its name or what it begins with, and which options go with which kind of file."""

import pytest

from minipod.errors import UsageError
from minipod.reading import is_manifest, read_pod


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("pod.yaml", "", True), ("pod.yml", "a = 1", True), ("pod.json", "", True), ("pod.toml", "kind: Pod", False),
        ("-", "apiVersion: v1\n", True), ("-", "# a comment\n\n---\n", True), ("-", '{"kind": "Pod"}', True),
        ("-", "id: redis\n", True), ("-", "[service.web]\n", False), ("-", "# kind: Pod\n[pod]\n", False),
        ("/dev/fd/63", "kind:\n", True), ("pod", "pod.name = 'a: b'\n", False), ("pod", '"a:b" = 1', False),
    ],
)  # fmt: skip
def test_which_reader(path, text, expected):
    assert is_manifest(path, text) is expected


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("kind: Pod\n", {"overrides": ["a=1"]}, "--set changes a key of a TOML pod file"),
        ("[pod]\n", {"entrypoints": ["a=b"]}, "in a pod file that is command"),
        ("kind: Pod\n", {"entrypoints": ["a"]}, "write IMAGE='PROGRAM ARGS', or IMAGE= for one without ENTRYPOINT"),
        ("kind: Pod\n", {"entrypoints": ["=a"]}, "write IMAGE="),
        ("kind: Pod\n", {"entrypoints": ["a=b | c"]}, "no shell reads this"),
        ("[pod]\n", {"strict": True}, "are for manifests"),
        ("[pod]\n", {"allow_unknown": True}, "are for manifests"),
    ],
)
def test_options_that_do_not_fit(tmp_path, text, options, said):
    path = tmp_path / "pod"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_pod(str(path), **options)
