"""No program of examples/ takes a lock in a signal handler: whatever the handler stands in the middle of may have it,
and the program hangs for good, once in many thousand runs. So it is their text that is looked at.

A handler may set plain variables to constants, and raise. Anything else that Python can do may take a lock: calls
(``Event.set``, ``Queue.put``, ``print``, starting a thread), attributes and items, which may call. What cannot be
followed counts as wrong. ``add_signal_handler`` of asyncio installs none: its callback is called by the loop.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
PROGRAMS = sorted(EXAMPLES.rglob("*.py"))
DISPOSITIONS = {"SIG_IGN", "SIG_DFL", "default_int_handler"}


def violations(text: str) -> list[int]:
    """The lines in which something else is, or may be, a handler."""
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    followed = list(installations(tree, functions))
    wrong = [call for call, function in followed if function is None or not is_plain(function)]
    return sorted({node.lineno for node in (*wrong, *unfollowed(tree, [call.func for call, _ in followed]))})


def installations(tree: ast.AST, functions: list[ast.FunctionDef]) -> Iterator[tuple[ast.Call, ast.AST | None]]:
    """Each ``signal.signal(NUMBER, HANDLER)``, and the one function of that name, a lambda, or nothing."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and is_of_signal(call.func, {"signal"}):
            handler = call.args[1] if len(call.args) == 2 else None
            found = [each for each in functions if isinstance(handler, ast.Name) and each.name == handler.id]
            yield call, found[0] if len(found) == 1 else handler


def is_of_signal(node: ast.AST | None, names: set[str]) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "signal"
        and node.attr in names
    )


def is_plain(handler: ast.AST) -> bool:
    if isinstance(handler, ast.Lambda):
        return isinstance(handler.body, ast.Constant)
    if isinstance(handler, ast.FunctionDef):
        return not handler.decorator_list and all(map(is_plain_statement, handler.body))
    return is_of_signal(handler, DISPOSITIONS)


def is_plain_statement(node: ast.stmt) -> bool:
    match node:
        case ast.Global() | ast.Nonlocal() | ast.Pass():
            return True
        case ast.Assign(targets=targets, value=ast.Constant()):
            return all(isinstance(target, ast.Name) for target in targets)
        case ast.Raise(exc=ast.Name(), cause=None):
            return True
        case ast.Raise(exc=ast.Call(func=ast.Name(), args=words, keywords=[]), cause=None):
            return all(isinstance(word, ast.Constant) for word in words)
        case ast.Expr(value=ast.Constant()) | ast.Return(value=None | ast.Constant()):
            return True
    return False


def unfollowed(tree: ast.AST, followed: list[ast.expr]) -> Iterator[ast.AST]:
    """Other ways by which a handler may be installed: ``signal`` by another name, or handed on."""
    parts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "signal":
            yield node
        if isinstance(node, ast.Import) and any(each.name == "signal" and each.asname for each in node.names):
            yield node
        if isinstance(node, ast.Name) and node.id == "signal" and id(node) not in parts:
            yield node
        if is_of_signal(node, {"signal"}) and not any(node is each for each in followed):
            yield node


@pytest.mark.parametrize("path", PROGRAMS, ids=[path.stem for path in PROGRAMS])
def test_handlers_take_no_lock(path: Path) -> None:
    assert violations(path.read_text(encoding="utf-8")) == []


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 10


# --- what the rule tells apart

ON_TERM = "signal.signal(signal.SIGTERM, {})"
DEF = "def on_term(*_):\n    {}\n" + ON_TERM.format("on_term")


@pytest.mark.parametrize("text", [
    ON_TERM.format("signal.SIG_IGN"), ON_TERM.format("signal.SIG_DFL"), ON_TERM.format("lambda *_: None"),
    DEF.format("global is_over; is_over = True"), DEF.format("'Why.'; raise SystemExit(143)"), DEF.format("raise Over"),
    DEF.format("pass"), DEF.format("return"), "loop.add_signal_handler(signal.SIGTERM, stop.set)",
    "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}); signal.sigwait({signal.SIGTERM})",
])  # fmt: skip
def test_what_a_handler_may_do(text: str) -> None:
    assert violations(f"import signal\n{text}\n") == []


@pytest.mark.parametrize("text", [
    ON_TERM.format("lambda *_: stop.set()"), ON_TERM.format("lambda *_: threading.Thread(target=stop).start()"),
    ON_TERM.format("stop.set"), ON_TERM.format("functools.partial(print, 1)"), ON_TERM.format("not_here"),
    DEF.format("stop.set()"), DEF.format("print('stops', flush=True)"), DEF.format("queue.put(1)"),
    DEF.format("lock.acquire()"), DEF.format("with lock: pass"), DEF.format("server.is_over = True"),
    DEF.format("state['over'] = True"), DEF.format("over = is_over()"), DEF.format("raise Over(why())"),
    DEF.format("if stop: pass"), DEF.format("del stop"), f"@wrapped\n{DEF.format('pass')}",
    DEF.format("pass").replace("def", "async def"), "def on_term(*_): pass\ndef on_term(*_): print()\n"
    + ON_TERM.format("on_term"), "signal.signal(*both)", "signal.signal(signal.SIGTERM, handler=signal.SIG_IGN)",
    "from signal import signal as on", "import signal as s", "on = signal.signal",
    "getattr(signal, 'signal')(15, stop)",
])  # fmt: skip
def test_what_it_may_not(text: str) -> None:
    assert violations(f"import signal\n{text}\n")
