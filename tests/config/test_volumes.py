"""What [volume.NAME], a unit's volumes and [hosts] become in the model; their mistakes are in errors/."""

import pytest

from minipod.downward import map_text
from minipod.model import Mount, Volume, VolumeFile

MiB = 1 << 20


@pytest.fixture
def volume(read):
    """``volume(text)``: the volume that has these keys."""

    def run(text: str, pod: str = "") -> Volume:
        unit = '[service.web]\ncommand = ["true"]\nvolumes = { data = "/data" }\n'
        (found,) = read(f"{pod}{unit}[volume.data]\n{text}\n").pod.volumes
        return found

    return run


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("empty_dir = true", {}),
        ('empty_dir = { medium = "Memory", size_limit = "64Mi", mode = "0750" }',
         {"medium": "Memory", "size_limit": 64 * MiB, "mode": 0o750}),
        ('empty_dir = { mode = "1777" }', {"mode": 0o1777}),
        ('empty_dir = { mode = "0o2770" }', {"mode": 0o2770}),
        ("empty_dir = {}", {}),
        ('empty_dir = { medium = "", size_limit = 10 }', {"size_limit": 10}),
    ],
)  # fmt: skip
def test_empty_dir(text, wanted, volume):
    assert volume(text) == Volume("data", "empty_dir", **wanted)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('host_path = "/srv/data"', {"path": "/srv/data"}),
        ('host_path = "//srv/./data/"', {"path": "/srv/data"}),
        ('host_path = { path = "/srv", type = "DirectoryOrCreate" }', {"path": "/srv", "check": "DirectoryOrCreate"}),
    ],
)
def test_host_path(text, wanted, volume):
    assert volume(text) == Volume("data", "host_path", **wanted)


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ('files = { "a.conf" = "x", "b/c" = "" }', [VolumeFile("a.conf", 0o644, b"x"), VolumeFile("b/c", 0o644, b"")]),
        ('files = { "./a//b" = "ü" }', [VolumeFile("a/b", 0o644, "ü".encode())]),
        ('files = { run = { content = "x", mode = "755" }, a = "y" }\ndefault_mode = "0600"',
         [VolumeFile("run", 0o755, b"x"), VolumeFile("a", 0o600, b"y")]),
        ('config_map = "/etc/app"', [VolumeFile("", 0o644, copy_of="/etc/app")]),
        ('config_map = { path = "/etc/app", optional = true }',
         [VolumeFile("", 0o644, copy_of="/etc/app", is_optional=True)]),
        ('config_map = { files = { a = "/etc/a", b = { path = "/etc/b", mode = "0400" } }, optional = true }',
         [VolumeFile("a", 0o644, copy_of="/etc/a", is_optional=True),
          VolumeFile("b", 0o400, copy_of="/etc/b", is_optional=True)]),
        ('projected = [{ config_map = "/etc/app" }, { files = { x = "" } }]\ndefault_mode = "0o440"',
         [VolumeFile("", 0o440, copy_of="/etc/app"), VolumeFile("x", 0o440, b"")]),
    ],
)  # fmt: skip
def test_files(text, files, volume):
    assert volume(text) == Volume("data", "files", files=tuple(files))


@pytest.mark.parametrize(
    "text", ['secret = "/run/secrets"', 'projected = [{ files = { x = "" } }, { secret = "/run/secrets" }]']
)
def test_secrets_are_on_no_disk(text, volume):
    assert volume(text).medium == "Memory"
    assert volume(text).files[-1].copy_of == "/run/secrets"


def test_a_file_may_be_called_secret(volume):
    assert volume('files = { secret = "x" }').medium == ""


def test_downward_api(volume):
    fields = {
        "n": "metadata.name", "l": "metadata.labels", "t": "metadata.labels['tier']", "none": "metadata.labels['x']",
    }  # fmt: skip
    text = "[volume.data.downward_api]\n" + "".join(f'{name} = "{field}"\n' for name, field in fields.items())
    found = volume(text, '[pod]\nname = "shop"\nlabels = { tier = "front", app = "shop" }\n')
    assert {file.path: file.content for file in found.files} == {
        "n": b"shop", "l": b'app="shop"\ntier="front"', "t": b"front", "none": b"",
    }  # fmt: skip


def test_map_is_written_with_gos_escapes():
    data = {"b": 'a"\\\n\t\x07\x00\x7f\x85é', "a.b/c": "", "Z": "\u200b\U0001f600\U000e0001"}
    assert map_text(data) == 'Z="\\u200b\U0001f600\\U000e0001"\na.b/c=""\nb="a\\"\\\\\\n\\t\\a\\x00\\x7f\\u0085é"'
    assert map_text({}) == ""


def test_mounts(read):
    text = """[volume]
data = { empty_dir = true }
conf = { empty_dir = true }
[service.web]
command = ["true"]
[service.web.volumes]
data = ["/data/", { path = "/b", sub_path = "x//y/", read_only = true }]
conf = { path = "/c", sub_path_expr = "logs/$(NAME)" }
"""
    (unit,) = read(text).pod.units
    assert unit.mounts == (
        Mount("data", "/data"),
        Mount("data", "/b", "x/y", read_only=True),
        Mount("conf", "/c", "logs/$(NAME)", expands=True),
    )


def test_paths_that_only_begin_alike_are_side_by_side(read):
    unit = '[service.web]\ncommand = ["true"]\nvolumes = { a = ["/data", "/data2", "/dat"] }\n'
    assert len(read(f"{unit}[volume.a]\nempty_dir = true\n").pod.units[0].mounts) == 3


def test_many_mounts_are_not_compared_each_with_each(read):
    """Twice as many would take four times as long otherwise, and 1 MiB of them hours."""
    paths = ", ".join(f'"/data/{number}"' for number in range(30_000))
    pod = f'[service.web]\ncommand = ["true"]\nvolumes = {{ a = [{paths}] }}\n[volume.a]\nempty_dir = true\n'
    assert len(read(pod).pod.units[0].mounts) == 30_000


def test_who_is_inside_of_whom_is_told_whatever_the_order(messages):
    paths = ["/a-b", "/a/b/c", "/x", "/a", "/a/b", "/x", "/ab"]
    pod = f'[service.web]\ncommand = ["true"]\nvolumes = {{ v = {paths} }}\n[volume.v]\nempty_dir = true\n'
    assert messages(pod) == [
        "`/a/b` is inside of `/a`, where another volume is",
        "`/a/b/c` is inside of `/a/b`, where another volume is",
        "two volumes are at `/x`",
    ]


def test_hosts(read):
    text = '[hosts]\n"10.0.0.7" = ["db", "db.local"]\n"fe80::1" = "x"\n[service.web]\ncommand = ["true"]\n'
    assert read(text).pod.hosts == (("10.0.0.7", ("db", "db.local")), ("fe80::1", ("x",)))
