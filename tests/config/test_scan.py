"""The scanner against the parser: same keys, same order, and what stands at a value's place is that value."""

import datetime
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from minipod.config import toml
from minipod.config.scan import Node, first_deep_bracket, scan

BARE = st.text("abcdefgXYZ019_-", min_size=1, max_size=4)
CHARS = st.characters(exclude_categories=["Cs", "Cc"])
QUOTED = st.text(CHARS, max_size=5)


def basic(text: str) -> str:
    """A TOML basic string of ``text``, with every character that may be escaped in one way or another."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "é": "\\u00E9"}
    return '"' + "".join(escapes.get(c, c) for c in text) + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "") + "'"


KEY_PART = st.one_of(BARE, QUOTED.map(basic), QUOTED.map(literal))
BLANK = st.sampled_from(["", " ", "\t "])
GAP = st.sampled_from(["", " ", "\n", " # ]}'\"\n", "\r\n\t"])


@st.composite
def dotted(draw):
    dot = draw(BLANK) + "." + draw(BLANK)
    return dot.join(draw(st.lists(KEY_PART, min_size=1, max_size=3)))


@st.composite
def long_string(draw):
    body = draw(st.text(st.sampled_from("ab\"'\n\\ #[]{}=,é"), max_size=12))
    if draw(st.booleans()):
        body = body.replace("\\", "\\\\").replace('"""', '""\\"') + draw(st.sampled_from(["", "x", 'x"', 'x""']))
        return f'"""{body}"""'
    return "'''" + body.replace("'''", "''") + draw(st.sampled_from(["", "x'", "x''"])) + "'''"


@st.composite
def array(draw, values):
    parts = draw(st.lists(values, max_size=4))
    text = ",".join(draw(GAP) + part + draw(GAP) for part in parts)
    return "[" + text + (draw(st.sampled_from(["", ", # x ]\n"])) if parts else draw(GAP)) + "]"


@st.composite
def inline(draw, values):
    keys = draw(st.lists(BARE, max_size=3, unique=True))
    pairs = [f"{draw(BLANK)}{key}{draw(st.sampled_from(['', '.a', ' . b . c']))} = {draw(values)}" for key in keys]
    return "{" + ",".join(pairs) + draw(BLANK) + "}"


SCALAR = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.sampled_from(["true", "false", "inf", "+1_000", "0x1F", "0o022", "1979-05-27", "07:32:00.5"]),
    st.sampled_from(["1979-05-27 07:32:00Z", "1979-05-27T07:32:00+01:00"]),
    QUOTED.map(basic),
    QUOTED.map(literal),
    long_string(),
)
VALUE = st.recursive(SCALAR, lambda inner: st.one_of(array(inner), inline(inner)), max_leaves=8)
COMMENT = st.sampled_from(["", ' # [x] = "y', "  "])


@st.composite
def line(draw):
    kind = draw(st.sampled_from("kkkkhha#"))
    if kind == "k":
        text = f"{draw(BLANK)}{draw(dotted())}{draw(BLANK)}={draw(BLANK)}{draw(VALUE)}"
    elif kind == "#":
        text = ""
    else:
        inside = draw(BLANK) + draw(dotted()) + draw(BLANK)
        text = f"[[{inside}]]" if kind == "a" else f"[{inside}]"
    return text + draw(COMMENT) + draw(st.sampled_from(["\n", "\r\n"]))


@st.composite
def document(draw):
    """A valid document: lines that the parser refuses beside those before are left out."""
    text = ""
    for one in draw(st.lists(line(), max_size=10)):
        try:
            toml.loads(text + one)
        except toml.TOMLDecodeError:
            continue
        text += one
    return text


def shape(value):
    """Keys and their order, without the values."""
    if isinstance(value, dict):
        return [(key, shape(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [(i, shape(inner)) for i, inner in enumerate(value)]
    return []


def shape_of(node: Node):
    return [(key, shape_of(child)) for key, child in node.children.items()]


def assert_places(text: str, node: Node, value) -> None:
    """The text at a node's place parses to that node's value."""
    if node.value:
        begin, end = node.value
        assert toml.loads(f"v = {text[begin:end]}")["v"] == value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        child = node.children[key]
        if isinstance(key, str):
            begin, end = child.key
            assert list(toml.loads(f"{text[begin:end]} = 0")) == [key]
        assert_places(text, child, inner)


@settings(max_examples=400, deadline=None)
@given(document())
def test_same_keys_in_same_order_at_their_places(text):
    parsed = toml.loads(text)
    tree = scan(text)
    assert shape_of(tree) == shape(parsed)
    assert_places(text, tree, parsed)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab.=[]{},\"'\\#\n 1"), max_size=40))
def test_any_text_is_survived(text):
    scan(text)
    first_deep_bracket(text, 2)


def test_every_kind_of_value_in_one_text():
    text = (
        'title = "a # b"\ndays = [ # first\n  1979-05-27 07:32:00Z,\n  1, ]\n'
        "[a.\"b.c\".'d']\nx = {y = [{z = 1}], w.v = 2}\n"
        "[[t]]\nn = '''\n]'''\n[t.sub]\nm = 1\n[[t]]\nq = 1\n"
    )
    parsed = toml.loads(text)
    tree = scan(text)
    assert shape_of(tree) == shape(parsed)
    assert_places(text, tree, parsed)
    assert isinstance(parsed["days"][0], datetime.datetime)


def test_second_key_and_second_table_are_marked():
    tree = scan("a = 1\na = 2\n[b]\n[b]\n")
    assert tree.children["a"].again == (6, 7)
    assert tree.children["b"].again == (17, 18)


def seconds_for(text: str) -> float:
    best = []
    for _ in range(3):
        begin = time.process_time()
        scan(text)
        best.append(time.process_time() - begin)
    return min(best)


def test_time_grows_with_length():
    """Ten times the text may take thirty times the time at most; a square law would take a hundred."""
    for piece in ("[[", 'k = ["""a"" ', "[a.b]\n", "a.b.", "'", "{a = ", "[1,", "# x\n", '"\\'):
        small, large = seconds_for(piece * 3_000), seconds_for(piece * 30_000)
        assert large < 30 * small + 0.3, piece


def test_deep_brackets_are_found_outside_strings_and_comments():
    text = '# [[[[\na = "[[[["\nb = [[[1]]]\n'
    assert first_deep_bracket(text, 2) == text.index("[[[1") + 2
    assert first_deep_bracket(text, 3) is None
