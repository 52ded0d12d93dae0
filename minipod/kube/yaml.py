"""YAML and JSON texts to plain data with its places. Tags construct nothing, aliases are counted as what they stand
for, and words become numbers and booleans as they do for kubectl (sigs.k8s.io/yaml: YAML 1.1, dates stay text).

It must never know a field, nor repeat what it read in a message: it may be a Secret's, whose lines are not shown.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml import events

from minipod.config.findings import visible
from minipod.config.locate import place_at
from minipod.config.scan import Span
from minipod.errors import ERROR, ConfigError, Problem
from minipod.kube.tree import MERGE, Builder, Value

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TRUE = frozenset("y Y yes Yes YES true True TRUE on On ON".split())
_FALSE = frozenset("n N no No NO false False FALSE off Off OFF".split())
_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_INTEGER = re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|[1-9][0-9_]*|0)", re.ASCII)
_FRACTION = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NAMED = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_CORE = "tag:yaml.org,2002:"
_PLAIN_TAGS = {f"{_CORE}{name}": kind for name, kind in (("bool", bool), ("int", int), ("float", (int, float)))}
_PLAIN_TAGS[f"{_CORE}null"] = type(None)
_LONGEST_NUMBER = 400
_BLANKS = re.compile(r"[ \t\r\n]*")  # of JSON
_FILLED_IN = re.compile(r"[^\"'#{]*\{\{")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|[^\s,:\[\]{}"]+')


def compose(text: str, name: str) -> Builder:
    """All documents of a text, and what was given twice. ConfigError, with its place, if it is neither YAML nor JSON,
    or more than anybody writes."""
    builder = Builder(name, text)
    is_json = name.endswith(".json")
    if is_json or text.lstrip().startswith("{"):
        try:
            _check_json(text)
        except (ValueError, RecursionError) as bad:
            if is_json:
                _refuse_json(builder, bad)
        else:
            return _take_json(builder)
    try:
        return _take_yaml(builder, _PARSER)
    except _OddEscape:
        return _take_yaml(Builder(name, text), _Lenient)


# --- JSON -------------------------------------------------------------------------------------------------------------


def _check_json(text: str) -> None:
    """ValueError for what is no JSON: one value, or objects one behind the other, as kubectl takes them."""
    from json import JSONDecodeError, JSONDecoder  # few manifests are

    decoder, at = JSONDecoder(), _behind_blanks(text, 0)
    while True:
        _, at = decoder.raw_decode(text, at)
        at = _behind_blanks(text, at)
        if at == len(text):
            return
        if text[at] != "{":
            raise JSONDecodeError("Extra data", text, at)


def _behind_blanks(text: str, at: int) -> int:
    return _BLANKS.match(text, at).end()


def _refuse_json(builder: Builder, bad: Exception) -> None:
    from json import JSONDecodeError

    if isinstance(bad, JSONDecodeError):
        message = bad.msg[:1].lower() + bad.msg[1:].replace("'", "`")
        builder.refuse((bad.pos, bad.pos + 1), f"this is no JSON: {message}", help="is a comma or a quote missing?")
    if isinstance(bad, ValueError):
        builder.refuse((0, 1), "a number in it is too long", help="write it in quotes")


def _take_json(builder: Builder) -> Builder:
    """The text is known to be JSON."""
    from json import loads

    for token in _TOKEN.finditer(builder.text):
        first = token.group()[0]
        if first in "{[":
            builder.open({} if first == "{" else [], token.span())
        elif first in "}]":
            builder.close(token.end())
        else:
            value = loads(token.group())
            builder.scalar(_whole(value) if isinstance(value, float) else value, token.span())
    return builder


# --- YAML -------------------------------------------------------------------------------------------------------------


class _OddEscape(Exception):
    """One that kubectl's parser knows, and this library does not."""


class _Lenient(yaml.SafeLoader):
    """Knows it, and is slow."""

    ESCAPE_REPLACEMENTS = {**yaml.SafeLoader.ESCAPE_REPLACEMENTS, "'": "'"}


def _take_yaml(builder: Builder, parser: type) -> Builder:
    try:
        return _take_events(builder, parser)
    except ConfigError as bad:
        raise _of_template(bad, builder) from None


def _take_events(builder: Builder, parser: type) -> Builder:
    anchors: dict[str, Value | None] = {}
    opened: list[str | None] = []  # the anchor of each list and mapping that is not complete
    try:
        for event in yaml.parse(builder.text, Loader=parser):
            if isinstance(event, events.DocumentStartEvent):
                anchors.clear()
            elif isinstance(event, events.AliasEvent):
                _take_alias(builder, event, anchors)
            elif isinstance(event, events.ScalarEvent):
                _keep(anchors, event.anchor, builder.scalar(_value_of(builder, event), _span(event)))
            elif isinstance(event, events.CollectionStartEvent):
                _open(builder, event)
                opened.append(event.anchor)
                _keep(anchors, event.anchor, None)
            elif isinstance(event, events.CollectionEndEvent):
                _keep(anchors, opened.pop(), builder.close(event.end_mark.index))
    except yaml.MarkedYAMLError as bad:
        if parser is not _Lenient and "unknown escape character" in str(bad.problem) and "\\'" in builder.text:
            raise _OddEscape from None
        raise ConfigError((_explain(bad, builder),)) from None
    except yaml.reader.ReaderError as bad:
        raise ConfigError((_explain_character(bad, builder),)) from None
    return builder


def _keep(anchors: dict[str, Value | None], anchor: str | None, value: Value | None) -> None:
    if anchor is not None:
        anchors[anchor] = value


def _span(event: events.Event) -> Span:
    return event.start_mark.index, event.end_mark.index


