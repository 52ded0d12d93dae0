"""What is built is what is there: no file forgotten, no generated file stale, no warning let through."""

from pathlib import Path

from minipod.supervisor import generate

STRICT = {"-Wall", "-Wextra", "-Wswitch-enum", "-Wconversion", "-Werror"}


ONLY_FOR_PYTHON = {"lookup.c"}
GENERATED = {"policy_tables.h", "solo_plan.h", "usage.h"}
MOST_LINES, MOST_COLUMNS = 400, 120


def test_every_c_file_is_built(build, root: Path) -> None:
    command, shared = ({*map(Path, build.target(name)["sources"])} for name in ("minipod", "minipod_shared"))
    assert command | shared == set((root / "csrc").glob("*.c"))
    assert {path.name for path in shared - command} == ONLY_FOR_PYTHON


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


def test_lines_and_files_of_c_are_short(root: Path) -> None:
    """As ruff has it for Python; what is generated is as long as its tables."""
    written = [path for path in (root / "csrc").glob("*.[ch]") if path.name not in GENERATED]
    texts = {path.name: path.read_text(encoding="utf-8").splitlines() for path in written}
    assert [name for name, lines in texts.items() if len(lines) > MOST_LINES] == []
    assert [(name, line) for name, lines in texts.items() for line in lines if len(line) > MOST_COLUMNS] == []
