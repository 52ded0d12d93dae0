"""The JSON Schema takes every good pod and refuses every bad one that can be known key by key."""

from pathlib import Path

import jsonschema
import pytest

from minipod.config import toml
from minipod.config.schema import schema

HERE = Path(__file__).parent
GOOD = [*sorted((HERE.parents[1] / "config").glob("*.toml")), *sorted((HERE / "warnings").glob("*.toml"))]
# What takes more than one key to see, or the way in which a number was written.
BEYOND = set(
    "after_main_completed after_never_completed command_needs_shell command_open_quote cycle hook_sleeps_too_long "
    "log_one_file main_is_init main_unknown same_name_twice secret_twice tty_own tty_twice volume_unknown_alone".split()
)
VALIDATOR = jsonschema.Draft202012Validator(schema())


def parsed(paths):
    """Name and document of each file that is TOML at all."""
    found = []
    for path in paths:
        try:
            found.append(pytest.param(path.stem, toml.loads(path.read_bytes().decode()), id=path.stem))
        except (ValueError, RecursionError):
            continue
    return found


def test_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(("name", "doc"), parsed(GOOD))
def test_good_pod(name, doc):
    assert [error.message for error in VALIDATOR.iter_errors(doc)] == []


@pytest.mark.parametrize(("name", "doc"), parsed(sorted((HERE / "errors").glob("*.toml"))))
def test_bad_pod(name, doc):
    assert VALIDATOR.is_valid(doc) == (name in BEYOND)


def test_every_property_is_described():
    tables = [schema(), *schema()["$defs"].values()]
    assert all(prop["description"] for table in tables for prop in table["properties"].values())
