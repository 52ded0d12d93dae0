"""A supervisord.conf becomes a pod: each option by itself."""

import pytest

from minipod.errors import ConfigError
from minipod.foreign.options import FCGI, GROUP, INCLUDE, PROGRAM, SECTIONS, SUPERVISORD, to_markdown
from minipod.model import Backoff, Limit, Log
from minipod.supervisor.words import LogMode, Milestone, StopScope

SECOND = 1_000_000_000


def program(options: str = "", name: str = "web", command: str = "server") -> str:
    return f"[program:{name}]\ncommand = {command}\n{options}\n"


def wrong(bring, text: str, **more) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        bring(text, **more)
    return [problem.message for problem in caught.value.problems]


def test_who_never_ends_too_soon_is_not_tried_again(bring):
    assert bring(program("autorestart = false\nstartsecs = 0")).said() == []


def test_a_program(bring):
    web = bring(program(command='server --title "a b" \'c d\'')).unit("web")
    assert web.command == ("server", "--title", "a b", "c d")
    assert (web.restart, web.max_restarts, web.stop_to) == ("on_failure", 3, StopScope.MAIN)
    assert web.backoff == Backoff(initial=SECOND, max=3 * SECOND, reset_after=SECOND)
    assert web.termination_grace_period == 10 * SECOND


@pytest.mark.parametrize(
    ("options", "key", "value"),
    [
        ("autorestart = true", "restart", "always"),
        ("autorestart = false", "restart", "never"),
        ("autorestart = unexpected", "restart", "on_failure"),
        ("exitcodes = 0,2", "exit_codes", {2: 0}),
        ("exitcodes = 3", "exit_codes", {0: 1, 3: 0}),
        ("exitcodes =", "restart", "always"),
        ("autorestart = false\nexitcodes = 3", "exit_codes", {3: 0}),
        ("startretries = 7", "max_restarts", 7),
        ("startsecs = 0", "max_restarts", None),
        ("startsecs = 30", "backoff", Backoff(SECOND, 3 * SECOND, 30 * SECOND)),
        ("stopsignal = QUIT", "stop_signal", 3),
        ("stopsignal = sigusr1", "stop_signal", 10),
        ("stopsignal = 9", "stop_signal", 9),
        ("stopwaitsecs = 25", "termination_grace_period", 25 * SECOND),
        ("stopasgroup = true", "stop_to", StopScope.GROUP),
        ("user = www-data", "user", "www-data"),
        ("user = 1000", "user", "1000"),
        ("umask = 002", "umask", 0o002),
        ("directory = /srv", "working_dir", "/srv"),
        ("directory = %(here)s/x", "working_dir", "/etc/supervisor/x"),
        ('environment = A="1,2",B=b/c', "env", {"A": "1,2", "B": "b/c"}),
        ('environment = A="%(ENV_X)s-%%"', "env", {"A": "$(X)-%"}),
        ('environment = A="$$HOME $(x) 50$"', "env", {"A": "$$$HOME $$(x) 50$"}),
        ('environment = A="50$%(ENV_X)s"', "env", {"A": "50$$$(X)"}),
        ("stdout_logfile = /dev/null\nredirect_stderr = true", "log", Log(LogMode.NONE)),
        ("stdout_logfile = NONE\nstderr_logfile = none", "log", Log(LogMode.NONE)),
        ("stdout_logfile = /dev/stdout\nstderr_logfile = /dev/stderr", "log", Log(LogMode.RAW)),
        ("stdout_logfile = AUTO", "log", Log()),
        ("stdout_logfile = /l/a\nstdout_logfile_maxbytes = 1MB\nstdout_logfile_backups = 2", "log",
         Log(LogMode.RAW, file="/l/a", max_size=1 << 20, keep=2)),
        ("stdout_logfile = /l/a\nredirect_stderr = on\nstdout_logfile_maxbytes = 0", "log",
         Log(LogMode.RAW, file="/l/a", max_size=0, keep=10)),
        ("stderr_logfile = /l/e", "log", Log(LogMode.RAW, file="/l/e", max_size=50 << 20, keep=10)),
        ("directory = /srv\nstdout_logfile = a.log", "log",
         Log(LogMode.RAW, file="/srv/a.log", max_size=50 << 20, keep=10)),
    ],
)  # fmt: skip
def test_an_option(bring, options, key, value):
    assert getattr(bring(program(options)).unit("web"), key) == value


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("stdout_syslog = true", "`stdout_syslog` is not carried over"),
        ("stdout_events_enabled = true", "`stdout_events_enabled` is not carried over"),
        ("stderr_capture_maxbytes = 1MB", "`stderr_capture_maxbytes` is not carried over"),
        ("serverurl = http://localhost", "`serverurl` is not carried over"),
        ("environment = A=a%%", "`%` in `environment` is not carried over"),
        ("stdout_logfile = syslog", "`stdout_logfile = syslog` is not carried over"),
        ("stdout_logfile = a.log", "`stdout_logfile` is not carried over"),
        ("stdout_logfile = /l/a\nstderr_logfile = /l/b", "`stderr_logfile` is not carried over"),
        ("stdout_logfile = /l/a\nstderr_logfile = NONE", "what `stderr_logfile` is for is in the other's file, too"),
        ("stdout_logfile = /dev/stdout\nredirect_stderr = true", "stderr does not go to stdout"),
        ("stdout_logfile = /dev/stderr", "stdout does not go to stderr, but to stdout"),
        ("killasgroup = false", "the whole group is killed"),
        ("startretries = 5", "after 5 restarts in a row the pod ends"),
        ("startsecs = 5", "it counts as started at once, not after 5 s"),
        ("autorestart = false\nstartretries = 5", "it is started once"),
        ("username = x", "`username` is not carried over"),
        ("user = %(ENV_NOBODY_SET_IT)s", "`user` is not carried over"),
        ("user = a\nenvironment = X=%(ENV_HOME)s", "%(ENV_HOME)s is not carried over"),
    ],
)
def test_what_is_said(bring, options, said):
    assert said in bring(program(options)).said()