def _open(builder: Builder, event: events.CollectionStartEvent) -> None:
    data: dict | list = {} if isinstance(event, events.MappingStartEvent) else []
    expected = f"{_CORE}{'map' if data == {} else 'seq'}"
    if event.tag not in (None, "!", expected):
        _refuse_tag(builder, event)
    builder.open(data, _span(event))


def _take_alias(builder: Builder, event: events.AliasEvent, anchors: dict[str, Value | None]) -> None:
    if event.anchor not in anchors:
        why = "what begins with * is an alias of what has that name behind a &"
        builder.refuse(_span(event), "nothing has this name", why=why, help="write it in quotes if it is meant as text")
    value = anchors[event.anchor]
    if value is None:
        message = "an alias stands in what it stands for"
        builder.refuse(_span(event), message, why="it would never end", help="leave it out")
    builder.add(value)


def _value_of(builder: Builder, event: events.ScalarEvent) -> Any:
    if event.tag in (None, "!"):
        is_plain = event.implicit[0] and event.tag is None
        if is_plain and event.value == MERGE and builder.expects_key():
            return MERGE
        return resolve(event.value) if is_plain else event.value
    if event.tag == f"{_CORE}str":
        return event.value
    if event.tag not in _PLAIN_TAGS:
        _refuse_tag(builder, event)
    value = resolve(event.value)
    kind = _PLAIN_TAGS[event.tag]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        builder.refuse(_span(event), "what stands here is not what its tag says", help="leave the tag out")
    return value


def _refuse_tag(builder: Builder, event: events.NodeEvent) -> None:
    begin = event.start_mark.index
    builder.refuse(
        (begin, begin + 1),
        "this tag means nothing here",
        why="what begins with ! is a tag: it would make something else than plain data of what follows",
        help="leave it out, or write it in quotes if it is meant as text",
    )


def resolve(text: str) -> Any:
    """What a word without quotes means."""
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if text[0] in "+-.0123456789" and len(text) <= _LONGEST_NUMBER:
        return _number(text)
    return text


def _number(text: str) -> Any:
    if _INTEGER.fullmatch(text) and not text.endswith("_"):
        digits = text.replace("_", "")
        octal = re.fullmatch(r"([-+]?)0([0-7]+)", digits)
        return int(f"{octal[1]}{octal[2]}", 8) if octal else int(digits, 0)
    if _FRACTION.fullmatch(text):
        return _whole(float(text))
    named = _NAMED.fullmatch(text)
    return float(text.replace(".", "", 1)) if named else text


def _whole(value: float) -> int | float:
    """As kubectl sends it: 30.0 and 3e1 become 30."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


# --- mistakes ---------------------------------------------------------------------------------------------------------


def _explain(bad: yaml.MarkedYAMLError, builder: Builder) -> Problem:
    """The parser's own words, but for what people do most."""
    mark = bad.problem_mark or bad.context_mark
    at = min(mark.index, len(builder.text)) if mark else 0
    place = place_at(builder.name, builder.text, (at, at + 1))
    before = builder.text[builder.text.rfind("\n", 0, at) + 1 : at + 1]
    if "\t" in before and not before.strip():
        begin = at + 1 - len(before) + before.index("\t")
        place = place_at(builder.name, builder.text, (begin, begin + 1))
        return Problem(
            ERROR, place, "a tab cannot indent", "YAML counts blanks, and a tab is none", "indent with blanks"
        )
    problem = visible(bad.problem or "it cannot be read")
    why = f"{visible(bad.context)}" if bad.context else ""
    help = _HELPS.get(problem.partition(",")[0], "are quotes, a colon or blanks missing?")
    return Problem(ERROR, place, f"this is no YAML: {problem}", why, help)


def _of_template(bad: ConfigError, builder: Builder) -> ConfigError:
    """What was refused, unless a line there is one that somebody's tool is to fill in first. The parser may have gone
    on for a line or two until it saw that it was lost."""
    lines = builder.text.split("\n")
    last = bad.problems[0].place.line
    number = next((i for i in range(last - 1, max(-1, last - 4), -1) if _FILLED_IN.match(lines[i])), None)
    if number is None:
        return bad
    begin = sum(len(each) + 1 for each in lines[:number]) + lines[number].index("{{")
    place = place_at(builder.name, builder.text, (begin, begin + 2))
    why = "what stands between {{ and }} is to be filled in first"
    message, help = "this is a template of a manifest", "run what it makes: helm template NAME CHART > pod.yaml"
    return ConfigError((Problem(ERROR, place, message, why, help),))


_HELPS = {
    "mapping values are not allowed here": "write a text with `: ` in quotes, or indent what belongs together alike",
    "mapping values are not allowed in this context": "write a text with `: ` in quotes, or indent "
    "what belongs together alike",
    "did not find expected key": "indent the keys of one mapping alike",
    "did not find expected '-' indicator": "indent the entries of one list alike",
    "found unexpected end of stream": "a quote or a bracket is open",
}


def _explain_character(bad: yaml.reader.ReaderError, builder: Builder) -> Problem:
    at = next((i for i, c in enumerate(builder.text) if yaml.reader.Reader.NON_PRINTABLE.match(c)), 0)
    place = place_at(builder.name, builder.text, (at, at + 1))
    shown = visible(builder.text[at : at + 1])
    return Problem(
        ERROR, place, f"this is no YAML: it has {shown} in it", "YAML is text that can be printed", "leave it out"
    )


def nodes(values: list[Value]) -> Iterator[tuple[int, Value]]:
    """The documents that are not empty, by their number in the text."""
    return ((i, value) for i, value in enumerate(values) if value.data is not None)
