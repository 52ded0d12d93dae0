"""Checks of what an init does with signals, and of the exit code that it hands on."""

import os
import signal

from init_check import check
from init_trace import Gone, hold, is_heard, step_until_it_handles_signals, step_until_it_has_a_child
from init_trial import Trial, is_alive, program, state

TOPIC = "Signals"
CODES = "Exit codes"
STOPS = {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
FAULTS = [signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS]
REAL_TIME = range(34, 65)
ORDINARY = [number for number in range(1, 32)
            if number not in {9, 15, 17, 19, *STOPS, *FAULTS}]
QUEUED = 40
SLEEP = ("sleep", "1000")


def forwards(trial: Trial, numbers: list[int]) -> None:
    """One after the other, each heard before the next is sent."""
    run = trial.start(*program("signals", signal.SIGTERM))
    run.expect("ready")
    for number in numbers:
        run.send(number)
        run.expect(rf"got {int(number)}$")
    run.send(signal.SIGTERM)
    assert run.end().code == 0


@check(TOPIC, "HUP, INT, QUIT, USR1 and all other ordinary signals reach the program")
def forwards_ordinary_signals(trial: Trial) -> None:
    forwards(trial, ORDINARY)


@check(TOPIC, "ABRT, SEGV, BUS, FPE, ILL, TRAP and SYS reach it when somebody sends them")
def forwards_faults_that_somebody_sent(trial: Trial) -> None:
    forwards(trial, FAULTS)


@check(TOPIC, "real-time signals reach it")
def forwards_real_time_signals(trial: Trial) -> None:
    forwards(trial, list(REAL_TIME))


@check(TOPIC, "real-time signals queue: as many arrive as were sent")
def loses_none_that_queue(trial: Trial) -> None:
    run = trial.start(*program("signals", signal.SIGTERM))
    run.expect("ready")
    run.send(*[QUEUED] * 100)
    for _ in range(100):
        run.expect(f"got {QUEUED}$")
    run.send(signal.SIGTERM)
    assert run.end().code == 0


@check(TOPIC, "a grandchild in the program's group gets them, too")
def forwards_to_the_group(trial: Trial) -> None:
    receiver = " ".join(program("signals", signal.SIGUSR2))  # neither ends before the other has told of TERM
    run = trial.start("sh", "-c", f"{receiver} & exec {receiver}")
    run.expect(r"(?s)ready.*ready")
    for sent in (signal.SIGUSR1, signal.SIGTERM):
        run.send(sent)
        run.expect(rf"(?s)got {sent:d}$.*got {sent:d}$")
    run.send(signal.SIGUSR2)
    assert run.end().code == 0


# --- none is lost, however early


@check(TOPIC, "TERM between any two system calls of the init's start ends the program")
def stops_between_any_two_of_its_calls(trial: Trial) -> None:
    for steps in range(1000):
        run, init = hold(trial, *SLEEP)
        child = None
        try:
            step_until_it_handles_signals(init)
            for _ in range(steps):
                child = init.step() or child
                if child:
                    child.release()
        except Gone:
            init.release()
            run.send(signal.SIGTERM)
            assert run.end().code == 143 and steps > 4, "after its start"
            return
        run.send(signal.SIGTERM)
        init.release()
        assert run.end().code == 143, f"{steps} calls after it was ready for signals"
    raise AssertionError("it never comes to rest")


@check(TOPIC, "TERM between any two system calls of the program-to-be, before its exec, ends it; in group mode, too")
def stops_between_any_two_calls_of_its_child(trial: Trial) -> None:
    for steps in range(1000):
        run, init = hold(trial, *SLEEP)
        child = step_until_it_has_a_child(init)
        init.release()
        try:
            for _ in range(steps):
                child.step()
        except Gone:
            child.release()
            run.send(signal.SIGTERM)
            assert run.end().code == 143 and steps > 2, "after the exec"
            return
        run.send(signal.SIGTERM)
        run.until(lambda run=run: is_heard(run.pid, signal.SIGTERM), "the init has heard it")
        child.release()
        assert run.end().code == 143, f"{steps} calls after its birth"
    raise AssertionError("it is never executed")


@check(TOPIC, "any other signal then does what it does to a program that has just begun")
def any_signal_between_any_two_calls_of_its_child(trial: Trial) -> None:
    """Sent where the group may not be there yet, and where it is: at most three calls later."""
    for steps in range(4):
        run, init = hold(trial, *SLEEP)
        child = step_until_it_has_a_child(init)
        init.release()
        for _ in range(steps):
            child.step()
        run.send(signal.SIGUSR1)
        run.until(lambda run=run: is_heard(run.pid, signal.SIGUSR1), "the init has heard it")
        child.release()
        assert run.end().code == 128 + signal.SIGUSR1, f"{steps} calls after its birth"


@check(TOPIC, "200 USR1 and 200 real-time signals in its first instructions: none of those that queue is lost")
def loses_none_that_queue_while_it_starts(trial: Trial) -> None:
    wrap = program("blocking", f"{int(signal.SIGUSR1)},{QUEUED}")
    run, init = hold(trial, *program("signals", signal.SIGTERM), wrap=wrap)
    step_until_it_handles_signals(init)
    sent = 0
    try:
        while sent < 200:
            child = init.step()
            run.send(signal.SIGUSR1, QUEUED)
            sent += 1
            if child:
                child.release()
    except Gone:
        pass
    init.release()
    while sent < 200:
        run.send(signal.SIGUSR1, QUEUED)
        sent += 1
    run.expect("ready")
    for _ in range(sent):
        run.expect(f"got {QUEUED}$")
    run.send(signal.SIGTERM)
    result = run.end()
    assert result.code == 0 and "got 10\n" in result.out


@check(TOPIC, "a signal that was pending and blocked when the init was started is not lost")
def hears_what_was_pending(trial: Trial) -> None:
    wrap = program("blocking", int(signal.SIGUSR1))
    run = trial.start(*program("signals", signal.SIGUSR1), wrap=[*wrap, *program("pending", int(signal.SIGUSR1))])
    assert run.end().code == 0


# --- who cannot be reached, and who must not be


@check(TOPIC, "a program that it may not signal (EPERM) does not end it")
def survives_eperm(trial: Trial) -> None:
    own = ["setpriv", "--reuid", "1", "--clear-groups"]
    script = "echo other; read word; exit 7"
    reading, writing = os.pipe()
    run = trial.start(*own, "sh", "-c", script, wrap=["setpriv", "--bounding-set=-kill"], stdin=reading)
    os.close(reading)
    run.expect("other")
    run.send(signal.SIGUSR1, signal.SIGTERM)
    run.until(lambda: is_heard(run.pid, signal.SIGTERM), "it has heard it")
    assert is_alive(run.pid)
    os.close(writing)
    assert run.end().code == 7


@check(TOPIC, "and is warned about")
def warns_of_eperm(trial: Trial) -> None:
    own = ["setpriv", "--reuid", "1", "--clear-groups"]
    run = trial.start(*own, "sh", "-c", "echo other; exec sleep 1000", wrap=["setpriv", "--bounding-set=-kill"])
    run.expect("other")
    run.send(signal.SIGUSR1)
    run.expect_error(r"[Pp]ermitted|EPERM")


@check(TOPIC, "a program in a group that is not its own any more still gets them")
def reaches_who_has_changed_its_group(trial: Trial) -> None:
    """Its group number is nobody's then, or that of those whom it left there."""
    for left in range(2):
        run = trial.start(*program("changes_its_group", left, signal.SIGQUIT), env={"MINIPOD_GRACE": "1s"})
        run.expect("ready")
        for number in (signal.SIGUSR1, signal.SIGQUIT):
            run.send(number)
            run.expect(f"got {int(number)}$")
        assert run.end().code == 0


@check(TOPIC, "TERM ends a program that is stopped")
def term_ends_a_stopped_program(trial: Trial) -> None:
    run = trial.start(*SLEEP)
    child = run.program("sleep")
    os.kill(child, signal.SIGSTOP)
    run.until(lambda: state(child) == "T", "it is stopped")
    run.send(signal.SIGTERM)
    assert run.end().code == 143


@check(TOPIC, "TSTP, TTIN and TTOU stop the program, CONT lets it go on")
def stop_signals_stop_the_program(trial: Trial) -> None:
    for number in sorted(STOPS):
        run = trial.start(*SLEEP)
        child = run.program("sleep")
        run.send(number)
        run.until(lambda child=child: state(child) == "T", "it is stopped")
        run.send(signal.SIGCONT)
        run.until(lambda child=child: state(child) == "S", "it goes on")
        run.send(signal.SIGTERM)
        assert run.end().code == 143


@check(TOPIC, "a program that handles TSTP sees it")
def tstp_can_be_handled(trial: Trial) -> None:
    run = trial.start(*program("signals", signal.SIGTERM))
    run.expect("ready")
    run.send(signal.SIGTSTP)
    run.expect("got 20$")
    run.send(signal.SIGCONT, signal.SIGTERM)
    run.expect("got 15$")


@check(TOPIC, "a fault of the init itself is one: it ends by SEGV, and at once")
def own_faults_are_faults(trial: Trial) -> None:
    run, init = hold(trial, *SLEEP)
    step_until_it_handles_signals(init)
    init.fault()
    init.release()
    assert run.end().code == 128 + signal.SIGSEGV


# --- odd beginnings


@check(TOPIC, "SIGCHLD ignored by whoever started it: it ends with its program all the same")
def works_when_sigchld_is_ignored(trial: Trial) -> None:
    assert trial.run("sh", "-c", "exit 7", wrap=program("ignoring", int(signal.SIGCHLD))).code == 7


@check(TOPIC, "every signal blocked by whoever started it: they reach the program all the same")
def works_when_everything_is_blocked(trial: Trial) -> None:
    run = trial.start(*program("signals", signal.SIGTERM), wrap=program("blocking", "all"))
    run.expect("ready")
    for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM):
        run.send(number)
        run.expect(f"got {int(number)}$")
    assert run.end().code == 0


