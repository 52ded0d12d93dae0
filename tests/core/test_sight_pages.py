"""The pages on events and metrics say what there is, no more and no less."""

import re
from pathlib import Path

import pytest
from player import Player, request
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from sighted import read, written

from minipod.model import Ask, Pod, Probe, Unit
from minipod.supervisor.vocabulary import Handler, Kind
from minipod.supervisor.world import Fact, FactKind

SECOND = 1_000_000_000
PROBE = Probe(Ask(Handler.TCP_SOCKET, port=1), SECOND, SECOND, SECOND)
POD = Pod("pod", (Unit("web", Kind.SERVICE, ("true",), "never", readiness_probe=PROBE),))


@pytest.fixture
def answer(player: Player):
    ended = Fact(FactKind.ENDED, 0, 1)
    return player.play([*request(POD, facts=[(5 * SECOND, ended)]), "records", "events 1", "metrics 65536"])


def rows(page: Path) -> list[list[str]]:
    """The cells of its tables, without their heads."""
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_key_of_an_event_is_explained(root, answer):
    explained = [key for first, _ in rows(root / "docs/events.md") for key in re.findall("`(.*?)`", first)]
    assert sorted(explained) == sorted({key for record in written(answer) for key in record})


def test_every_family_is_explained(root, answer):
    told = [
        (family.name, family.type, family.documentation, {name for each in family.samples for name in each.labels})
        for family in text_string_to_metric_families(read(answer).metrics)
    ]
    page = [
        (name.strip("`"), kind, what, {label for label in labels.split(", ") if label})
        for name, kind, labels, what in rows(root / "docs/metrics.md")
    ]
    assert page == told
