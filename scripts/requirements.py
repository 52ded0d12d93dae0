"""Prints one list of requirements of pyproject.toml, a line each, so that no script repeats it.

    requirements.py build | EXTRA

Runs in an environment that holds nothing but pip.
"""

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib


def read(name: str) -> list[str]:
    """The build requirements, or those of an extra; raises KeyError when there is no such extra."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    if name == "build":
        return project["build-system"]["requires"]
    return project["project"]["optional-dependencies"][name]


if __name__ == "__main__":
    print("\n".join(read(sys.argv[1])))