# --- exit codes


@check(CODES, "exit codes 0 to 255 are the program's")
def hands_exit_codes_on(trial: Trial) -> None:
    for code in (0, 1, 2, 7, 100, 127, 128, 143, 254, 255):
        assert trial.run("sh", "-c", f"exit {code}").code == code


@check(CODES, "128+N when signal N ended it")
def tells_the_signal_that_ended_it(trial: Trial) -> None:
    for number in (1, 2, 6, 9, 11, 14, 15, 31, 34, 64):
        result = trial.run(*program("ends_by", number))
        assert result.code == 128 + number, (number, result)


@check(CODES, "127 when there is no such program")
def no_such_program_is_127(trial: Trial) -> None:
    for name in ("no-such-program", "./no-such-program", "/no/such/program"):
        assert trial.run(name).code == 127


@check(CODES, "126 when there is one that cannot be executed, and its name is told")
def what_cannot_be_executed_is_126(trial: Trial) -> None:
    file = trial.folder / "plain-file"
    file.write_text("echo\n")
    file.chmod(0o644)
    for name in (file, trial.folder):
        result = trial.run(name)
        assert result.code == 126 and str(name) in result.err


@check(CODES, "the program's own options are never read as the init's")
def leaves_the_program_s_options_alone(trial: Trial) -> None:
    result = trial.run("printf", "%s\n", "-l", "-v", "--version", "--", "-h", command=trial.init.bare)
    assert result.code == 0 and result.lines == ["-l", "-v", "--version", "--", "-h"]
