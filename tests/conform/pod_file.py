"""Whether a pod file is one, as ``minipod check`` says."""

import tempfile
from pathlib import Path

from minipod.config.read import read_pod
from minipod.errors import ConfigError

_PROBED = '[service.web]\ncommand = ["true"]\nreadiness_probe = {{ {} }}\n'


def is_probe(probe: str) -> bool:
    """Whether a service may have a readiness probe with these keys."""
    return is_accepted(_PROBED.format(probe))


def is_accepted(text: str) -> bool:
    """Whether the config reader finds no mistake in a pod file of this text."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "pod.toml")
        file.write_text(text, encoding="utf-8")
        try:
            read_pod(str(file))
        except ConfigError:
            return False
    return True
