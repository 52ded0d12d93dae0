"""Checks of an init on a terminal, and of standard streams that are closed or broken."""

import fcntl
import itertools
import os
import re
import signal
import struct
import termios

from init_check import check
from init_screen import Screen, named
from init_trial import Stage, Trial, is_alive, program, state
from system_harness import descendants, status
from terminals import BASH, CTRL_BACKSLASH, CTRL_C, CTRL_D, CTRL_Z, FG, PROMPT

TOPIC = "Terminal"
CHILD = Stage.CHILD


# --- in front


@check(TOPIC, "a program in front sees each key's signal, once: Ctrl-C, Ctrl-\\, Ctrl-Z (TSTP), a new window size")
def each_key_is_one_signal(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start(*program("signals", signal.SIGTERM))
        screen.expect("ready")
        for key, number in ((CTRL_C, signal.SIGINT), (CTRL_BACKSLASH, signal.SIGQUIT), (CTRL_Z, signal.SIGTSTP)):
            screen.type(key)
            screen.expect(rf"got {int(number)}\r")
        fcntl.ioctl(screen.ours, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 132, 0, 0))
        screen.expect(rf"got {int(signal.SIGWINCH)}\r")
        run.send(signal.SIGCONT, signal.SIGTERM)
        screen.expect(r"got 15\r")
        run.end()
        numbers = [int(number) for number in re.findall(rb"got (\d+)", screen.take_rest())]
        assert [number for number in numbers if number != signal.SIGCONT] == [2, 3, 20, 28, 15]


@check(TOPIC, "one SIGINT for each Ctrl-C, ten times over")
def one_interrupt_for_each_key(trial: Trial) -> None:
    """Counted by a signal that is sent behind each, and queues."""
    with Screen(trial) as screen:
        run = screen.start(*program("signals", signal.SIGTERM))
        screen.expect("ready")
        for _ in range(10):
            screen.type(CTRL_C)
            screen.expect(r"got 2\r")
            run.send(40)
            screen.expect(r"got 40\r")
        run.send(signal.SIGTERM)
        run.end()
        assert screen.take_rest().count(b"got 2\r") == 10


