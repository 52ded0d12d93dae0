"""Requests that would be more than one request: the core refuses them, whoever wrote the plan."""

import pytest

from minipod.reaper.encode import encode
from minipod.reaper.records import Plan, PlanRefused
from minipod.supervisor.words import Handler


def _refusal(plan: Plan) -> str:
    with pytest.raises(PlanRefused) as caught:
        encode(plan)
    return str(caught.value)


def _with(plan: Plan, **fields) -> Plan:
    """The pod's only GET with other words."""
    web = plan.units[3]
    changed = tuple(t._replace(**fields) if t.handler is Handler.HTTP_GET else t for t in web.errands)
    assert changed != web.errands
    return plan._replace(units=(*plan.units[:3], web._replace(errands=changed), *plan.units[4:]))


@pytest.mark.parametrize(
    "headers",
    ["A: b", "A: b\n", "A: b\r", "A: b\r\n\r\n", "\r\nA: b\r\n", "A: b\r\rn", ": b\r\n", "A\r\n", "A b: c\r\n",
     "A: b\nB: c\r\n", "A: \x7f\r\n", "A: b\r\nGET / HTTP/1.1\r\n\r\n"],
)
def test_headers_that_would_be_more_than_headers(plan: Plan, headers: str) -> None:
    assert _refusal(_with(plan, headers=headers)) == "a probe's headers would break its request"


@pytest.mark.parametrize("headers", ["", "A:\r\n", "A: b:c\td\r\n", "A: \u00e4\r\nB: c\r\n"])
def test_headers_that_are_fine(plan: Plan, headers: str) -> None:
    assert encode(_with(plan, headers=headers))


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/\t", "/\x7f", "/\x01"])
def test_a_path_that_would_end_its_line(plan: Plan, path: str) -> None:
    assert _refusal(_with(plan, path=path)) == "a probe's path would break its request"


@pytest.mark.parametrize("host", ["localhost", "1.2.3", "1.2.3.4.5", "[::1]", "::1%lo", "256.1.1.1", "1.2.3.4 "])
def test_hosts_that_are_no_address(plan: Plan, host: str) -> None:
    assert _refusal(_with(plan, host=host)) == "a probe's host is no address, or is not needed"


def test_the_longest_request(plan: Plan) -> None:
    rest = len("shop.example") + len("A: b\r\n")
    assert encode(_with(plan, path="/" * (14_999 - rest), authority="shop.example", headers="A: b\r\n"))
    longer = _with(plan, path="/" * (15_000 - rest), authority="shop.example", headers="A: b\r\n")
    assert _refusal(longer) == "a probe's request is longer than 15,000 bytes"
