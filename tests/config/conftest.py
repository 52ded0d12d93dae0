"""A pod from a text, in one call."""

import pytest

from minipod.config.read import read_pod
from minipod.errors import ConfigError

SERVICE = '[service.web]\ncommand = ["true"]\n'


@pytest.fixture
def read(tmp_path):
    """``read(text, **options)`` is ``read_pod`` of a file that holds ``text``."""

    def run(text: str, **options):
        path = tmp_path / "pod.toml"
        path.write_text(text, encoding="utf-8")
        return read_pod(str(path), **options)

    return run


@pytest.fixture
def messages(read):
    """The messages of the problems that keep ``text`` from being a pod; [] if it is one."""

    def run(text: str, **options):
        try:
            read(text, **options)
        except ConfigError as bad:
            return [problem.message for problem in bad.problems]
        return []

    return run
