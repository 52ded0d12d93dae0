"""Guessing what a misspelt word was meant to be. Imported only when there is something to report."""

import re
from collections.abc import Iterable

# Words of Kubernetes, Docker Compose, systemd and supervisord that have another name here.
ELSEWHERE = {
    "active_deadline_seconds": "deadline",
    "cmd": "command",
    "containers": "service",
    "cwd": "working_dir",
    "depends_on": "after",
    "directory": "working_dir",
    "entrypoint": "command",
    "environment": "env",
    "exec": "command",
    "gid": "group",
    "headers": "http_headers",
    "healthcheck": "liveness_probe",
    "interval": "period",
    "path": "socket",
    "period_seconds": "period",
    "restart_policy_rules": "restart_rules",
    "retries": "failure_threshold",
    "start_period": "initial_delay",
    "timeout_seconds": "timeout",
    "timeout_start_sec": "start_timeout",
    "watchdog_sec": "watchdog",
    "init_containers": "init",
    "logging": "log",
    "max_bytes": "max_size",
    "max_file": "keep",
    "stdin_open": "stdin",
    "stdout_logfile": "log",
    "restart_policy": "restart",
    "run_as_group": "group",
    "run_as_user": "user",
    "services": "service",
    "stop_grace_period": "termination_grace_period",
    "stopsignal": "stop_signal",
    "stopwaitsecs": "termination_grace_period",
    "termination_grace_period_seconds": "termination_grace_period",
    "timeout": "deadline",
    "uid": "user",
    "workdir": "working_dir",
}
_LONGEST = 80  # difflib is quadratic, and nobody misspells a key at such length


def snake_case(word: str) -> str:
    """``workingDir``, ``working-dir`` → ``working_dir``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", word).lower().replace("-", "_")


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was probably meant, or None."""
    options = {snake_case(c): c for c in candidates}
    plain = snake_case(word)
    if plain in options:
        return options[plain]
    if ELSEWHERE.get(plain) in options:
        return options[ELSEWHERE[plain]]
    if len(word) > _LONGEST:
        return None
    import difflib

    near = difflib.get_close_matches(plain, options, 1, 0.6 if len(plain) > 3 else 0.5)
    return options[near[0]] if near else None


def did_you_mean(word: str, candidates: Iterable[str], *, before: str = "", quote: str = "") -> str:
    """The question, after ``before``; "" when nothing is close."""
    near = closest(word, candidates)
    return f"{before}did you mean {quote}{near}{quote}?" if near else ""
