"""The plan behind ``minipod -- PROGRAM``."""

from pathlib import Path

from minipod.reaper.decode import decode
from minipod.reaper.encode import encode
from minipod.reaper.solo import plan, text
from minipod.supervisor.signals import NUMBERS, default_verb
from minipod.supervisor.vocabulary import LogMode, Rule, SignalVerb, Standing, StdinMode, StopScope


def test_the_file_is_what_is_generated(root: Path) -> None:
    assert (root / "csrc/solo_plan.h").read_text(encoding="utf-8") == text(), (
        "run: python -m minipod.reaper.solo > csrc/solo_plan.h"
    )


def test_one_program_that_gets_what_minipod_got() -> None:
    solo = decode(encode(plan()))
    [main] = solo.units
    assert (solo.name, main.name, solo.main_unit, solo.args_unit, solo.exact_env) == ("minipod", "main", 0, 0, True)
    assert (main.argv, main.command_count, main.env, solo.env) == ((), 0, (), ())
    assert (main.rule, main.standing) == (Rule.NEVER, Standing.MAIN)
    assert (main.log.mode, main.stdin_mode) == (LogMode.INHERIT, StdinMode.INHERIT)
    assert (main.leave_rest, main.ask_rest) == (True, False)
    assert (main.stop_scope, main.forward_scope) == (StopScope.GROUP, StopScope.GROUP)
    assert (main.tty, main.tty_optional, main.keep_session) == (True, True, True)
    assert (solo.leave_others, solo.start_once, solo.plain_hangup) == (False, True, True)


def test_signals_of_a_terminal_are_forwarded_and_the_rest_is_as_ever() -> None:
    forwarded = {NUMBERS[name] for name in ("INT", "QUIT", "TSTP", "TTIN", "TTOU")}
    for number, rule in enumerate(plan().rules):
        assert rule.verb is (SignalVerb.FORWARD if number in forwarded else default_verb(number))
        assert rule.verb is not SignalVerb.FORWARD or rule.send == number
