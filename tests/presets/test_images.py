"""[image."NAME"]: what units run whose image it is, in a pod file and in a manifest."""

import pytest

from minipod import cli
from minipod.config.render import render_error
from minipod.errors import ConfigError
from minipod.reading import read_pod

IMAGE = """
[image."redis:7"]
entrypoint = ["run", "$(A)"]
cmd = ["serve", "$$"]
working_dir = "/"
env = { A = "image", B = "$(A)", C = "3" }
user = "1000:2000"
"""
BARE = '[image."redis:7"]\ncmd = ["serve", "it"]\n'
FORMS = [
    # what the unit says: command, args; then what it runs
    ({}, ("run", "$$(A)", "serve", "$$$$")),
    ({"args": ["x"]}, ("run", "$$(A)", "x")),
    ({"command": ["own"]}, ("own",)),
    ({"command": ["own"], "args": ["x"]}, ("own", "x")),
]
BARE_FORMS = [({}, ("serve", "it")), ({"args": ["x", "y"]}, ("x", "y")), ({"command": ["own"]}, ("own",))]


@pytest.fixture
def write(tmp_path):
    def run(name: str, text: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return str(path)

    return run


def unit_of_toml(write, image: str, given: dict, more: str = ""):
    lines = "".join(f"{key} = {value!r}\n" for key, value in given.items())
    text = f'{image}\n[service.web]\nimage = "redis:7"\n{lines}{more}'
    return read_pod(write("pod.toml", text)).pod.units[0]


def unit_of_manifest(write, tmp_path, image: str, given: dict, **options):
    fields = "".join(f", {key}: {value!r}" for key, value in given.items())
    write("presets/a.toml", image)
    spec = f"spec: {{containers: [{{name: web, image: 'redis:7'{fields}}}]}}"
    path = write("pod.yaml", f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\n{spec}\n")
    return read_pod(path, presets=[str(tmp_path / "presets")], **options).pod.units[0]


@pytest.mark.parametrize(
    ("image", "given", "words"), [(IMAGE, *form) for form in FORMS] + [(BARE, *form) for form in BARE_FORMS]
)
def test_the_words_are_those_of_kubernetes(write, tmp_path, image, given, words):
    """$ is written so that PID 1 replaces nothing of the image's."""
    for unit in (unit_of_toml(write, image, given), unit_of_manifest(write, tmp_path, image, given)):
        assert (*unit.command, *unit.args) == words
        assert unit.image == "redis:7"


def test_what_a_unit_says_goes_before_its_image(write):
    unit = unit_of_toml(write, "[env]\nC = 'pod'\n" + IMAGE, {}, 'env = { A = "own" }\nsecrets = { S = "/x" }\n')
    assert list(unit.env.items()) == [("B", "$$(A)"), ("A", "own")]
    assert (unit.working_dir, unit.user, unit.group) == ("/", "1000", "2000")
    unit = unit_of_toml(write, IMAGE, {"working_dir": "/tmp", "user": "7"})
    assert (unit.working_dir, unit.user, unit.group) == ("/tmp", "7", "")


def test_what_a_container_says_goes_before_its_image(write, tmp_path):
    given = {"env": [{"name": "A", "value": "own"}, {"name": "D", "value": "$(A) $(C)"}], "workingDir": "/tmp"}
    unit = unit_of_manifest(write, tmp_path, IMAGE, given)
    assert unit.env == {"B": "$$(A)", "C": "3", "A": "own", "D": "own $$(C)"}  # an image's are not to be referred to
    assert (unit.working_dir, unit.user, unit.group) == ("/tmp", "1000", "2000")
    unit = unit_of_manifest(write, tmp_path, IMAGE, {"securityContext": {"runAsUser": 7}})
    assert (unit.user, unit.group) == ("7", "")


def test_the_command_line_says_more_of_an_entrypoint(write, tmp_path):
    unit = unit_of_manifest(write, tmp_path, IMAGE, {}, entrypoints=["redis:7=other -v"])
    assert (*unit.command, *unit.args) == ("other", "-v")
    assert unit.env["C"] == "3"


def test_an_image_of_the_command_line_is_the_pods(write, tmp_path):
    """Of what --preset DIR names, which is for other pods, too, nothing is said."""
    write("presets/a.toml", IMAGE)
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: web, {}}}]}}\n"

    def said(container: str, *images: str) -> tuple[list, int]:
        path = write("pod.yaml", pod.format(container))
        with pytest.raises(ConfigError) as caught:
            read_pod(path, presets=[str(tmp_path / "presets")], entrypoints=[f"{image}=run" for image in images])
        return [(each.message, each.help) for each in caught.value.problems], caught.value.exit_code

    no = "no container has the image "
    assert said("image: 'a:1', command: [x]", "a:2", "zz") == (
        [(f"{no}`a:2`", "did you mean `a:1`?"), (f"{no}`zz`", "name one of a:1")], 64
    )  # fmt: skip
    assert said("command: [x]", "a:1") == ([(f"{no}`a:1`", "leave it out")], 64)
    problems, code = said("image: 'a:1'", "a:2")
    assert ([message for message, _ in problems], code) == ([f"{no}`a:2`", "`web` has no command"], 78)
    path = write("pod.yaml", pod.format("image: 'a:1', command: [x]"))
    assert read_pod(path, presets=[str(tmp_path / "presets")], entrypoints=["a:1=run"]).warnings == ()


