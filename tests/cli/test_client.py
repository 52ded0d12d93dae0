"""Who is asked, and what becomes of answers that are none: one line, and an exit code."""

import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_pod import FakePod, being, stay_put

from minipod.errors import PodError
from minipod.reaper import client
from minipod.reaper.events import moment


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """Directories of our own are looked into, and no abstract name is seen but ours."""
    monkeypatch.delenv("MINIPOD_SOCKET", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr(client, "_ABOVE", "")
    monkeypatch.setattr(client, "_UNIX_SOCKETS", str(tmp_path / "unix"))
    (tmp_path / "minipod").mkdir()
    return tmp_path


def test_nobody_is_there(nowhere, say) -> None:
    said = say("get")
    assert (said.code, said.out, said.err) == (3, "", "minipod: no minipod answers here\n")


def test_the_only_one_is_found(nowhere, say) -> None:
    with FakePod(str(nowhere / "minipod/shop.sock")):
        assert say("get", "-o", "name").out.split()[0] == "pod/shop"


def test_who_is_gone_does_not_count(nowhere, say) -> None:
    stay_put(str(nowhere / "minipod/gone.sock"))
    assert "no minipod answers at " in say("get").err
    with FakePod(str(nowhere / "minipod/shop.sock")):
        assert say("get", "-o", "name").code == 0


def test_what_is_no_socket_is_left_alone(nowhere, say) -> None:
    (nowhere / "minipod/file.sock").write_text("")
    assert say("get").err == "minipod: no minipod answers here\n"


def test_several(nowhere, say) -> None:
    with FakePod(str(nowhere / "minipod/a.sock")) as one, FakePod(str(nowhere / "minipod/b.sock")):
        one.pod["name"] = "cart"
        said = say("get")
        assert (said.code, said.out) == (64, "")
        told = f"cart at {nowhere}/minipod/a.sock, shop at {nowhere}/minipod/b.sock"
        choice = "choose one with --pod NAME or MINIPOD_SOCKET=PATH"
        assert said.err == f"minipod: several pods answer here: {told}; {choice}\n"
        assert say("get", "--pod", "cart", "-o", "name").out.split()[0] == "pod/cart"
        said = say("get", "--pod", "zoo")
        assert (said.code, said.err) == (3, "minipod: no pod called zoo answers here; there is cart, shop\n")


def test_several_of_one_name(nowhere, say) -> None:
    with FakePod(str(nowhere / "minipod/a.sock")) as one, FakePod(str(nowhere / "minipod/b.sock")) as other:
        said = say("get", "--pod", "shop")
        assert said.code == 64 and one.path in said.err and other.path in said.err
        assert "MINIPOD_SOCKET=PATH" in said.err


def test_a_name_without_a_file(nowhere, say) -> None:
    """Those of our own PID namespace, as the kernel lists them."""
    number = os.stat("/proc/self/ns/pid").st_ino
    name = f"minipod/{number}/test-{os.getpid()}"
    (nowhere / "unix").write_text(f"0: 2 0 10000 1 1 12345 @{name}\n0: 2 0 10000 1 1 12346 @minipod/1/other\n")
    with FakePod(f"\0{name}"):
        assert say("get", "-o", "name").out.split()[0] == "pod/shop"


def test_the_socket_that_was_named_beats_all(nowhere, say, monkeypatch) -> None:
    monkeypatch.setenv("MINIPOD_SOCKET", str(nowhere / "else.sock"))
    with FakePod(str(nowhere / "minipod/shop.sock")):
        said = say("get")
    told = f"minipod: no minipod answers at {nowhere}/else.sock: no such file or directory\n"
    assert (said.code, said.err) == (3, told)


@pytest.mark.parametrize(
    ("status", "body", "code", "said"),
    [
        (409, b'{"error": "the pod is ending: no order is taken", "hint": "wait"}', 1,
         "the pod is ending: no order is taken; wait"),
        (404, b'{"error": "there is no unit of this name", "hint": "look"}', 4, "there is no unit of this name; look"),
        (503, b"garbage", 1, "PID 1 answered with status 503"),
        (503, b"[1]", 1, "PID 1 answered with status 503"),
    ],
)  # fmt: skip
def test_a_no(fake_pod, status, body, code, said) -> None:
    fake_pod.refusals["/v1/units/web/stop"] = status, body
    with pytest.raises(PodError) as caught:
        client.find().post("/v1/units/web/stop")
    assert (caught.value.exit_code, str(caught.value)) == (code, said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"garbage", "no JSON"),
        (b"{}", "does not understand"),
        (b'{"version": 2, "pod": {}, "units": []}', "PID 1 version 2"),
    ],
)
def test_an_answer_that_is_none(fake_pod, say, body, said) -> None:
    fake_pod.refusals["/v1/pod"] = 200, body
    told = say("get")
    assert (told.code, told.out) == (1, "") and said in told.err and told.err.count("\n") == 1


def test_a_word_that_is_not_known(fake_pod, say) -> None:
    fake_pod.units[0]["life"] = "levitating"
    assert "'levitating' is no life" in say("get").err


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", b"nonsense\r\n\r\n",
                                  b"HTTP/1.1 2000 OK\r\n\r\n"])