@pytest.mark.parametrize(
    "options",
    ["stdout_syslog = false", "stdout_events_enabled = 0", "stderr_capture_maxbytes = 0", "serverurl = AUTO"],
)
def test_what_asks_for_nothing_is_not_said(bring, options):
    brought = bring(program(options))
    assert brought.said() == []
    assert options in brought.text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("autostart = maybe", "`autostart` must be true or false, not `maybe`"),
        ("autorestart = often", "`autorestart` must be true, false or unexpected, not `often`"),
        ("priority = high", "`priority` must be a whole number, not `high`"),
        ("exitcodes = 256", "`exitcodes` must be exit codes from 0 to 255, with commas between, not `256`"),
        ("stopsignal = FOO", "no signal is called `FOO`"),
        ("umask = 8", "`umask` must be an octal number, not `8`"),
        ("stdout_logfile_maxbytes = 1QB", "`stdout_logfile_maxbytes` must be a size such as 50MB, not `1QB`"),
        ("stopasgroup = true\nkillasgroup = false", "`killasgroup` cannot be false"),
        ("numprocs = 2", "`process_name` lacks %(process_num)s"),
        ("environment = %(ENV_X)s=1", "`%(ENV_X)s` cannot name a variable"),
        ("numprocs = 2\nprocess_name = x", "`process_name` lacks %(process_num)s"),
        ("environment = A", "`environment` is no list of NAME=value"),
        ('environment = A="x', "cannot split `environment`: no closing quotation"),
        ("directory = %(nothing)s", "in `directory` nothing is called 'nothing' here"),
        ("directory = 100%", "in `directory` '%' is no expression"),
        ("process_name = %(process_num)999999999d", None),
    ],
)
def test_what_supervisord_would_refuse(bring, options, said):
    if said is None:
        assert wrong(bring, program(options)) != []
    else:
        assert said in wrong(bring, program(options))


def test_every_mistake_at_once_with_its_place(bring):
    with pytest.raises(ConfigError) as caught:
        bring("[program:a]\ncommand = x\npriority = y\n[program:b]\nautostart = z\n")
    assert [(bad.place.line, bad.place.column) for bad in caught.value.problems] == [(3, 1), (4, 1), (5, 1)]
    assert caught.value.problems[0].place.source == "priority = y"


@pytest.mark.parametrize("command", ['"', '""', "''  x", "%(ENV_X", ""])
def test_a_command_that_is_none(bring, command):
    assert wrong(bring, program(command=command)) != []


def test_variables_of_a_command_stay_variables(bring):
    brought = bring(program(command="run %(ENV_A)s-%(ENV_B)s '%(ENV_C)s d' $(x)"))
    assert brought.unit("web").command == ("run", "$(A)-$(B)", "$(C) d", "$$(x)")
    assert any("one word" in said for said in brought.said())


