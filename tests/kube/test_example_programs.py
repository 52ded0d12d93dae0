"""The programs of examples/ where a pod does not show what they promise: no line lost, no half command kept, no plan
half understood, no number made up."""

import importlib
import sys
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[2] / "examples/programs"


@pytest.fixture
def program(monkeypatch):
    """A program as a module."""
    monkeypatch.syspath_prepend(str(PROGRAMS))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if (PROGRAMS / f"{name}.py").exists():
            del sys.modules[name]


class TestCollect:
    @pytest.fixture
    def follow(self, program, tmp_path, monkeypatch, capsys):
        """A follower of app.log, or one that goes on, and what it prints until there is no more."""
        monkeypatch.chdir(tmp_path)

        def run(follower=None) -> tuple[object, str]:
            follower = follower or program("collect").Follower("app.log", "state")
            while follower.step():
                pass
            printed, self.told = capsys.readouterr()
            return follower, printed

        return run

    @staticmethod
    def rotate():
        for number in range(3, 0, -1):
            if Path(f"app.log.{number}").exists():
                Path(f"app.log.{number}").rename(f"app.log.{number + 1}")
        Path("app.log").rename("app.log.1")

    @staticmethod
    def write(text):
        with open("app.log", "a") as file:
            file.write(text)

    def test_lines_come_when_they_are_whole(self, follow):
        follower, printed = follow()
        assert printed == ""
        self.write("one\ntw")
        assert follow(follower)[1] == "one\n"
        self.write("o\n")
        assert follow(follower)[1] == "two\n"

    def test_several_rotations_between_two_looks(self, follow):
        self.write("one\n")
        follower, printed = follow()
        for text in ("two\n", "three\n", "four\n"):
            self.write(text)
            self.rotate()
        self.write("five\n")
        assert printed + follow(follower)[1] == "one\ntwo\nthree\nfour\nfive\n"

    def test_a_last_line_without_an_end_gets_one(self, follow):
        self.write("one")
        follower, _ = follow()
        self.rotate()
        self.write("two\n")
        assert follow(follower)[1] == "one\ntwo\n"

    def test_one_that_begins_late_begins_with_the_oldest(self, follow):
        self.write("one\n")
        self.rotate()
        self.write("two\n")
        assert follow()[1] == "one\ntwo\n"

    def test_one_that_was_killed_goes_on(self, follow):
        self.write("one\ntw")
        assert follow()[1] == "one\n"
        self.write("o\n")
        self.rotate()
        self.write("three\n")
        assert follow()[1] == "two\nthree\n"

    def test_another_file_with_the_same_number_is_another(self, follow):
        self.write("one\n")
        follow()
        Path("app.log").write_text("another\n")  # in place: the inode stays
        assert follow()[1] == "another\n"

    def test_what_is_lost_is_told(self, follow):
        self.write("one\n")
        follower, _ = follow()
        self.write("two\n")
        self.rotate()
        Path("app.log.1").unlink()
        self.write("three\n")
        assert follow(follower)[1] == "two\nthree\n"  # it still had it open, but cannot know what came between
        assert "lines may have been lost" in self.told


class TestResp:
    def test_half_a_command_is_cut_off(self, program, tmp_path):
        resp = program("resp")
        path = tmp_path / "appendonly.aof"
        whole = resp.array([b"SET", b"a", b"1"]) + resp.array([b"INCR", b"a"])
        path.write_bytes(whole + resp.array([b"SET", b"a", b"100"])[:-3])
        store = resp.Store(None)
        resp.load(path, store)
        assert (store.run([b"GET", b"a"]), path.read_bytes()) == (b"$1\r\n2\r\n", whole)

    @pytest.mark.parametrize("words", [[b"WHAT"], [b"SET", b"a"], [b"INCR", b"text"]])
    def test_what_fails_is_not_kept(self, program, tmp_path, words):
        resp = program("resp")
        with open(tmp_path / "aof", "wb") as file:
            store = resp.Store(file)
            store.run([b"SET", b"text", b"x"])
            before = file.tell()
            with pytest.raises(resp.Error):
                store.run(words)
            assert file.tell() == before


class TestJmeter:
    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("HTTPSamplerProxy", "JDBCSampler", "a JDBCSampler is not known here"),
            ("ThreadGroup ", "UltimateThreadGroup ", "a UltimateThreadGroup is not known here"),
            ("ResponseAssertion ", "DurationAssertion ", "a DurationAssertion is not known here"),
            ('"Assertion.test_type">2', '"Assertion.test_type">6', "a response assertion of type 6 is not known here"),
            ("${__P(threads,2)}", "many", "invalid literal"),
            ('testname="visitors"', 'testname="visitors" enabled="false"', "it asks for nothing"),
        ],
    )
    def test_what_it_does_not_know_is_refused(self, program, tmp_path, old, new, why):
        """Rather than run another test than was asked for."""
        path = tmp_path / "test.jmx"
        text = (PROGRAMS.parent / "jmeter/test.jmx").read_text()
        path.write_text(text.replace(f"<{old}", f"<{new}").replace(f"</{old.strip()}>", f"</{new.strip()}>")
                        if f"<{old}" in text else text.replace(old, new))  # fmt: skip
        assert path.read_text() != text
        with pytest.raises(ValueError, match=why):
            program("jmeter").Plan(str(path), {})

    @pytest.mark.parametrize(
        ("kind", "field", "text", "holds"),
        [
            (2, "data", "^hello", True), (2, "data", "^ello", False), (8, "data", "hello", False),
            (8, "data", "hello\n", True), (16, "data", "ell", True), (16, "code", "20", True),
            (2, "code", "^404$", False),
        ],
    )  # fmt: skip
    def test_assertions(self, program, kind, field, text, holds):
        words = {"data": "Assertion.response_data", "code": "Assertion.response_code"}
        assert program("jmeter").Assertion(words[field], kind, [text]).holds(200, "hello\n") is holds


def test_the_adapter_leaves_out_what_it_does_not_know(program):
    text = program("adapter").translate("answered 200 = 3\nmood = 7\nreceived-kb = 0.5\n")
    assert [line for line in text.splitlines() if line[0] != "#"] == [
        "app_up 1", 'app_requests_total{code="200"} 3.0', "app_received_bytes_total 500.0"
    ]  # fmt: skip
