"""The example of docs/presets.md does what the page says."""

import re

import pytest

from minipod import cli


@pytest.fixture
def page(root, tmp_path, monkeypatch) -> dict[str, str]:
    """The page's blocks by the names of their files; what check says is "said". The files are there."""
    text = (root / "docs/presets.md").read_text(encoding="utf-8")
    blocks = dict(re.findall(r"`([\w./-]+\.toml)`:\n\n```toml\n(.*?)```", text, re.DOTALL))
    monkeypatch.chdir(tmp_path)
    for name, inner in blocks.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(inner, encoding="utf-8")
    return {**blocks, "said": re.search(r"```text\n(.*?)```", text, re.DOTALL)[1]}


def test_check_says_what_the_page_says(page, capsys):
    assert cli.main(["check", "--preset", "presets", "shop.toml"]) == 0
    assert capsys.readouterr().out == page["said"]


def test_other_words_take_presets_too(page, capsys):
    for words in (["plan"], ["simulate", "--events", "web:exit=0@1s"]):
        assert cli.main([*words, "--preset", "presets", "shop.toml"]) == 0
        capsys.readouterr()
    assert cli.main(["plan", "--preset", "presets", "shop.toml"]) == 0
    assert "postgres://" in capsys.readouterr().out
    assert cli.main(["compile", "--preset", "presets", "shop.toml", "-o", "shop.plan"]) == 0
    assert b"postgres://" in open("shop.plan", "rb").read()


def test_a_plan_takes_none(page, capsys):
    assert cli.main(["compile", "shop.toml", "-o", "shop.plan"]) == 0
    assert cli.main(["plan", "--preset", "presets", "shop.plan"]) == 64
    assert "--preset" in capsys.readouterr().err
