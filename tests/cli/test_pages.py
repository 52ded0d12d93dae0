"""What the pages say is so: pods in them can be read, an example prints what stands there, links lead somewhere, every
folder and every word is named."""

import re
import shlex
from pathlib import Path

import pytest

from minipod import cli
from minipod.config.read import read_pod

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
_LINK = re.compile(r"\[[^\]]+\]\(([^)#:\s]*)(?:#([^)\s]+))?\)")
_TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """The fragments of a page's headings, as forges make them."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_links_lead_somewhere(page):
    for path, fragment in _LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / path if path else page
        assert target.exists(), path
        assert not fragment or fragment in anchors(target), fragment


@pytest.mark.parametrize("text", _TOML.findall(text_of("README.md")), ids=lambda text: text.split("\n", 1)[0])
def test_pods_of_the_readme_can_be_read(text, tmp_path):
    (tmp_path / "pod.toml").write_text(text, encoding="utf-8")
    assert read_pod(str(tmp_path / "pod.toml")).warnings == ()


def test_the_first_pod_is_played_as_the_readme_says(tmp_path, monkeypatch, capsys):
    (tmp_path / "pod.toml").write_text(_TOML.findall(text_of("README.md"))[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    command = re.search(r"^    minipod (simulate pod\.toml .*?) +#", text_of("README.md"), re.MULTILINE)[1]
    assert cli.main(shlex.split(command)) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "5s    web      draining backoff spawning post-start up" in out


def test_the_example_of_simulate_prints_what_stands_there(tmp_path, capsys):
    (tmp_path / "shop.toml").write_text(
        '[init.migrate]\ncommand = ["m"]\n[sidecar.cache]\ncommand = ["c"]\n[service.web]\ncommand = ["w"]\n'
    )
    page = text_of("docs/simulate.md")
    events = re.search(r'^    minipod simulate shop\.toml --events "(.*)"$', page, re.MULTILINE)[1]
    shown = re.search(r"^    TIME .*?exit code.*?$", page, re.MULTILINE | re.DOTALL)[0]
    assert cli.main(["simulate", str(tmp_path / "shop.toml"), "--events", events]) == 0
    printed = capsys.readouterr().out.splitlines()
    wanted = [line.strip() for line in shown.splitlines()]
    before, after = wanted[: wanted.index("…")], wanted[wanted.index("…") + 1 :]
    assert [line.strip() for line in printed[: len(before)]] == before
    assert printed[-len(after) :] == after


def folders(path: Path) -> set[str]:
    """Those in a folder that are kept, by name."""
    made = {"build", "dist"} if path == ROOT else set()
    return {each.name for each in path.iterdir() if each.is_dir() and each.name[0] not in "._"} - made


def test_the_map_names_every_folder():
    page = text_of("CONTRIBUTING.md")
    inner = {f"{name}/{each}" for name in ("minipod", "tests") for each in folders(ROOT / name)}
    there = folders(ROOT) - {"minipod", "tests"} | inner
    assert {name for name in there if f"`{name}/`" not in page} == set()


def test_the_readme_names_every_word():
    words = re.findall(r"^    minipod (\S+)", text_of("README.md"), re.MULTILINE)
    assert {"run", "--", *cli.WORDS} - set(words) == set()