def test_an_image_may_stand_in_a_directory(write, tmp_path):
    write("presets/a.toml", IMAGE)
    path = write("pod.toml", '[service.web]\nimage = "redis:7"\n')
    assert read_pod(path, presets=[str(tmp_path / "presets")]).pod.units[0].command == ("run", "$$(A)")


def test_a_units_secrets_and_group_go_before_its_image(write):
    image = "[image.a]\nentrypoint = ['x']\nenv = { T = '1', V = '2' }\nuser = '1:2'\n"
    unit = "[service.web]\nimage = 'a'\ngroup = '3'\nsecrets = { T = '/run/t' }\n"
    (web,) = read_pod(write("pod.toml", image + unit)).pod.units
    assert (web.env, web.user, web.group) == ({"V": "2"}, "1", "3")


def test_an_image_is_no_more_than_a_word_without_a_table(write):
    assert unit_of_toml(write, "", {"command": ["own"]}).image == "redis:7"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[service.web]\nimage = "a"\n', "pod.toml:1:10: error: `web` has no command"),
        ('[image.a]\nentrypoint = "a | b"\n[service.web]\nimage = "a"\n', "`entrypoint` needs a shell for"),
        ("[image.a]\nentry = 1\n[service.web]\ncommand = ['x']\n", "unknown key `entry`"),
        ("image = 1\n[service.web]\ncommand = ['x']\n", "`image` must be a table"),
        ("[image]\na = 1\n[service.web]\ncommand = ['x']\n", "`a` must be a table"),
        ("[image.a]\nuser = 'a:b:c'\n[service.web]\ncommand = ['x']\n", "`user` cannot be `b:c`"),
        ("[image.a]\n[service.web]\nimage = 'a'\n", "`web` has no command"),
        ('[service.web]\nimage = "a"\n', "why: nobody says what the image `a` runs"),
        ("[service.web]\nimage = 1\ncommand = ['x']\n", "`image` must be a string"),
        ("[service.web]\nlabels = { '-' = 'x' }\ncommand = ['x']\n", "`-` cannot be a label"),
    ],
)
def test_a_mistake_is_told(write, tmp_path, text, message):
    with pytest.raises(ConfigError) as caught:
        read_pod(write("pod.toml", text))
    said = render_error(caught.value).replace(f"{tmp_path}/", "")
    assert message in said and said.count(": error: ") == 1


def test_a_mistake_of_an_image_is_told_in_it(write, tmp_path):
    path = write("pod.toml", '[image.a]\nentrypoint = ["sh", "-c", "echo $$"]\n[service.web]\nimage = "a"\nargs = 1\n')
    with pytest.raises(ConfigError) as caught:
        read_pod(path)
    assert [(each.place.line, each.severity) for each in caught.value.problems] == [(5, "error")]


def test_two_files_with_one_image(write, tmp_path):
    for name in ("a", "b"):
        write(f"presets/{name}.toml", BARE)
    pod = write("pod.toml", "[service.web]\ncommand = ['x']\n")
    with pytest.raises(ConfigError) as caught:
        read_pod(pod, presets=[str(tmp_path / "presets")])
    (problem,) = caught.value.problems
    assert problem.message == "a second image is called `redis:7`"
    write("pod.toml", "[service.web]\ncommand = ['x']\n" + BARE)
    (tmp_path / "presets/b.toml").unlink()
    assert read_pod(pod, presets=[str(tmp_path / "presets")]).pod.units[0].command == ("x",)


def test_labels_of_a_unit_are_words_and_no_preset_looks_at_them(write, capsys):
    preset = '[preset.a]\nselector = { match_labels = { role = "x" } }\nenv = { A = "1" }\n'
    unit = unit_of_toml(write, preset, {"command": ["own"]}, 'labels = { role = "x" }\n')
    assert unit.labels == {"role": "x"} and unit.env == {}
    path = write("pod.toml", '[service.web]\ncommand = ["true"]\nlabels = { role = "x", tier = "" }\n')
    assert cli.main(["check", path]) == 0
    assert "labels role=x, tier=" in capsys.readouterr().out


def test_an_export_has_the_units_own_image(write, capsys):
    path = write("pod.toml", '[service.web]\nimage = "redis:7"\ncommand = ["x"]\n[service.api]\ncommand = ["y"]\n')
    assert cli.main(["export", "kubernetes", path]) == 64
    assert "api has no image" in capsys.readouterr().err
    for words, images in ((["--image", "api=a:1"], ["redis:7", "a:1"]), (["--image", "b:1"], ["b:1", "b:1"])):
        assert cli.main(["export", "kubernetes", path, *words]) == 0
        said = capsys.readouterr().out
        assert [line.partition("image: ")[2].strip('"') for line in said.splitlines() if "image: " in line] == images
