"""What is installed: the package whole, the command on PATH, one extension for every Python from 3.10 on."""

import importlib.metadata
from pathlib import Path, PurePosixPath

import pytest

from minipod.reaper import layout
from minipod.reaper.layout import ffi

EXTENSION = "minipod/reaper/_core.abi3.so"
STRUCTS = ffi.list_types()[1]


@pytest.fixture(scope="module")
def installed() -> set[PurePosixPath]:
    """All files of the wheel, relative to site-packages."""
    return {PurePosixPath(path) for path in importlib.metadata.files("minipod") or ()}


def drop_compiled(paths: set[PurePosixPath]) -> set[PurePosixPath]:
    """Without what an interpreter leaves beside a module."""
    return {path for path in paths if path.suffix != ".pyc"}


def test_command_is_a_script_of_the_wheel(installed: set[PurePosixPath], minipod: Path) -> None:
    distribution = importlib.metadata.distribution("minipod")
    scripts = [distribution.locate_file(path) for path in installed if path.name == "minipod"]
    assert [Path(script).resolve() for script in scripts] == [minipod.resolve()]


def test_package_is_whole_and_nothing_else(installed: set[PurePosixPath], root: Path) -> None:
    there = {PurePosixPath(path.relative_to(root)) for path in (root / "minipod").rglob("*") if path.is_file()}
    expected = {path for path in there if path.name != "meson.build"} | {PurePosixPath(EXTENSION)}
    assert drop_compiled({path for path in installed if path.parts[0] == "minipod"}) == drop_compiled(expected)


def test_extension_is_for_the_stable_abi() -> None:
    wheel = importlib.metadata.distribution("minipod").read_text("WHEEL") or ""
    [tag] = [line for line in wheel.splitlines() if line.startswith("Tag: ")]
    assert "-abi3-" in tag


def test_version_is_that_of_the_build(build) -> None:
    assert f'-DMINIPOD_VERSION="{importlib.metadata.version("minipod")}"' in build.target("minipod")["compiler"]


def test_needs_little_at_run_time() -> None:
    needs = importlib.metadata.requires("minipod") or ()
    assert {need.split(" ")[0].split(">")[0] for need in needs if "extra ==" not in need} == {"cffi", "psutil", "tomli"}


@pytest.mark.parametrize("name", STRUCTS)
def test_struct_has_no_padding(name: str) -> None:
    """Each member begins where the one before it ends, and the last one ends the struct: the bytes of a plan have no
    hole whose content is left to chance, and every compiler agrees on the offsets."""
    struct = ffi.typeof(f"struct {name}")
    at = 0
    for _, member in struct.fields:
        assert member.offset == at
        at += ffi.sizeof(member.type)
    assert ffi.sizeof(struct) == at


def test_layout_is_the_headers(root: Path) -> None:
    text = (root / "csrc/plan_layout.h").read_text(encoding="utf-8")
    assert f"#define PLAN_VERSION {layout.lib.PLAN_VERSION}\n" in text
    assert {f"struct {name} {{" in text for name in STRUCTS} == {True}
