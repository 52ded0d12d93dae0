"""`minipod logs`: whose lines, which of them, and in what form."""

import pytest
from fake_pod import at, unit


def line(second: float, name: str, text: str, stream: str = "stdout", **more) -> dict:
    return {"time": at(second), "unit": name, "stream": stream, "line": text, **more}


@pytest.fixture
def pod(fake_pod):
    fake_pod.units = [unit("web"), unit("migrate", "init"), unit("db")]
    fake_pod.lines = [
        line(1, "web", "one"), line(2, "db", "two", "stderr"), line(3, "web", "three"), line(4, "migrate", "four"),
    ]  # fmt: skip
    return fake_pod


def asked(pod) -> list[tuple[str, dict]]:
    return [(path, query) for _, path, query in pod.asked if path.endswith("/logs")]


def test_one_units_bytes_as_they_are(pod, capfdbinary) -> None:
    from minipod import cli

    pod.text = b"caf\xe9\r\n\x00\x1b[31mred\nno end"
    assert cli.main(["logs", "web"]) == 0
    assert capfdbinary.readouterr().out == pod.text
    assert asked(pod) == [("/v1/units/web/logs", {})]


def test_all_units(pod, say) -> None:
    said = say("logs")
    assert said == (0, "web     | one\ndb      | two\nweb     | three\nmigrate | four\n", "")
    assert asked(pod) == [("/v1/logs", {})]


def test_some_units(pod, say) -> None:
    assert say("logs", "db", "web").out == "web | one\ndb  | two\nweb | three\n"


def test_one_unit_with_its_name(pod, say) -> None:
    assert say("logs", "--prefix", "db").out == "db | two\n"


def test_time_stamps(pod, say) -> None:
    assert say("logs", "--timestamps", "db").out == "2026-01-31T11:59:02.000000000Z two\n"
    assert say("logs", "--timestamps", "--prefix", "db").out == "2026-01-31T11:59:02.000000000Z db | two\n"


@pytest.mark.parametrize(
    ("words", "query"),
    [
        (["-f"], {"follow": "1"}),
        (["--follow", "--tail", "3"], {"follow": "1", "tail": "3"}),
        (["-p"], {"previous": "1"}),
        (["--previous", "--tail=-1"], {"previous": "1"}),
        (["--tail=0"], {"tail": "0"}),
        (["--since", "10m"], {"since": "10m"}),
        (["--since", "90"], {"since": "90s"}),
        (["--since", "2026-01-31T11:59:00Z"], {"since": "2026-01-31T11:59:00Z"}),
        (["--since-time", "2026-01-31T11:59:00Z"], {"since": "2026-01-31T11:59:00Z"}),
    ],
)
def test_what_is_asked_for(pod, say, words, query) -> None:
    assert say("logs", *words, "web").code == 0
    assert asked(pod) == [("/v1/units/web/logs", query)]


def test_the_last_lines_of_some_units(pod, say) -> None:
    """Of each, in the order of time."""
    pod.lines += [line(5, "db", "five")]
    assert say("logs", "--tail", "1", "web", "db").out == "web | three\ndb  | five\n"


def test_following_some_units_tells_each_line_once(pod, say) -> None:
    """What came between the two questions is in both answers."""
    pod.news = [line(3, "web", "three"), line(9, "migrate", "not wanted"), line(9, "db", "nine")]
    assert say("logs", "-f", "--tail", "1", "web", "db").out == "db  | two\nweb | three\ndb  | nine\n"
    assert asked(pod)[0] == ("/v1/logs", {"follow": "1", "tail": "0"})


def test_a_line_in_pieces(pod, say) -> None:
    pod.lines = [line(1, "web", "be", partial=True), line(1, "db", "other"), line(2, "web", "gin")]
    pod.lines += [line(3, "web", "rest", partial=True)]
    assert say("logs").out == "db      | other\nweb     | begin\nweb     | rest\n"


def test_a_gap_is_no_line(pod, say) -> None:
    pod.lines = [{"time": at(1), "unit": "web", "lost": True}, line(2, "web", "after")]
    assert say("logs").out == "web     | after\n"


@pytest.mark.parametrize("mode", ["inherit", "none"])
def test_who_is_not_seen(pod, say, mode) -> None:
    pod.units[0]["log"]["mode"] = mode
    said = say("logs", "web")
    assert said.code == 0
    assert said.err == f'minipod: web has log = "{mode}": PID 1 sees nothing of what it writes\n'


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-f", "-p"], "do not go together"),
        (["--tail", "x"], "--tail needs a number"),
        (["--since", "yesterday"], "--since is no duration"),
        (["--since", "1s", "--since-time", "2026-01-31T11:59:00Z"], "do not go together"),
    ],
)
def test_mistakes(pod, say, words, said) -> None:
    told = say("logs", *words)
    assert told.code == 64 and said in told.err
    assert pod.asked == []


def test_a_unit_that_nobody_knows(pod, say) -> None:
    said = say("logs", "bd")
    assert (said.code, said.err) == (4, "minipod: no unit is called bd; did you mean db?\n")
