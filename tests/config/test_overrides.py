"""`--set` and `--exit-code-from`: what the command line says over the file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minipod.config import toml
from minipod.config.defaults import to_toml
from minipod.config.overrides import parse_set
from minipod.config.read import read_pod
from minipod.errors import CONFIG, USAGE, ConfigError, UsageError
from minipod.supervisor.vocabulary import Milestone

TEXT = (
    '[pod]\nname = "shop"\n[service.web]\ncommand = ["web"]\nrestart = "always"\nenv = { PORT = "80" }\n'
    '[service.db]\ncommand = ["db"]\n'
)


def web(read, *overrides):
    return read(TEXT, overrides=overrides).pod.units[0]


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("service.web.env.PORT=81", "env", {"PORT": "81"}),
        ("service.web.env.HOST=a.example", "env", {"PORT": "80", "HOST": "a.example"}),
        ("service.web.env.PORT= 8 ", "env", {"PORT": "\x208 "}),
        ("service.web.env.PORT =  8 ", "env", {"PORT": "8 "}),
        ('service.web.env.PORT = "8 1"', "env", {"PORT": "8 1"}),
        ("service.web.env.EMPTY=", "env", {"PORT": "80", "EMPTY": ""}),
        ("service.web.env.URL=http://h/?a=b", "env", {"PORT": "80", "URL": "http://h/?a=b"}),
        ("service.web.env.X=true", "env", {"PORT": "80", "X": "true"}),
        ('service.web.env={A="1"}', "env", {"A": "1"}),
        ('service.web.env."A.B"=c', "env", {"PORT": "80", "A.B": "c"}),
        ("service.web.restart=never", "restart", "never"),
        ("service.web.user=1000", "user", "1000"),
        ("service.web.umask=027", "umask", 0o027),
        ("service.web.umask=0o27", "umask", 0o027),
        ("service.web.essential=true", "essential", True),
        ("service.web.max_restarts=3", "max_restarts", 3),
        ("service.web.termination_grace_period=1m", "termination_grace_period", 60_000_000_000),
        ("service.web.termination_grace_period=2", "termination_grace_period", 2_000_000_000),
        ('service.web.args=["a", "b"]', "args", ("a", "b")),
        ("service.web.command=true", "command", ("true",)),
        ('service.web.command=["a b"]', "command", ("a b",)),
        ("service.web.env.X=[1]", "env", {"PORT": "80", "X": "[1]"}),
        ("service.web.command=nginx -g x", "command", ("nginx", "-g", "x")),
        ("service.web.after.db=ready", "after", {"db": Milestone.READY}),
    ],
)
def test_set(text, field, value, read):
    assert getattr(web(read, text), field) == value


def test_the_last_one_wins(read):
    assert web(read, "service.web.env.PORT=81", "service.web.env.PORT=82").env == {"PORT": "82"}


def test_tables_are_made(read):
    pod = read(TEXT, overrides=["service.new.command=x", "pod.labels.app=shop"]).pod
    assert pod.units[-1].name == "new"
    assert pod.labels == {"app": "shop"}


@pytest.mark.parametrize("text", ["", "=", "pod", "pod.name", ".a=1", "a..b=1", "a b=1", "[pod]=1", "pod.=x"])
def test_no_key_and_value(text, read):
    with pytest.raises(UsageError, match="write KEY=VALUE"):
        read(TEXT, overrides=[text])


@given(st.lists(st.text(max_size=4), min_size=1, max_size=4), st.text(max_size=10))
def test_any_path_and_any_text(path, value):
    """Quoted keys and a quoted value come back as they were."""

    def quote(text):
        return '"' + "".join(f"\\U{ord(c):08x}" for c in text) + '"'

    over = parse_set(".".join(quote(part) for part in path) + " = " + quote(value))
    assert (over.path, over.value) == (tuple(path), value)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_text_is_taken_as_it_is_or_as_toml(value):
    over = parse_set(f"service.web.env.A={value}")
    raw = value
    try:
        parsed = toml.loads(f"value = {raw}")
    except toml.TOMLDecodeError:
        parsed = {}
    expected = parsed["value"] if list(parsed) == ["value"] and isinstance(parsed["value"], str) else raw
    assert over.value == expected
    assert over.literal == raw


@given(st.one_of(st.integers(0, 2**40), st.booleans(), st.lists(st.sampled_from(["a", "b c"]))))
def test_other_values_are_toml(value):
    assert parse_set(f"pod.x={to_toml(value)}").value == value


MISTAKES = [
    ("service.web.restrt=never", "unknown key `restrt`", "did you mean `restart`?", 1, 18),
    ("service.web.restart=nver", "`restart` cannot be `nver`", "did you mean `never`?", 21, 4),
    ("pod.deadline = 10x", "`deadline` is no duration", None, 16, 3),
    ("pod.name.x=1", "`pod.name` is a string, not a table", None, 12, 1),
    ("service.extra.user=a", "`extra` has no command", None, 1, 18),
    ("service.web.env.A=\udcff", "the text is not UTF-8", None, 19, 1),
]


@pytest.mark.parametrize(("text", "message", "help", "column", "width"), MISTAKES)
def test_mistakes_have_the_option_as_place(text, message, help, column, width, read):
    with pytest.raises(ConfigError) as caught:
        read(TEXT, overrides=["pod.main=web", text])
    (problem,) = caught.value.problems
    assert problem.message == message
    assert help is None or problem.help == help
    place = problem.place
    assert (place.name, place.line, place.source, place.column, place.width) == ("--set", 0, text, column, width)
    assert caught.value.exit_code == USAGE


def test_mistakes_of_the_file_come_first_and_decide(read):
    with pytest.raises(ConfigError) as caught:
        read(TEXT + "foo = 1\n", overrides=["pod.foo=1"])
    assert [problem.place.line for problem in caught.value.problems] == [9, 0]
    assert caught.value.exit_code == CONFIG


def test_exit_code_from(read):
    pod = read(TEXT, exit_code_from="web").pod
    assert pod.main == "web"
    assert [unit.restart for unit in pod.units] == ["never", "always"]


def test_exit_code_from_beats_set(read):
    pod = read(TEXT, overrides=["pod.main=db", "service.web.restart=always"], exit_code_from="web").pod
    assert (pod.main, pod.units[0].restart) == ("web", "never")


def test_exit_code_from_nobody(read):
    with pytest.raises(ConfigError) as caught:
        read(TEXT, exit_code_from="wbe")
    (problem,) = caught.value.problems
    assert (problem.message, problem.help) == ("no service is called `wbe`", "did you mean `web`?")
    assert (problem.place.name, problem.place.source) == ("--exit-code-from", "wbe")
    assert caught.value.exit_code == USAGE


def test_overrides_do_not_need_the_file_to_be_whole(tmp_path):
    path = tmp_path / "pod.toml"
    path.write_text("# nothing\n")
    assert read_pod(str(path), overrides=["service.web.command=true"]).pod.units[0].command == ("true",)