@check(TOPIC, "the program can open /dev/tty")
def dev_tty_can_be_opened(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start("sh", "-c", "echo own$((1+1)) >/dev/tty; read it </dev/tty; exit $it")
        screen.expect("^own2")
        screen.type("7\n")
        assert run.end().code == 7


@check(TOPIC, "from a shell, too", CHILD)
def dev_tty_can_be_opened_below_a_shell(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start_shell("sh", "-c", "echo own$((1+1)) >/dev/tty; read it </dev/tty; exit $it")
        screen.type('"$@"; exit $?\n')
        screen.expect("^own2")
        screen.type("7\n")
        assert run.end().code == 7


@check(TOPIC, "a shell as the program has job control: Ctrl-C, Ctrl-Z, fg")
def a_shell_has_job_control(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start(*BASH)
        screen.expect(PROMPT)
        screen.type("echo flags=$-; [ -t 0 ] && [ -t 2 ] && echo at$((40+2))\n")
        assert b"m" in screen.expect(r"^flags=(\w+)").group(1)
        screen.expect("^at42")
        screen.type("sleep 1000\n")
        sleeper = named(run, "sleep")
        screen.type(CTRL_Z)
        screen.expect("Stopped +sleep")
        assert state(sleeper) == "T"
        screen.expect(PROMPT)
        screen.type("fg\n")
        run.until(lambda: state(sleeper) != "T", "it goes on")
        screen.expect("fg\r\nsleep 1000\r\n")
        screen.type(CTRL_C)
        run.until(lambda: not status(sleeper), "it has ended")
        screen.expect(PROMPT)
        screen.type("exit 7\n")
        assert run.end().code == 7
        assert b"job control" not in screen.text and b"cannot set terminal" not in screen.text


@check(TOPIC, "Ctrl-Z does nothing where nobody could resume the program")
def ctrl_z_is_nothing_without_a_shell(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start("cat")
        named(run, "cat")
        screen.type("zero\n")
        screen.expect(r"zero\r\nzero\r\n")
        screen.type(CTRL_Z)
        screen.expect(r"\^Z")
        screen.type("word\n")
        screen.expect(r"word\r\nword\r\n")
        screen.type(CTRL_D)
        assert run.end().code == 0


# --- below a shell


@check(TOPIC, "Ctrl-Z gives the shell's prompt back, fg resumes the program, again and again", CHILD)
def ctrl_z_gives_the_prompt_back(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start_shell("cat")
        screen.type('"$@"\n')
        both = [named(run, name) for name in ("cat", run.name)]
        for word in ("one", "two", "three"):
            screen.type(CTRL_Z)
            screen.expect("Stopped")
            screen.expect(PROMPT)
            run.until(lambda: all(state(pid) == "T" for pid in both), "both are stopped")
            screen.type("fg\n")
            screen.expect(FG)
            run.until(lambda: not any(state(pid) == "T" for pid in both), "both go on")
            screen.type(f"{word}\n")
            screen.expect(rf"{word}\r\n{word}\r\n")
        screen.type(CTRL_C)
        screen.expect(PROMPT)
        screen.type("exit $?\n")
        assert run.end().code == 130


@check(TOPIC, "a program that stops itself stops the init, CONT resumes both", CHILD)
def a_stop_of_the_program_stops_the_init(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start_shell("sh", "-c", "kill -STOP $$; echo on$((1+1)); read it; exit $it")
        screen.type('"$@"\n')
        screen.expect("Stopped")
        screen.expect(PROMPT)
        screen.type("fg\n")
        screen.expect("^on2")
        screen.type("6\n")
        screen.expect(PROMPT)
        screen.type("exit $?\n")
        assert run.end().code == 6


@check(TOPIC, "started in the background it leaves the foreground to the shell", CHILD)
def leaves_the_foreground_to_a_shell(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start_shell("sleep", "1000")
        shell = screen.front()
        screen.type('"$@" &\n')
        sleeper = named(run, "sleep")
        screen.expect(PROMPT)
        assert screen.front() == shell
        screen.type("echo still$((40+2))\n")
        screen.expect("^still42")
        screen.expect(PROMPT)
        screen.type("fg\n")
        screen.expect(FG)
        run.until(lambda: screen.front() != shell, "it is in front")
        screen.type(CTRL_C)
        screen.expect(PROMPT)
        assert not is_alive(sleeper) and screen.front() == shell
        screen.type("exit $?\n")
        assert run.end().code == 130


@check(TOPIC, "reading from the background stops the job; fg gives it what is typed", CHILD)
def reading_in_the_background_waits(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start_shell("cat")
        screen.type('"$@" &\n')
        init = named(run, run.name)
        run.until(lambda: state(init) == "T", "it asked for input")
        screen.type("\n")
        screen.expect("Stopped")
        screen.expect(PROMPT)
        screen.type("fg\n")
        screen.expect(FG)
        screen.type("word\n")
        screen.expect(r"word\r\nword\r\n")
        screen.type(CTRL_D)
        screen.expect(PROMPT)
        screen.type("exit $?\n")
        assert run.end().code == 0


@check(TOPIC, "it gives the foreground back at the end, to a parent that does nothing for it")
def gives_the_foreground_back(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start("sh", "-c", "read it; exit 0", above=tuple(program("parent_on_terminal")))
        named(run, run.name)
        screen.type("go\n")
        screen.expect("^over")
        screen.type("9\n")
        assert run.end().code == 9


@check(TOPIC, "and when its program was killed", CHILD)
def gives_the_foreground_back_after_a_kill(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start("sleep", "1000", above=tuple(program("parent_on_terminal")))
        os.kill(named(run, "sleep"), signal.SIGKILL)
        screen.expect("^over")
        screen.type("9\n")
        assert run.end().code == 9


@check(TOPIC, "a pipeline's other commands can use the terminal, too", CHILD)
def a_pipeline_shares_the_terminal(trial: Trial) -> None:
    """A pager reads keys while the init's program writes."""
    pager = "sh -c 'read line; echo $line; read key </dev/tty; echo $key$key; exit 4'"
    with Screen(trial) as screen:
        run = screen.start_shell("sh", "-c", "echo first; exec sleep 1000")
        screen.type(f'"$@" | {pager}\n')
        screen.expect("^first")
        screen.type("k\n")
        screen.expect("^kk")
        named(run, "sleep")
        screen.type(CTRL_C)
        screen.expect(PROMPT)
        screen.type("exit 3\n")
        assert run.end().code == 3


@check(TOPIC, "in a pipeline its program can ask for a line", CHILD)
def a_program_in_a_pipeline_can_ask(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start_shell("sh", "-c", "read it </dev/tty; echo got$it")
        screen.type('"$@" | cat\n')
        named(run, run.name)
        screen.type("one\n")
        screen.expect("^gotone")
        screen.expect(PROMPT)
        screen.type("exit 3\n")
        assert run.end().code == 3


@check(TOPIC, "what the program sets on the terminal stays set", CHILD)
def settings_stay(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start("stty", "-echo", "-icanon", above=tuple(program("parent_on_terminal")))
        screen.expect("^over")
        local = screen.flags()[3]
        assert not local & (termios.ECHO | termios.ICANON)
        screen.type("9")
        assert run.end().code == 9


# --- its loss


def hang_up(screen: Screen, path: os.PathLike, run: object) -> None:
    run.until(lambda: os.path.exists(path) and b"ready" in open(path, "rb").read(), "it is ready")
    screen.let_go()
    screen.hang_up()
    run.until(lambda: b"got 1\n" in open(path, "rb").read(), "it was told")


@check(TOPIC, "a hang-up reaches the program")
def a_hang_up_reaches_the_program(trial: Trial) -> None:
    path = trial.folder / "heard"
    with Screen(trial) as screen:
        run = screen.start(*program("signals_to", path, signal.SIGTERM, signal.SIGHUP))
        hang_up(screen, path, run)
        assert run.end().code == 0


@check(TOPIC, "which then does as it likes: nobody else tells it to end", CHILD)
def a_hang_up_is_no_order_to_end(trial: Trial) -> None:
    path = trial.folder / "heard"
    with Screen(trial) as screen:
        run = screen.start(*program("signals_to", path, signal.SIGUSR1))
        pid = run.pid
        hang_up(screen, path, run)
        os.kill(pid, signal.SIGUSR1)
        assert run.end().code == 0 and b"got 15" not in path.read_bytes()


@check(TOPIC, "below a shell as well", CHILD)
def a_hang_up_reaches_the_program_below_a_shell(trial: Trial) -> None:
    """The shell ends, too. Whoever started it stays: with the namespace's first process all others would end, before
    they had said a word."""
    path = trial.folder / "heard"
    with Screen(trial) as screen:
        stays = ("sh", "-c", '"$@"; until grep -q "got 1$" heard; do sleep 0.01; done', "sh")
        run = screen.start_shell(*program("signals_to", path, signal.SIGTERM, signal.SIGHUP), under=stays)
        screen.type('"$@"\n')
        hang_up(screen, path, run)
        run.end()


@check(TOPIC, "without a terminal nothing is said about it")
def says_nothing_without_a_terminal(trial: Trial) -> None:
    result = trial.run("true", start_new_session=True)
    assert result.code == 0 and result.err == ""


# --- standard streams


@check(TOPIC, "stdin, stdout and stderr closed, in all eight combinations: the program runs, and finds them closed")
def closed_streams_stay_closed(trial: Trial) -> None:
    for count in range(4):
        for closed in itertools.combinations("012", count):
            path = trial.folder / f"given-{''.join(closed)}"
            script = f"[ -e /proc/self/fd/{{}} ] && echo {{}} >>{path}; "
            test = "".join(script.format(fd, fd) for fd in range(3))
            # the shell's own redirection takes the lowest number only while its command runs
            wrap = program("closing", "".join(closed))
            assert trial.run("sh", "-c", f"{test} touch {path}; exit 7", wrap=wrap).code == 7, closed
            assert set(path.read_text().split()) == set("012") - set(closed), closed


@check(TOPIC, "stderr that nobody reads, or that is full: the exit code is what it would be")
def broken_stderr_is_fine(trial: Trial) -> None:
    no_such = trial.run("no-such-program").code
    reading, writing = os.pipe()
    os.close(reading)
    with open("/dev/full", "wb") as full:
        for stderr in (writing, full):
            assert trial.run("sh", "-c", "exit 7", stderr=stderr).code == 7
            assert trial.run("no-such-program", stderr=stderr).code == no_such
            run = trial.start("sh", "-c", "read word; exit 6", stdin=-1, stderr=stderr)
            run.program("sh")
            run.send(signal.SIGURG)
            run.process.stdin.close()
            assert run.end().code == 6
    os.close(writing)


@check(TOPIC, "a job below a shell: nothing is left when the shell's window is closed", CHILD)
def nothing_is_left_after_a_hang_up(trial: Trial) -> None:
    with Screen(trial) as screen:
        run = screen.start_shell("sleep", "1000")
        screen.type('"$@"\n')
        named(run, "sleep")
        screen.let_go()
        screen.hang_up()
        run.end()
        assert not [pid for pid in descendants(run.process.pid) if status(pid).get("Name") == "sleep"]
