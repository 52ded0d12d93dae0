"""Whatever stands where a probe, a hook, notify or a rule may stand: it is refused with words, or the core takes it."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from minipod.config.defaults import to_toml
from minipod.config.read import read_pod
from minipod.errors import ConfigError
from minipod.reaper.encode import encode
from minipod.reaper.lower import lower

# Near enough to what is right that much of it is.
WRONG = st.sampled_from([-1, 2**64, 0.5, True, "", "a b", "a\nb", [], ["a"]])
TIMES = st.sampled_from(["0s", "1s", "10s", "11s", "1ns", "200y", 0, 1, 0.5])
COUNTS = st.sampled_from([0, 1, 1, 2, 3, 2**31])
PORTS = st.sampled_from([0, 1, 80, 65535, 65536, "80"])
HOSTS = st.sampled_from(["localhost", "::1", "[::1]", "10.0.0.1", "db.example", "1.2.3", "a:80", "http://a/", "a" * 99])
PATHS = st.sampled_from(["/", "/x?y z", "/%zz", "\u00e4\U0001f600" * 300, "a b", "a\nb", "a\tb", "x" * 3000])
WORDS = st.lists(st.sampled_from(["true", "$(A)", "a b", ""]), max_size=3) | st.sampled_from(["true -a", "a | b", "'"])
NAMES = st.sampled_from(["Host", "X-A", "User-Agent", "Content-Length", "X Y", ""])
VALUES = st.sampled_from(["", "1", "b: c", "a\r\nb", "\u00e4\U0001f600" * 300, "x" * 9000])
HEADERS = st.dictionaries(NAMES, VALUES, max_size=2) | st.lists(
    st.fixed_dictionaries({"name": NAMES, "value": VALUES}), max_size=2
)
CODES = st.lists(st.sampled_from([0, 1, 255, 256, "TERM", "X"]), max_size=2)


def some(required: dict | None = None, **optional: st.SearchStrategy) -> st.SearchStrategy:
    """A table; now and then something else."""
    return st.one_of(*[st.fixed_dictionaries(required or {}, optional=optional)] * 8, WRONG)


ASKS = {
    "exec": WORDS | some({"command": WORDS}),
    "http_get": some({"port": PORTS}, host=HOSTS, scheme=st.sampled_from(["http", "HTTPS", "ftp"]), path=PATHS,
                     http_headers=HEADERS),
    "tcp_socket": some({"port": PORTS}, host=HOSTS),
    "grpc": some({"port": PORTS}, host=HOSTS, service=PATHS),
    "sleep": TIMES,
}


def asking(*handlers: str, **optional: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(*[some({handler: ASKS[handler]}, **optional) for handler in handlers])


PROBES = asking(
    "exec", "http_get", "tcp_socket", "grpc", period=TIMES, timeout=TIMES, failure_threshold=COUNTS,
    success_threshold=COUNTS, initial_delay=TIMES, termination_grace_period=TIMES,
)
KEYS = {
    **dict.fromkeys(("startup_probe", "liveness_probe", "readiness_probe"), PROBES),
    **dict.fromkeys(("post_start", "pre_stop"), asking("exec", "http_get", "sleep", "tcp_socket")),
    "notify": st.sampled_from(["sd", {"fd": 3}, {"fd": 2}, {"fd": 1024}, {}, 3]),
    "watchdog": TIMES,
    "start_timeout": TIMES,
    "restart_rules": st.lists(some({"exit_codes": CODES}) | some({"not_exit_codes": CODES}), max_size=2),
}
UNITS = st.lists(st.sampled_from(sorted(KEYS)), min_size=1, max_size=2, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({"command": st.just(["true"]), **{name: KEYS[name] for name in names}})
)


def text_of(unit: dict) -> str:
    """TOML. Its strings are JSON's, but for what lies beyond the first plane, which stands there as it is."""
    return "[service.web]\n" + "".join(f"{key} = {_value(value)}\n" for key, value in unit.items())


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {_value(inner)}" for name, inner in value.items()) + "}"
    return to_toml(value)


def test_refused_with_words_or_taken_by_the_core(tmp_path):
    path, taken = tmp_path / "pod.toml", []

    @settings(max_examples=400, deadline=None, derandomize=True, database=None)
    @given(UNITS)
    def refused_or_taken(unit):
        path.write_text(text_of(unit), encoding="utf-8")
        try:
            pod = read_pod(str(path)).pod
        except ConfigError as bad:
            assert all(problem.message and problem.place.line for problem in bad.problems)
        else:
            assert encode(lower(pod))
            taken.extend(key for key in unit if key in KEYS)

    refused_or_taken()
    assert set(taken) == set(KEYS), "some key was never right"