def test_an_answer_that_is_cut_off(tmp_path, monkeypatch, say, sent) -> None:
    path = str(tmp_path / "cut.sock")
    monkeypatch.setenv("MINIPOD_SOCKET", path)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        threading.Thread(target=_answer_badly, args=(door, sent), daemon=True).start()
        said = say("get")
    assert said == (1, "", f"minipod: {path}: the answer was cut off\n")


def _answer_badly(door: socket.socket, sent: bytes) -> None:
    peer, _ = door.accept()
    peer.recv(4096)
    peer.sendall(sent)
    peer.close()


@pytest.mark.parametrize("is_crowded", [False, True], ids=["silent", "no room at the door"])
def test_no_answer_in_time(tmp_path, monkeypatch, say, is_crowded) -> None:
    path = str(tmp_path / "silent.sock")
    monkeypatch.setenv("MINIPOD_SOCKET", path)
    monkeypatch.setattr(client.Client.__init__, "__defaults__", (0.05,))
    with socket.socket(socket.AF_UNIX) as door, socket.socket(socket.AF_UNIX) as before_us:
        door.bind(path)
        door.listen(0)  # has room for one
        if is_crowded:
            before_us.connect(path)
        said = say("get")
    assert (said.code, said.err) == (124, f"minipod: {path}: no answer within 0.05s\n")


def test_one_that_stands_still_keeps_nobody(nowhere, say) -> None:
    """The other one is found all the same."""
    with socket.socket(socket.AF_UNIX) as door, FakePod(str(nowhere / "minipod/shop.sock")):
        door.bind(str(nowhere / "minipod/frozen.sock"))
        door.listen()
        assert say("get", "-o", "name").out.split()[0] == "pod/shop"


def test_names_are_quoted() -> None:
    assert client.unit_path("a b/c", "logs") == "/v1/units/a%20b%2Fc/logs"


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1970-01-01T00:00:01Z", 10**9),
        ("1970-01-01T00:00:00.000001Z", 1000),
        ("2026-01-31T12:00:00.5Z", 1769860800 * 10**9 + 500_000_000),
        (None, None),
    ],
)
def test_moment(text, ns) -> None:
    assert moment(text) == ns


@pytest.mark.parametrize("text", ["", "now", "2026-01-31T12:00:00", "2026-01-31T12:00:00+01:00"])
def test_no_moment(text) -> None:
    with pytest.raises(ValueError):
        moment(text)


def test_facts_are_json(fake_pod) -> None:
    """The fake server and the client agree on what a document is."""
    assert client.find().get("/v1/pod") == json.loads(json.dumps(fake_pod.document()))


# --- who is believed --------------------------------------------------------------------------------------------------

US, STRANGER = 54321, 54322


@pytest.fixture
def open_pod(monkeypatch) -> Iterator[FakePod]:
    """One that everybody may connect to, by a name."""
    name = f"minipod-test-{os.getpid()}"
    monkeypatch.setenv("MINIPOD_SOCKET", f"@{name}")
    with FakePod(f"\0{name}") as pod:
        yield pod


def test_a_strangers_server_is_not_asked(open_pod) -> None:
    """Nor is one that was named: he could have been quicker than the pod."""
    open_pod.belong_to(STRANGER, STRANGER)
    with being(US, US), pytest.raises(PodError, match="as user 54322 answers there; ask as root") as caught:
        client.find().get("/v1/pod")
    assert caught.value.exit_code == 3 and open_pod.asked == []


@pytest.mark.parametrize(("server", "asker"), [(US, US), (0, US), (STRANGER, 0)])
def test_ours_and_roots_are_believed_and_root_asks_everybody(open_pod, server: int, asker: int) -> None:
    open_pod.belong_to(server, server)
    with being(asker, asker):
        assert client.find().get("/v1/pod")["pod"]["name"] == "shop"


@pytest.fixture
def public_folder(nowhere, monkeypatch) -> Iterator[Path]:
    """One that everybody may see into, with a socket."""
    with tempfile.TemporaryDirectory() as above:
        folder = Path(above) / "minipod"
        folder.mkdir()
        Path(above).chmod(0o755)
        monkeypatch.setenv("XDG_RUNTIME_DIR", above)
        with FakePod(str(folder / "shop.sock")):
            (folder / "shop.sock").chmod(0o666)
            yield folder


@pytest.mark.parametrize(("owner", "asker", "found"), [(STRANGER, US, 0), (US, US, 1), (0, US, 1), (STRANGER, 0, 1)])
def test_somebody_elses_folder_is_left_alone(public_folder, owner: int, asker: int, found: int) -> None:
    os.chown(public_folder, owner, owner)
    with being(asker, asker):
        assert len(list(client._paths(os.environ))) == found


def test_a_link_is_no_folder(public_folder, monkeypatch) -> None:
    link = public_folder / "minipod"
    link.symlink_to(public_folder)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(public_folder))
    with being(US, US):
        assert list(client._paths(os.environ)) == []
    assert len(list(client._paths(os.environ))) == 1