def test_the_machines_name_is_the_containers(bring):
    assert bring(program(command="run %(host_node_name)s")).unit("web").command == ("run", "$(HOSTNAME)")


def test_who_uses_a_variable_stands_above_who_sets_it(bring):
    """`%(ENV_A)s` is what A was before."""
    env = bring(program('environment = A="1",B=%(ENV_A)s,PATH=%(ENV_PATH)s:/x')).unit("web").env
    assert list(env) == ["B", "A", "PATH"]
    assert env["PATH"] == "$(PATH):/x"


def test_several_of_one_program(bring):
    options = "numprocs = 2\nnumprocs_start = 8\nprocess_name = %(program_name)s_%(process_num)02d"
    brought = bring(program(options, command="run --port 80%(process_num)02d of %(numprocs)d"))
    assert brought.names == ["web-08", "web-09"]
    assert brought.unit("web-09").command == ("run", "--port", "8009", "of", "2")


def test_two_do_not_write_one_file(bring):
    options = "numprocs = 2\nprocess_name = x%(process_num)d\nstdout_logfile = /l/a"
    brought = bring(program(options))
    assert [unit.log.file for unit in brought.reading.pod.units] == ["/l/a", ""]
    assert "`stdout_logfile` of all but the first unit is not carried over" in brought.said()


def test_priority_is_order(bring):
    priorities = {"b": "priority = 20", "a": "priority = 10", "c": "", "d": "priority = 20"}
    brought = bring("".join(program(options, name) for name, options in priorities.items()))
    assert brought.names == ["a", "b", "d", "c"]
    assert [dict(unit.after) for unit in brought.reading.pod.units] == [
        {},
        {"a": Milestone.STARTED},
        {"a": Milestone.STARTED},
        {"b": Milestone.STARTED, "d": Milestone.STARTED},
    ]
    assert brought.reading.pod.termination_grace_period == 30 * SECOND


def test_a_groups_priority_goes_before_its_programs(bring):
    text = "[group:g]\nprograms = a,b\npriority = 5\n" + program("priority=9", "a") + program("priority=8", "b")
    brought = bring(text + program("priority=6", "c"))
    assert brought.names == ["b", "a", "c"]
    assert dict(brought.unit("a").after) == {"b": Milestone.STARTED}
    assert "group_name" not in brought.text


def test_names_that_are_two_in_two_groups(bring):
    name = "process_name = worker"
    brought = bring("[group:g]\nprograms = a\n" + program(name, "a") + program(name, "b"))
    assert sorted(brought.names) == ["b-worker", "g-worker"]


def test_who_is_not_to_start_is_commented_out(bring):
    brought = bring(program() + program("autostart = false\nstdout_syslog = false", "late"))
    assert brought.names == ["web"]
    assert '# [service.late]' in brought.text
    with_it = "\n".join(line.removeprefix("# ") for line in brought.text.partition("# [service.late]")[2].splitlines())
    assert 'command = ["server"]' in with_it
    assert "`autostart = false` is not carried over" in brought.said()


def test_nothing_left_to_run(bring):
    assert wrong(bring, "[supervisord]\n") == ["nothing is left to run"]
    assert wrong(bring, program("autostart = false")) == ["nothing is left to run"]
    assert wrong(bring, "[fcgi-program:x]\ncommand = x\nsocket = tcp://a:1\n") == ["nothing is left to run"]


def test_supervisord_itself(bring):
    text = """
[supervisord]
identifier = My Shop
user = app
umask = 027
directory = /srv
environment = LANG=C,X="%(here)s"
nodaemon = true
silent = false
minfds = 4096
logfile = /x
"""
    brought = bring(text + program() + program("user = root\numask = 022\ndirectory = /", "other"))
    pod = brought.reading.pod
    assert (pod.name, dict(pod.env)) == ("my-shop", {"LANG": "C", "X": "/etc/supervisor"})
    web, other = brought.unit("web"), brought.unit("other")
    assert (web.user, web.umask, web.working_dir) == ("app", 0o027, "/srv")
    assert (other.user, other.umask, other.working_dir) == ("root", 0o022, "/")
    assert dict(web.limits) == dict(other.limits) == {"nofile": Limit(soft=4096)}
    assert set(brought.said()) == {
        "`minfds` is just the soft limit nofile of every unit", "`logfile` is not carried over",
    }  # fmt: skip


