"""Text to data with places: words as kubectl takes them, JSON, aliases, and where everything stands."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import minipod.kube.yaml as reader
from minipod.config.locate import SHOWN, place_at
from minipod.config.render import render_error
from minipod.errors import ERROR, ConfigError, Place, Problem
from minipod.kube.secrecy import Secrecy
from minipod.kube.tree import MOST_DEPTH, MOST_NODES
from minipod.kube.yaml import compose

WORDS = [
    ("yes", True), ("on", True), ("y", True), ("True", True), ("No", False), ("off", False), ("n", False),
    ("null", None), ("~", None), ("8", 8), ("-8", -8), ("+8", 8), ("010", 8), ("0o10", 8), ("0x1F", 31), ("0b11", 3),
    ("1_000", 1000), ("08", 8), ("1.5", 1.5), (".5", 0.5), ("1e3", 1000), ("1.0", 1), ("2026-11-21", "2026-11-21"),
    ("1:30", "1:30"), ("tRue", "tRue"), ("nulL", "nulL"), ("1.2.3", "1.2.3"), ("1m", "1m"), ("-", "-"), ("=", "="),
]  # fmt: skip


def one(text: str, name: str = "pod.yaml"):
    document, = compose(text, name).documents
    return document


@pytest.mark.parametrize(("word", "value"), WORDS)
def test_words_mean_what_they_mean_to_kubectl(word, value):
    read = one(f"key: {word}\n" if word != "-" else "key: '-'\n").data["key"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("word", ["yes", "8", "null", "1.5"])
@pytest.mark.parametrize("quotes", ["'{}'", '"{}"', "!!str {}", "! {}", "|-\n  {}"])
def test_quotes_make_a_text_of_everything(word, quotes):
    assert one(f"key: {quotes.format(word)}\n").data == {"key": word}


def test_an_apostrophe_may_be_escaped():
    """As go-yaml, and so kubectl, has it."""
    read = one("""a: b\nkey: "it\\'s here" \n""")
    assert read.data == {"a": "b", "key": "it's here"}
    assert read.node.children["key"].value == (10, 22)
    with pytest.raises(ConfigError) as caught:
        one("""a: "\\'"\nb: "\\q"\n""")
    assert [(each.place.line, each.message) for each in caught.value.problems] == [
        (2, "this is no YAML: found unknown escape character 'q'")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "a: {{ .Values.x }}\n", "a: {{ .x }}-b\n", "a:\n{{ y | indent 4 }}\n",
        "a: b\n{{- if .Values.x }}\nc: d\n{{- end }}\n",
    ],
)  # fmt: skip
def test_a_template_is_told_from_a_mistake(text):
    with pytest.raises(ConfigError) as caught:
        one(text)
    (problem,) = caught.value.problems
    assert problem.message == "this is a template of a manifest"
    assert problem.place.source[problem.place.column - 1 :].startswith("{{")
    assert problem.place.source == text.split("\n")[problem.place.line - 1]


def test_keys_are_words():
    assert one("8080: a\ntrue: b\n1.5: c\n").data == {"8080": "a", "true": "b", "1.5": "c"}


def test_merged_mappings_give_way_to_own_keys():
    text = "a: &a {p: 1, q: 1}\nb: &b {q: 2, r: 2}\nc: {<<: [*a, *b], r: 3}\n"
    assert one(text).data["c"] == {"p": 1, "q": 1, "r": 3}


def test_a_merged_field_stands_where_it_is_written():
    text = "a: &a {name: x}\nb: {<<: *a}\n"
    node = one(text).node.children["b"].children["name"]
    assert place_at("pod.yaml", text, node.value).line == 1


def test_an_anchor_means_what_it_said_last():
    assert one("a: &a 1\nb: &a 2\nc: *a\n").data["c"] == 2


def test_anchors_end_with_their_document():
    with pytest.raises(ConfigError, match="nothing has this name"):
        compose("a: &a 1\n---\nb: *a\n", "pod.yaml")


def test_documents_that_are_empty_keep_their_place():
    assert [each.data for each in compose("---\n---\na: 1\n", "pod.yaml").documents] == [None, {"a": 1}]


@pytest.mark.parametrize("indent", ["\t", "  ", None])
def test_json_however_it_is_indented(indent):
    data = {"a": ["x/y", "\U0001f600", 'q"\\', 1, 1.5, True, None, {}], "b": {"c": []}}
    text = json.dumps(data, indent=indent).replace("x/y", "x\\/y")
    for name in ("pod.json", "pod.yaml", "standard input"):
        assert one(text, name).data == data


@pytest.mark.parametrize("name", ["pod.json", "pod.yaml"])
def test_json_objects_one_behind_the_other(name):
    """As kubectl takes them; whole numbers are whole however they are written."""
    documents = compose(' {"a": 30.0, "b": 3e1}\n\t{"c": 1.5} {"d": 1e99}', name).documents
    assert [each.data for each in documents] == [{"a": 30, "b": 30}, {"c": 1.5}, {"d": 1e99}]
    assert [type(each) for each in documents[0].data.values()] == [int, int]


@pytest.mark.parametrize(
    ("text", "at"), [('{"a": 1} 2', 10), ('{"a": 1}, {}', 9), ("{} {", 5), ("truefalse", 5), ("[1][2]", 4), ("{}-", 3)]
)
def test_and_nothing_else_behind_them(text, at):
    with pytest.raises(ConfigError, match="this is no JSON") as caught:
        compose(text, "pod.json")
    assert caught.value.problems[0].place.column == at


def test_json_gives_every_value_its_place():
    text = '{\n\t"a": {"b": ["x", "y"]}\n}'
    node = one(text).node.children["a"].children["b"].children[1]
    place = place_at("pod.json", text, node.value)
    assert (place.line, place.column, place.width) == (2, 19, 3)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufeff"), max_size=8)
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def places(node, text):
    """Every text of a tree, as it stands in the file."""
    for key, inner in node.children.items():
        if isinstance(key, str):
            yield key, yaml.safe_load(text[slice(*inner.key)])
        yield from places(inner, text)


@pytest.mark.parametrize("parser", ["CSafeLoader", "SafeLoader"])
@given(st.dictionaries(TEXTS, DATA, min_size=1, max_size=4), st.booleans())
def test_places_hold_what_was_read(parser, data, is_flow):
    """By either of the library's parsers, with characters of any width."""
    text = yaml.safe_dump(data, allow_unicode=True, default_flow_style=is_flow, default_style='"')
    before, reader._PARSER = reader._PARSER, getattr(yaml, parser)
    try:
        document = one(text)
    finally:
        reader._PARSER = before
    assert document.data == {str(key): value for key, value in data.items()}
    assert [pair for pair in places(document.node, text) if pair[0] != pair[1]] == []


