"""What is built is what is there: no file forgotten, no generated file stale, no warning let through."""

from pathlib import Path

from minipod.supervisor import generate

STRICT = {"-Wall", "-Wextra", "-Wswitch-enum", "-Wconversion", "-Werror"}


def test_command_is_built_from_all_c_files(build, root: Path) -> None:
    assert sorted(map(Path, build.target("minipod")["sources"])) == sorted((root / "csrc").glob("*.c"))


def test_change_of_any_header_rebuilds_the_command(build, root: Path) -> None:
    inputs = {(build.path / line).resolve() for line in build.run("ninja", "-t", "inputs", "csrc/minipod").splitlines()}
    assert set((root / "csrc").glob("*.h")) <= inputs


def test_warnings_are_errors_in_the_command(build) -> None:
    assert STRICT <= set(build.target("minipod")["compiler"])


def test_warnings_are_errors_in_the_extension(build) -> None:
    assert STRICT <= set(build.target("minipod_shared")["parameters"])


def test_policy_tables_are_those_of_the_supervisor(root: Path) -> None:
    """`make generate` writes them."""
    assert (root / "csrc/policy_tables.h").read_text(encoding="utf-8") == generate.text()
