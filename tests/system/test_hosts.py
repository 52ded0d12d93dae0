"""/etc/hosts and the host's name: what units find, and whose lines are left. Each pod has an /etc/hosts of its own, in
a mount namespace of the test's."""

from pathlib import Path

import pytest
from house import HOSTS, House, build, job
from system_harness import Launcher

from minipod.reaper.encode import encode
from minipod.reaper.lower import lower


@pytest.fixture
def house(launch: Launcher, open_folder: Path) -> House:
    return build(launch, open_folder)


def test_hosts_come_and_go(house: House) -> None:
    hosts = (("192.0.2.1", ("foo", "bar")), ("2001:db8::1", ("baz",)))
    done = house.play(job("cat /etc/hosts", volumes=(), hosts=hosts))
    block = "\n# Entries added by HostAliases.\n192.0.2.1\tfoo\tbar\n2001:db8::1\tbaz\n"
    assert done.out == "".join(f"web | {line}\n" for line in (HOSTS + block).splitlines())
    assert house.hosts.read_text() == HOSTS


def test_lines_of_others_stay_in_hosts(house: House) -> None:
    """What somebody writes meanwhile, and a block that looks like ours: the kubelet's, or that of a pod beside us."""
    others = HOSTS + "\n# Entries added by HostAliases.\n192.0.2.9\tkubelet\n\n192.0.2.8\tother\n"
    house.hosts.write_text(others)
    script = "grep -c Aliases /etc/hosts; grep -c kubelet /etc/hosts; SED echo '192.0.2.3 new' >> /etc/hosts"
    more = "echo '192.0.2.4 more' >> /etc/hosts; echo >> /etc/hosts;"
    for change, left in (("", "192.0.2.3 new\n"), (more, "\n192.0.2.3 new\n")):
        house.hosts.write_text(others)
        done = house.play(job(script.replace("SED", change), volumes=(), hosts=(("192.0.2.1", ("foo",)),)))
        assert done.lines == ["web | 2", "web | 1"]
        assert house.hosts.read_text() == others + ("192.0.2.4 more\n" if change else "") + left


def test_hosts_that_are_there_already_stay(house: House) -> None:
    """Where the kubelet has written what the manifest says."""
    house.hosts.write_text(HOSTS + "\n# Entries added by HostAliases.\n192.0.2.1\tfoo\n")
    before = house.hosts.read_text()
    done = house.play(job("grep -c foo /etc/hosts", volumes=(), hosts=(("192.0.2.1", ("foo",)),)))
    assert done.lines == ["web | 1"] and house.hosts.read_text() == before


def test_hosts_behind_a_link_and_however_many(house: House) -> None:
    """In a file without a last newline: each line comes, and all go."""
    plan, real = house.launch.folder / "job.plan", house.run.parent / "real"
    real.write_text("127.0.0.1 localhost")
    hosts = tuple((f"192.0.2.{i % 250}", (f"host{i}." + "x" * 40,)) for i in range(400))
    plan.write_bytes(encode(lower(job("grep -c xxx /etc/hosts", volumes=(), hosts=hosts))))
    script = f'mount -t tmpfs tmpfs /etc && ln -s {real} /etc/hosts && exec "$@"'
    done = house.launch.call("run", plan, wrap=("sh", "-c", script, "sh")).wait()
    assert done.lines == ["web | 400"] and "cannot" not in done.err
    assert real.read_text() == "127.0.0.1 localhost"


def test_the_name_of_a_host_of_its_own(house: House) -> None:
    plan = house.launch.folder / "job.plan"
    plan.write_bytes(encode(lower(job("hostname", volumes=(), hostname="shop-0"))))
    done = house.launch.call("run", plan, namespaces=("-u",)).wait()
    assert done.lines == ["web | shop-0"]
