"""What `minipod check` says of files that variables are read from, where they are: their lines, and never a value."""

from pathlib import Path

import pytest

from minipod.config.findings import word
from minipod.config.read import Reading, read_pod

SECRET = "hunter2"


@pytest.fixture
def check(tmp_path: Path):
    """``check(keys)``: of a service with them; DIR is a directory of its own."""

    def run(keys: str, argument: str = "x") -> Reading:
        path = tmp_path / "pod.toml"
        keys = keys.replace("DIR", str(tmp_path))
        path.write_text(f'[service.web]\ncommand = ["true", "{argument}"]\n{keys}\n', encoding="utf-8")
        return read_pod(str(path), thorough=True)

    return run


def messages(reading: Reading) -> list[str]:
    return [problem.message for problem in reading.warnings]


def test_lines_that_nobody_would_take(check, tmp_path: Path) -> None:
    (tmp_path / "app.env").write_text(f"A=1\n{SECRET}!\nB=${{{SECRET}}}\nC='${{{SECRET}}}'\n", encoding="utf-8")
    reading = check('env_file = "DIR/app.env"')
    where = f"of {word(tmp_path / 'app.env')}"  # a long path is cut
    assert messages(reading) == [f"line 2 {where} is no NAME=VALUE", f"${{ or $( in line 3 {where} stays as it is"]
    assert SECRET not in str(reading.warnings)


def test_names_are_known_where_the_files_are(check, tmp_path: Path) -> None:
    (tmp_path / "app.env").write_text("A=1\nBARE\n", encoding="utf-8")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "K").write_text("", encoding="utf-8")
    keys = 'env_file = "DIR/app.env"\nenv_from = [{ directory = "DIR/conf", prefix = "P_" }]'
    assert messages(check(keys, "$(A)$(P_K)")) == []
    assert messages(check(keys, "$(BARE)")) == ["`$(BARE)` is not defined here"]


def test_order_and_kinds(check, tmp_path: Path) -> None:
    keys = (
        'secrets = { S = { file = "/s", to = "fd" } }\nenv_from = [{ directory = "/d", prefix = "P" }]\n'
        'env_file = ["/f", { path = "/g", optional = true }]'
    )
    sources = check(keys).pod.units[0].env_from
    assert [(each.kind, each.name, each.path) for each in sources] == [
        ("env_file", "", "/f"), ("env_file", "", "/g"), ("directory", "P", "/d"), ("secret_file", "S", "/s")
    ]  # fmt: skip
    assert [(each.is_optional, each.to) for each in sources] == [
        (False, "env"), (True, "env"), (False, "env"), (False, "fd")
    ]  # fmt: skip
    assert [each.is_secret for each in sources] == [False, False, False, True]
