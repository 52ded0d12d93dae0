"""A realistic pod, its plan, bytes that tests may spoil, and C drivers built with sanitizers."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from minipod.model import (
    Ask,
    Backoff,
    Capabilities,
    Control,
    EnvSource,
    Limit,
    Log,
    Mount,
    Notify,
    Pod,
    Probe,
    RestartRule,
    SignalRule,
    Unit,
    Volume,
    VolumeFile,
)
from minipod.reaper.encode import encode
from minipod.reaper.layout import ffi, lib
from minipod.reaper.lower import lower
from minipod.reaper.records import Plan
from minipod.secret import Secret
from minipod.supervisor.rights import UNLIMITED
from minipod.supervisor.vocabulary import (
    Handler,
    Kind,
    LogMode,
    Milestone,
    Overflow,
    SignalVerb,
    StdinMode,
    StopScope,
)

sys.path.insert(0, str(Path(__file__).parent))

SECOND = 1_000_000_000
STRICT = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Wswitch-enum", "-Wconversion", "-Werror"]
PARTS = ("arena", "compare", "environment", "expand", "load", "plan", "refuse", "refuse_errand", "refuse_rights",
         "refuse_sight", "refuse_source", "refuse_volume", "table")
SANITIZED = ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.fixture(scope="session")
def shop() -> Pod:
    """A pod with something in every field."""
    return Pod(
        name="shop",
        labels={"app": "shop", "tier": "front"},
        env={"REGION": "eu", "API_TOKEN": "hunter2", "PATH": "/opt/shop/bin:$(PATH)"},
        main="web",
        deadline=3600 * SECOND,
        termination_grace_period=30 * SECOND,
        termination_message_path="/dev/termination-log",
        signals={
            1: SignalRule(SignalVerb.FORWARD, to=("web", "worker")),
            10: SignalRule(SignalVerb.FORWARD, send=12, to=("web",)),
            14: SignalRule(SignalVerb.IGNORE),
            30: SignalRule(SignalVerb.STOP),
        },
        units=(
            Unit("migrate", Kind.INIT, ("migrate", "--to", "$(VERSION)"), "on_failure", deadline=120 * SECOND,
                 env={"VERSION": "7"}, working_dir="/srv/shop", max_restarts=3, message_own=True,
                 labels={"step": "one", "of": "two"}, image="shop/migrate:7"),
            Unit("logs", Kind.SIDECAR, ("vector",), "always", args=("-c", "/etc/vector.toml"), essential=True,
                 log=Log(LogMode.JSON, Overflow.DROP, "/var/log/vector.log", 1 << 20, 3), stop_signal=3,
                 notify=Notify(fd=3), start_timeout=9 * SECOND,
                 liveness_probe=Probe(Ask(Handler.GRPC, port=50051, service="log.v1.Log"), period=5 * SECOND),
                 post_start=Ask(Handler.SLEEP, sleep=SECOND // 2)),
            Unit("warm-up", Kind.INIT, ("sh", "-c", "curl -s http://localhost/ || exit 3"), "never",
                 exit_codes={3: 0, 255: 1}),
            Unit("web", Kind.SERVICE, ("shop", "serve"), "never", args=("--port", "$(PORT)"), user="www-data",
                 group="33", umask=0o027, env={"PORT": "8080", "REGION": "$(REGION)-1"}, after={"db": Milestone.READY},
                 stop_to=StopScope.MAIN, termination_grace_period=20 * SECOND, stdin=StdinMode.INHERIT,
                 log=Log(LogMode.INHERIT), restart_rules=(RestartRule((42, 43), restart_all=True),),
                 startup_probe=Probe(Ask(Handler.EXEC, ("test", "-e", "$(READY_FILE)")), period=SECOND,
                                     failure_threshold=60, termination_grace_period=2 * SECOND),
                 readiness_probe=Probe(Ask(Handler.HTTP_GET, port=8080, path="/healthz?full", host="::1",
                                           headers=(("X-Probe", "1"), ("Host", "shop.example"))),
                                       initial_delay=SECOND, success_threshold=2),
                 liveness_probe=Probe(Ask(Handler.HTTP_GET, port=8443, scheme="https"), timeout=3 * SECOND),
                 pre_stop=Ask(Handler.EXEC, ("shop", "drain", "$(PORT)"))),
            Unit("worker", Kind.SERVICE, ("shop", "work"), "on_failure", after={"web": Milestone.STARTED},
                 essential=True, backoff=Backoff(initial=SECOND // 2, max=8 * SECOND), log=Log(LogMode.NONE),
                 notify=Notify(), watchdog=30 * SECOND, start_timeout=20 * SECOND, groups=("video", "2000"),
                 limits={"nofile": Limit(1024, 4096), "core": Limit(UNLIMITED, UNLIMITED), "as": Limit(hard=1 << 29)},
                 nice=5, oom_score_adj=-300, no_new_privileges=True, not_root=True,
                 capabilities=Capabilities(("ALL",), ("NET_BIND_SERVICE", "KILL")),
                 mounts=(Mount("conf", "/etc/shop"), Mount("data", "/data/of/all/", "part/$(REGION)", expands=True))),
            Unit("db", Kind.SERVICE, ("postgres",), "always", termination_message_path="/run/db/message",
                 message_from_log=True, read_only=True, own_terminal=True,
                 env_from=(
                     EnvSource("secret", "PASSWORD", "db", "password", is_secret=True, value=Secret(b"hunter2")),
                     EnvSource("secret_file", "KEY", path="/run/secrets/key", is_secret=True, to="fd"),
                     EnvSource("directory", "DB_", path="/etc/db", is_optional=True),
                     EnvSource("limit", "MEMORY", key="limits.memory", divisor="1Mi"),
                     EnvSource("file", "SEED", "data", "S", "run/seed", is_optional=True, default="none"),
                 ),
                 readiness_probe=Probe(Ask(Handler.TCP_SOCKET, port=5432)),
                 mounts=(Mount("data", "/var/lib/db", "db"), Mount("host", "/srv", read_only=True))),
        ),
        volumes=(
            Volume("data", "empty_dir", medium="Memory", size_limit=1 << 26, group=2000),
            Volume("host", "host_path", path="/srv/all", check="DirectoryOrCreate"),
            Volume("conf", "files", files=(
                VolumeFile("shop.toml", 0o644, b"a = 1\0\n"), VolumeFile("keys", 0o600, copy_of="/k", is_optional=True),
            )),
        ),
        hosts=(("192.0.2.7", ("db", "db.shop")),),
        hostname="shop-0",
        log=Log(LogMode.JSON),
        control=Control(socket="/run/shop.sock", listen=("::", 9090)),
    )


@pytest.fixture(scope="session")
def plan(shop: Pod) -> Plan:
    """The records of that pod."""
    return lower(shop)


@pytest.fixture(scope="session")
def raw(plan: Plan) -> bytes:
    """The bytes of that plan."""
    return encode(plan)


class Draft:
    """Bytes of a plan that may be spoiled through the core's own structs."""

    def __init__(self, raw: bytes) -> None:
        self.size = len(raw)
        self.bytes = ffi.new("uint8_t[]", raw)
        self.header = ffi.cast("struct plan_header *", self.bytes)
        self.pod = self.header.pod
        self.units = self.array(lib.PLAN_UNITS, "struct plan_unit")
        self.edges = self.array(lib.PLAN_EDGES, "struct plan_edge")
        self.words = self.array(lib.PLAN_WORDS, "struct plan_string")
        self.variables = self.array(lib.PLAN_VARIABLES, "struct plan_variable")
        self.exits = self.array(lib.PLAN_EXITS, "struct plan_exit")
        self.delays = self.array(lib.PLAN_DELAYS, "uint64_t")
        self.rules = self.array(lib.PLAN_RULES, "struct plan_rule")
        self.targets = self.array(lib.PLAN_TARGETS, "uint32_t")
        self.errands = self.array(lib.PLAN_ERRANDS, "struct plan_errand")
        self.volumes = self.array(lib.PLAN_VOLUMES, "struct plan_volume")
        self.files = self.array(lib.PLAN_FILES, "struct plan_file")
        self.mounts = self.array(lib.PLAN_MOUNTS, "struct plan_mount")
        self.rights = self.array(lib.PLAN_RIGHTS, "struct plan_rights")
        self.limits = self.array(lib.PLAN_LIMITS, "struct plan_limit")
        self.sources = self.array(lib.PLAN_SOURCES, "struct plan_source")

    def array(self, which: int, element: str):
        """The elements of one array."""
        place = self.header.arrays[which]
        return ffi.cast(f"{element}[{place.count}]", self.bytes + place.at)

    def sign(self) -> None:
        """Makes the digest right again."""
        self.header.digest = lib.plan_digest(self.bytes, self.size)

    def refusal(self) -> str | None:
        """The core's clause, or None."""
        why = lib.plan_refuse(self.bytes, self.size)
        return None if why == ffi.NULL else ffi.string(why).decode()


@pytest.fixture
def draft(raw: bytes) -> Draft:
    """The realistic plan, to be spoiled."""
    return Draft(raw)


@pytest.fixture(scope="session")
def driver(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Builds a program of this directory with the plan's part of the core, under sanitizers."""
    built: dict[str, Path] = {}

    def build(name: str) -> Path:
        if name not in built:
            core = [root / "csrc" / f"{part}.c" for part in PARTS]
            program = tmp_path_factory.mktemp("driver") / name
            source = Path(__file__).with_name(f"{name}.c")
            subprocess.run(
                ["gcc", *STRICT, *SANITIZED, f"-I{root / 'csrc'}", "-o", program, source, *core], check=True
            )
            built[name] = program
        return built[name]

    return build
