"""A plan as JSON for programs: the records' own names, times in nanoseconds, units by name. Pure."""

import json
from typing import Any

from minipod.commands.errand_text import shown_words
from minipod.commands.rights_text import rights_json
from minipod.commands.secrecy import HIDDEN, shown_header, shown_value
from minipod.commands.volume_text import volume_json
from minipod.reaper.records import Exits, Log, Plan, SignalRule, Source, Task, Unit, Variables
from minipod.supervisor.order import Edge
from minipod.supervisor.signals import name_of
from minipod.supervisor.words import ExitClass, Word


def to_json(plan: Plan) -> str:
    """The whole document; ends with a line feed."""
    return json.dumps(_plan(plan), indent=2, ensure_ascii=True) + "\n"


def _plan(plan: Plan) -> dict[str, Any]:
    names = [unit.name for unit in plan.units]
    return {
        **_plain(plan),
        "main_unit": None if plan.main_unit is None else names[plan.main_unit],
        "args_unit": None if plan.args_unit is None else names[plan.args_unit],
        "volumes": [volume_json(volume) for volume in plan.volumes],
        "units": [_unit(unit) for unit in plan.units],
        "edges": [_edge(edge, names) for edge in plan.edges],
        "rules": {name_of(number): _rule(rule, names) for number, rule in enumerate(plan.rules) if number},
    }


def _plain(record: Any) -> dict[str, Any]:
    """The fields of a record, words as people read them."""
    fields = record._asdict()
    for name, value in fields.items():
        if isinstance(value, Word):
            fields[name] = value.word
        elif isinstance(value, Log):
            fields[name] = _plain(value)
        elif name == "env":
            fields[name] = _variables(value)
        elif name == "labels":
            fields[name] = dict(value)
        elif name in ("margin", "sidecars", "turn"):
            fields[name] = {"cap_ns": value.cap, "divisor": value.divisor}
    return fields


def _variables(pairs: Variables) -> list[dict[str, str]]:
    """A list: a name may stand there twice, and build on its predecessor."""
    return [{"name": name, "value": shown_value(name, value)} for name, value in pairs]


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        **_plain(unit),
        "stop_signal": name_of(unit.stop_signal),
        "exits": _exits(unit.exits),
        "rights": rights_json(unit.rights),
        "sources": [_source(source) for source in unit.sources],
        "errands": [_task(task) for task in unit.errands],
        "mounts": [mount._asdict() for mount in unit.mounts],
    }


def _source(source: Source) -> dict[str, Any]:
    fallback = shown_value(source.name, source.fallback)
    return {**_plain(source), "fallback": fallback, "secret": None if source.secret is None else HIDDEN}


def _task(task: Task) -> dict[str, Any]:
    headers = [shown_header(line) for line in task.headers.split("\r\n") if line]
    return {**_plain(task), "argv": shown_words(task.argv), "headers": headers}


def _exits(exits: Exits) -> dict[str, dict[str, Any]]:
    """By raw code, those that mean something else than themselves."""
    words = [word.word for word in ExitClass]
    return {
        str(raw): {"code": code, "exit_class": words[number]}
        for raw, (code, number) in enumerate(zip(exits.codes, exits.classes, strict=True))
        if (code, number) != (raw, (ExitClass.FAIL if raw else ExitClass.OK).number)
    }


def _edge(edge: Edge, names: list[str]) -> dict[str, str]:
    return {
        "first": names[edge.first],
        "second": names[edge.second],
        "milestone": edge.milestone.word,
        "direction": edge.direction.word,
    }


def _rule(rule: SignalRule, names: list[str]) -> dict[str, Any]:
    send = name_of(rule.send) if rule.send else None
    return {"verb": rule.verb.word, "send": send, "targets": [names[target] for target in rule.targets]}