# --- bounds -----------------------------------------------------------------------------------------------------------


def aliases(count: int) -> str:
    """``count`` aliases of a list of ten, which make eleven values each."""
    return f"a: &a [{','.join('0123456789')}]\nb: [{','.join(['*a'] * count)}]\n"


def test_aliases_count_as_what_they_stand_for():
    fits = (MOST_NODES - 20) // 11
    assert one(aliases(fits)).size <= MOST_NODES
    with pytest.raises(ConfigError, match="more than 100,000 values"):
        compose(aliases(fits + 10), "pod.yaml")


@pytest.mark.parametrize("name", ["pod.json", "pod.yaml"])
def test_depth_has_an_end(name):
    assert one("[" * MOST_DEPTH + "]" * MOST_DEPTH, name)
    for text in ("[" * (MOST_DEPTH + 1) + "]" * (MOST_DEPTH + 1), "[" * 500_000):
        with pytest.raises(ConfigError, match="nested deeper|is no JSON"):
            compose(text, name)


def test_deep_aliases_are_no_way_around():
    text = "".join(f"a{i}: &a{i} [*a{i - 1}]\n" if i else "a0: &a0 [x]\n" for i in range(200))
    assert one(text).size < MOST_NODES


@pytest.mark.parametrize("text", ["---\n" * 11, "--- [1, 2, 3, 4]\n" * 3])
def test_many_documents_count_together(text, monkeypatch):
    monkeypatch.setattr("minipod.kube.tree.MOST_NODES", 10)
    with pytest.raises(ConfigError, match="more than 10 values"):
        compose(text, "pod.yaml")


def test_of_many_keys_that_are_given_twice_the_first_are_told(read):
    with pytest.raises(ConfigError) as caught:
        read("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n" + "  hostname: a\n" * 5001)
    twice = [each for each in caught.value.problems if "given twice" in each.message]
    assert (len(twice), caught.value.omitted) == (SHOWN, 5000 - SHOWN)


KINDS = [
    "Secret", "!!str Secret", "&a Secret", "&a !!str Secret", "'Secret'", ">-\n  Secret", '"\\x53ecret"', "secret",
    "SecretList", '"Secr\\u0065t"', "*k", "Sercet", "[Secre]",
]  # fmt: skip
BAD_SECRETS = [
    "pw: !hunter2", "pw: *hunter2", "pw: !!int hunter2", "pw: {hunter2", "pw: 'hunter2", "pw: hunter2: x",
    "\thunter2: x", "pw: \"\\hunter2\"", "pw: %hunter2", "pw: @hunter2", "pw: `hunter2", "pw: [hunter2}",
    "pw: hunter2\n pw2: x",
]  # fmt: skip


@pytest.mark.parametrize("line", BAD_SECRETS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_with_a_secret_is_told_without_it(read, kind, line):
    with pytest.raises(ConfigError) as caught:
        read(f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: s}}\nstringData:\n  {line}\n")
    assert "hunter" not in render_error(caught.value) and caught.value.problems[0].place.line


def test_a_hidden_key_hides_what_follows(read):
    with pytest.raises(ConfigError) as caught:
        read('{"apiVersion": "v1", "k\\u0069nd": "Pods", "stringData": {"pw": "hunter2"}}')
    assert "hunter" not in render_error(caught.value)


@pytest.mark.parametrize("text", ["kind" + ":" * 200_000, "kind" * 50_000, "kind:" * 40_000, "\\x00" * 50_000])
def test_no_text_takes_long_to_hide(text):
    """What would take longer than a pass takes hours: the time limit of every test is the one that counts."""
    problem = Problem(ERROR, Place("pod.yaml", 1, 1, "source"), "wrong")
    assert Secrecy("pod.yaml", text).clean(problem) in (problem, problem._replace(place=Place("pod.yaml", 1, 1)))
