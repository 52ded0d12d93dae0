"""What may know what: read from the imports of each file, those inside functions too. What only a type checker follows
does not count.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

# Nothing of the machine: no files, no clock, no processes.
PURE = {"collections", "dataclasses", "difflib", "enum", "functools", "heapq", "itertools", "re", "types", "typing"}
BELOW_POLICY = ("minipod.supervisor", "minipod.model", "minipod.config")  # scenarios are files with places
KNOWS_THE_CORE = {"cffi", "socket", "struct", "_core"}
OTHERS_WITH_SOCKETS = {
    "minipod.commands.probe",  # a program that asks by TLS, where PID 1 cannot
    "minipod.hosts",  # reads addresses, opens nothing
}


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def is_a_program(node: ast.AST) -> bool:
    """`if __name__ == "__main__":`"""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Compare) and "__name__" in ast.dump(node.test.left)


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All below, but for what is never run by who imports the file."""
    for child in ast.iter_child_nodes(node):
        if not is_for_types(child) and not is_a_program(child):
            yield child
            yield from nodes(child)


@pytest.fixture(scope="module")
def trees(root: Path) -> dict[str, ast.AST]:
    """Of each module, by its name."""
    found = {}
    for path in (root / "minipod").rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def imports(trees: dict[str, ast.AST]) -> dict[str, set[str]]:
    """What each module imports: a module of ours by its whole name, any other by its first."""
    return {name: {target for node in nodes(tree) for target in targets(node, trees)} for name, tree in trees.items()}


def targets(node: ast.AST, ours: dict[str, ast.AST]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        names = [f"{node.module}.{alias.name}" for alias in node.names]
        names = [name if name in ours else str(node.module) for name in names]
    else:
        return
    for name in names:
        yield name if name in ours else name.split(".")[0]


def test_no_module_imports_who_imports_it(imports: dict[str, set[str]]) -> None:
    """Who leaves nobody behind goes: what is left when nobody can go any more is a circle, and who needs it."""
    left = {name: {target for target in found if target in imports} for name, found in imports.items()}
    while free := {name for name, found in left.items() if not found}:
        left = {name: found - free for name, found in left.items() if name not in free}
    assert left == {}


def test_policy_knows_nothing_of_the_machine(imports: dict[str, set[str]]) -> None:
    strange = {
        (name, target)
        for name, found in imports.items() if name.startswith("minipod.supervisor")
        for target in found if target not in PURE and not target.startswith(BELOW_POLICY)
    }  # fmt: skip
    assert strange == set()


def test_policy_calls_nothing_of_the_machine(trees: dict[str, ast.AST]) -> None:
    called = {
        (name, node.func.id)
        for name, tree in trees.items() if name.startswith("minipod.supervisor")
        for node in nodes(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"open", "print", "input"}
    }  # fmt: skip
    assert called == set()


def test_only_the_reaper_knows_the_core(imports: dict[str, set[str]]) -> None:
    knows = {name for name, found in imports.items() if found & KNOWS_THE_CORE}
    assert {name for name in knows if not name.startswith("minipod.reaper")} == OTHERS_WITH_SOCKETS


def test_only_commands_print(trees: dict[str, ast.AST]) -> None:
    prints = {
        name
        for name, tree in trees.items()
        for node in nodes(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert {name for name in prints if not name.startswith(("minipod.commands", "minipod.cli"))} == set()
