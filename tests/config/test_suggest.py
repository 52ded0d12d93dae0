"""What a misspelt word was probably meant to be."""

import pytest

from minipod.config.keys import POD, SERVICE, TOP, keys_of
from minipod.config.suggest import closest, did_you_mean


@pytest.mark.parametrize(
    ("word", "scope", "meant"),
    [
        ("restrat", SERVICE, "restart"),
        ("stopSignal", SERVICE, "stop_signal"),
        ("stop-signal", SERVICE, "stop_signal"),
        ("entrypoint", SERVICE, "command"),
        ("depends_on", SERVICE, "after"),
        ("environment", SERVICE, "env"),
        ("runAsUser", SERVICE, "user"),
        ("cwd", SERVICE, "working_dir"),
        ("terminationGracePeriodSeconds", POD, "termination_grace_period"),
        ("activeDeadlineSeconds", POD, "deadline"),
        ("initContainers", TOP, "init"),
        ("containers", TOP, "service"),
        ("frobnicate", SERVICE, None),
        ("", SERVICE, None),
        ("restart" * 20, SERVICE, None),
    ],
)
def test_closest(word, scope, meant):
    assert closest(word, keys_of(scope)) == meant


def test_question():
    assert did_you_mean("chekc", ["check"], before="; ", quote="`") == "; did you mean `check`?"
    assert did_you_mean("chekc", ["run"]) == ""
