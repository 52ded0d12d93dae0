"""The first word decides: one module a word, imported only when it is asked for, because start-up time is a feature.
The only place that turns errors into lines on stderr and exit codes (DESIGN.md section 6).
"""

import gc
import os
import sys
from typing import NoReturn

from minipod import errors
from minipod.errors import ConfigError, PodError, UsageError

WORDS = {
    "analyze": "what took how long when the pod began",
    "apply": "take over a pod file while the pod runs: who is the same runs on",
    "check": "read a pod file, say everything that is wrong with it",
    "completion": "the script by which a shell completes words",
    "compile": "read a pod file, write the plan that minipod runs",
    "describe": "everything about a unit, and why it is as it is",
    "diff": "what a pod file would change of the pod that runs",
    "events": "what happened in the pod",
    "exec": "a command with a unit's environment, user and directory",
    "explain": "what a key means",
    "export": "a Kubernetes manifest from a pod file",
    "get": "the pod and its units, as kubectl get pod has them",
    "graph": "who starts after whom, as DOT or Mermaid",
    "import": "a pod file from a supervisord.conf or a Procfile",
    "logs": "what units wrote",
    "plan": "print a plan for people",
    "plot": "how the pod began, as SVG",
    "restart": "end a unit and start it again",
    "schema": "a JSON Schema for editors",
    "signal": "send a signal to a unit",
    "simulate": "play a pod under a virtual clock",
    "start": "start a unit that was stopped",
    "stop": "stop a unit, and keep it so",
    "top": "what the units use: processor, memory, restarts",
    "wait": "wait until a unit is ready, has started or has ended",
}
ALIASES = {"ps": "get", "status": "get"}
# For minipod itself: PID 1 runs one for probes that it cannot ask itself, shells the other at each TAB.
HIDDEN = frozenset({"complete", "probe"})
# What the static command does by itself, and hands to nobody.
COMMANDS_OWN = frozenset({"run", "--", "--version", "--license", "health", "ready", "ctl", "pause"})
HELP = frozenset({"help", "--help", "-h"})
# Objects made before Python looks for garbage: by its own 700 it looks dozens of times while modules are loaded, where
# there is none, and a container waits for it.
GARBAGE_AFTER = 50_000


def entry() -> NoReturn:
    """A process of its own does what its words say. It leaves at once, because to take the interpreter down in order
    costs as much as to read a pod, and nothing is left to be done at exit."""
    gc.set_threshold(GARBAGE_AFTER)
    code = main()
    try:
        sys.stdout.flush()
    finally:
        os._exit(code)


def main(words: list[str] | None = None) -> int:
    """Do what the words say; the exit code."""
    words = sys.argv[1:] if words is None else words
    sys.stdout = sys.stdout or open(os.devnull, "w")  # a closed stream is None
    sys.stderr = sys.stderr or open(os.devnull, "w")
    try:
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except UsageError as bad:
        return _say(f"minipod: {bad}", errors.USAGE)
    except PodError as bad:
        lines = [f"minipod: {line}" for line in str(bad).split("\n")]
        return _say("\n".join(lines), bad.exit_code)
    except ConfigError as bad:
        return _report(bad)
    except KeyboardInterrupt:
        return errors.INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return errors.BROKEN_PIPE
    except OSError as bad:
        _forget_stdout()
        return _say(f"minipod: cannot write: {os.strerror(bad.errno or 0).lower()}", errors.WRITE)
    except Exception:
        from traceback import format_exc

        return _say(f"{format_exc()}minipod: this is a mistake of minipod's own; please report it", errors.INTERNAL)


def _dispatch(words: list[str]) -> int:
    word = ALIASES.get(words[0], words[0]) if words else ""
    if word in HELP:
        sys.stdout.write(usage())
        return 0
    if word in WORDS or word in HIDDEN:
        from importlib import import_module

        return import_module(f"minipod.commands.{word}").run(words[1:])
    if word in COMMANDS_OWN:
        return _become_command(words)
    raise UsageError(_refusal(word))


def _refusal(word: str) -> str:
    if not word:
        return "say what to do: minipod run | -- | pause | " + " | ".join(WORDS)
    from shutil import which

    from minipod.config.findings import visible
    from minipod.config.suggest import did_you_mean

    if which(word):
        return f"unknown command {visible(word)}; a program stands behind --: minipod -- {visible(word)}"
    words = [*sorted(word for word in COMMANDS_OWN if not word.startswith("-")), *WORDS, *ALIASES]
    return f"unknown command {visible(word)}" + did_you_mean(word, words, before="; ")


def usage() -> str:
    """All commands, a line each."""
    rows = {
        "run FILE|PLAN": "run a pod",
        "-- PROGRAM ARGS": "run one program under PID 1's duties; options stand before --",
        "pause": "hold the namespaces of a pod, and reap in them",
        "health": "whether the pod is well, for HEALTHCHECK: exit code 0 or 1",
        "ready": "whether all of it is ready, likewise",
        "ctl WORD": "status, start, stop, restart, signal, logs and events where there is no Python",
        **WORDS,
    }
    return "minipod: a whole pod inside one container\n\n" + "".join(
        f"  minipod {name:<16} {meaning}\n" for name, meaning in rows.items()
    ) + "  minipod --version\n\nminipod WORD --help says more.\n"


def _become_command(words: list[str]) -> int:
    """Replace this process with the static command, which stands beside the interpreter or on PATH."""
    folders = [os.path.dirname(sys.executable), *os.get_exec_path()]
    for folder in folders:
        path = os.path.join(folder, "minipod")
        if os.path.isfile(path) and os.access(path, os.X_OK):
            sys.stdout.flush()
            os.execv(path, [path, *words])
    return _say("minipod: cannot find the minipod command beside Python or on PATH", errors.SETUP)


def _report(bad: ConfigError) -> int:
    from minipod.config.render import render_error, wants_colour

    return _say(render_error(bad, colour=wants_colour(sys.stderr)).rstrip("\n"), bad.exit_code)


def _say(text: str, code: int) -> int:
    """Text to stderr; the code survives a stderr that nobody reads."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        pass
    return code


def _forget_stdout() -> None:
    """The interpreter would try to flush once more at its end, and complain."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        pass