@pytest.mark.parametrize(
    "head",
    "unix_http_server inet_http_server supervisorctl rpcinterface:x ctlplugin:x eventlistener:x nonsense".split(),
)
def test_a_section_that_is_left_behind(bring, head):
    brought = bring(f"{program()}[{head}]\npassword = 123secret\nother = 1\n")
    assert f"[{head}] (password, other) is not carried over" in brought.said()
    assert f"#   [{head}] (password, other): " in brought.text
    assert "123secret" not in brought.text


def test_files_that_are_included(bring, tmp_path):
    (tmp_path / "conf.d" / "deep").mkdir(parents=True)
    (tmp_path / "conf.d" / "b.conf").write_text(program("directory = %(here)s", "b"))
    (tmp_path / "conf.d" / "a.conf").write_text(program("priority = x", "a"))
    text = "[include]\nfiles = conf.d/*.conf %(ENV_MORE)s/*.none\n"
    with pytest.raises(ConfigError) as caught:
        bring(text, environ={"MORE": str(tmp_path)})
    assert caught.value.problems[0].place[:3] == (str(tmp_path / "conf.d" / "a.conf"), 3, 1)
    (tmp_path / "conf.d" / "a.conf").write_text(program("", "a"))
    brought = bring(text, environ={"MORE": str(tmp_path)})
    assert brought.names == ["a", "b"]
    assert brought.unit("b").working_dir == "/etc/supervisor/conf.d"
    assert any("includes" in said for said in brought.said())


def test_what_holds_for_all_sections(bring):
    """Options of [DEFAULT] are everybody's, and wrong nowhere."""
    text = "[DEFAULT]\nautorestart = true\nstartsecs = 3 ; a comment\n[supervisord]\n" + program()
    brought = bring(text)
    assert brought.unit("web").restart == "always"
    assert brought.said() == ["it counts as started at once, not after 3 s"]
    assert brought.problems[0].place[1:] == (3, 1, "startsecs = 3 ; a comment", 9)


def test_comments_behind_a_line(bring):
    brought = bring("[program:web] ; was [old]\r\ncommand = run x;y ;z\r\n  z # more\r\n")
    assert brought.unit("web").command == ("run", "x;y", "z")
    assert "[program:web], supervisord.conf:1" in brought.text


def test_a_group_of_nobody(bring):
    assert "no program is called `x`" in wrong(bring, "[group:g]\nprograms = x\n" + program())


def test_a_line_that_is_none(bring):
    with pytest.raises(ConfigError) as caught:
        bring("[program:x]\ncommand = x\nnonsense\n")
    assert (caught.value.problems[0].place.line, caught.value.problems[0].place.source) == (3, "nonsense")
    assert wrong(bring, "command = x\n") == ["cannot read this line"]




def test_the_table_has_every_option_that_is_documented():
    """The lists of supervisord's own page on its configuration, 4.3."""
    assert set(PROGRAM) == set(
        "command process_name numprocs numprocs_start priority autostart startsecs startretries autorestart exitcodes "
        "stopsignal stopwaitsecs stopasgroup killasgroup user redirect_stderr stdout_logfile stdout_logfile_maxbytes "
        "stdout_logfile_backups stdout_capture_maxbytes stdout_events_enabled stdout_syslog stderr_logfile "
        "stderr_logfile_maxbytes stderr_logfile_backups stderr_capture_maxbytes stderr_events_enabled stderr_syslog "
        "environment directory umask serverurl".split()
    )
    assert set(SUPERVISORD) == set(
        "logfile logfile_maxbytes logfile_backups loglevel pidfile umask nodaemon silent minfds minprocs nocleanup "
        "childlogdir user directory strip_ansi environment identifier".split()
    )
    assert set(FCGI) == {"socket", "socket_owner", "socket_mode", "socket_backlog"}
    assert (set(GROUP), set(INCLUDE)) == ({"programs", "priority"}, {"files"})
    assert set(SECTIONS) >= {"unix_http_server", "inet_http_server", "supervisorctl", "rpcinterface", "eventlistener"}


def test_the_page_has_the_table(request):
    page = (request.config.rootpath / "docs" / "import_options.md").read_text(encoding="utf-8")
    assert to_markdown() == page
