"""From a container of a manifest to a unit of the model. Its fields have the right types (``shape``); what goes
together, and what Kubernetes would refuse, is seen here.
"""

from collections.abc import Mapping
from typing import Any

from minipod.config.findings import Path, word
from minipod.config.images import variables
from minipod.config.suggest import closest
from minipod.config.tables import check_said
from minipod.config.values import LABEL, matches
from minipod.kube.environment import Environment, read_environment
from minipod.kube.expansion import quote
from minipod.kube.fields import TYPES
from minipod.kube.mount import read_mounts
from minipod.kube.ports import check_names
from minipod.kube.probe import HOOKS, PROBES, Asker, seconds
from minipod.kube.quantity import parse_quantity
from minipod.kube.security import read_identity
from minipod.kube.setting import Doc, Setting
from minipod.kube.stop_signal import NAMES
from minipod.model import Backoff, Image, RestartRule, Unit
from minipod.supervisor.backoff import SECOND
from minipod.supervisor.words import Handler, Kind, StopScope

# The kubelet's: the first restart at once, then these (spec.md section 5).
BACKOFF = Backoff(10 * SECOND, 300 * SECOND, 600 * SECOND)
START_ERROR = 128  # what containerd says of a program that could not be executed
GRACE = 30
DEFAULT_MESSAGE = "/dev/termination-log"
MOST_RULES, MOST_CODES = 20, 255
_POLICIES = {"Always": "always", "OnFailure": "on_failure", "Never": "never"}
_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_UNREADABLE = ("",)


def read_unit(container: Doc, at: Path, setting: Setting, *, is_init: bool) -> Unit:
    """One unit, as far as it can be read."""
    name = container.get("name", "")
    kind = Kind.SERVICE if not is_init else _init_kind(container)
    _check_name(name, at, setting)
    environment = read_environment(container, at, setting)
    identity = read_identity(container, at, setting)
    command, args = _words(container, at, setting, environment)
    image = setting.image_of(container) or Image()
    _check_directory(container, at, setting)
    check_names(container, at, setting)
    _check_resources(container, at, setting)
    _check_image(container, at, setting)
    return Unit(
        name=name or "unnamed",
        kind=kind,
        command=command,
        args=args,
        restart=_restart(container, kind, setting),
        restart_rules=_rules(container, kind, at, setting),
        env={**variables(image, environment.values), **environment.texts},
        env_from=environment.sources,
        working_dir=container.get("workingDir", image.working_dir),
        image=container.get("image", ""),
        own_terminal=container.get("tty", False),
        **identity._asdict(),
        **_message(container),
        backoff=BACKOFF,
        stop_signal=_stop_signal(container, at, setting),
        stop_to=StopScope.MAIN,
        termination_grace_period=grace_of(setting.spec),
        unstartable_code=START_ERROR,
        mounts=read_mounts(container, at, setting, environment),
        **_asks(container, kind, at, setting, environment),
    )


def _message(container: Doc) -> Doc:
    """Where its termination message is, by the model's names. The default's name may be the outer container's own, so
    the program gets a file of its own instead."""
    path = container.get("terminationMessagePath", "") or DEFAULT_MESSAGE
    path = path if path.startswith("/") else f"/{path}"  # as the kubelet takes it
    return {
        "message_own": path == DEFAULT_MESSAGE,
        "termination_message_path": "" if path == DEFAULT_MESSAGE else path,
        "message_from_log": container.get("terminationMessagePolicy") == "FallbackToLogsOnError",
    }


def grace_of(spec: Doc) -> int:
    """The pod's grace in ns; the kubelet raises what is below a second."""
    return seconds(max(1, spec.get("terminationGracePeriodSeconds", GRACE)))


def _init_kind(container: Doc) -> Kind:
    return Kind.SIDECAR if container.get("restartPolicy") == "Always" else Kind.INIT


def _check_name(name: str, at: Path, setting: Setting) -> None:
    if name and not matches(LABEL, name):
        setting.found.error(
            (*at, "name"),
            f"{word(name)} cannot name a container",
            why="a name is at most 63 of a-z 0-9 and -, a letter or digit at both ends",
            help="call it for example web",
        )


# --- what is executed -------------------------------------------------------------------------------------------------


def _words(
    container: Doc, at: Path, setting: Setting, environment: Environment
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Command and args as the plan has them."""
    command, args = container.get("command", []), container.get("args", [])
    expanded = [environment.expand(text) for text in args]
    if command:
        if not command[0]:
            setting.found.error((*at, "command", 0), "`command` names no program", help="write its name or its path")
        return tuple(environment.expand(text) for text in command), tuple(expanded)
    image = setting.image_of(container)
    entrypoint, cmd = (image.entrypoint, image.cmd) if image else ((), ())
    rest = expanded or [quote(text) for text in cmd]
    if entrypoint:
        return tuple(quote(text) for text in entrypoint), tuple(rest)
    if cmd and not args:
        return (rest[0],), tuple(rest[1:])
    has_none = image is not None or setting.is_old  # the images of 2014 seldom had one
    if has_none and args and args[0]:
        return (expanded[0],), tuple(expanded[1:])
    if not _is_told(at, setting):
        _refuse_image(container, at, setting)
    return _UNREADABLE, ()


def _is_told(at: Path, setting: Setting) -> bool:
    """Whether there is an error about its command already, or about a field that was most likely meant to be it."""
    words = ("command", "args")
    return any(closest(str(key), TYPES["Container"]) in words for key in setting.wrong.within(at))


def _refuse_image(container: Doc, at: Path, setting: Setting) -> None:
    name, image, has_args = container.get("name", ""), container.get("image", ""), bool(container.get("args"))
    place = (*at, "args") if has_args else at
    if not image or setting.image_of(container) is not None:
        message = f"{word(name)} has {'args but no command' if has_args else 'no command'}"
        why = f"the image {word(image)} has no ENTRYPOINT" if image else "there is no image"
        return setting.found.error(place, message, on_key=True, why=why, help="add command")
    setting.untold.take(image, place, name, has_args=has_args)


def _check_directory(container: Doc, at: Path, setting: Setting) -> None:
    path = container.get("workingDir", "")
    if path and not path.startswith("/"):
        why = "nobody could say relative to which directory it is"
        setting.found.error((*at, "workingDir"), "`workingDir` must begin with /", why=why, help=f"write /{path}")


def _check_image(container: Doc, at: Path, setting: Setting) -> None:
    image = container.get("image", "")
    check_said({}, image, (*at, "image"), setting.found)
    if image != image.strip():
        why = "Kubernetes refuses a blank at either end"
        setting.found.error((*at, "image"), f"`image` cannot be {word(image)}", why=why, help="leave the blank out")


def _check_resources(container: Doc, at: Path, setting: Setting) -> None:
    """What would be given to a container as a device cannot be had; the usual ones are only numbers here."""
    told: set[str] = set()
    given = container.get("resources", {})
    for kind in ("limits", "requests"):
        for name, amount in given.get(kind, {}).items():
            here = (*at, "resources", kind, name)
            number = parse_quantity(amount) or 0
            if name not in _RESOURCES and name not in told and number:
                told.add(name)
                setting.found.error(
                    here,
                    f"{word(name)} cannot be given to a program here",
                    on_key=True,
                    why="no device and no huge pages are handed out",
                    help="leave it out if the program does without",
                    once=True,
                )
            elif number < 0:
                why = "Kubernetes refuses less than nothing"
                setting.found.error(here, f"`{name}` cannot be {word(amount)}", why=why, help="write 0 or more")
    _check_requests(given.get("limits", {}), given.get("requests", {}), (*at, "resources"), setting)


def _check_requests(limits: Doc, requests: Doc, at: Path, setting: Setting) -> None:
    for name in _RESOURCES:
        low, high = (parse_quantity(row[name]) if name in row else None for row in (requests, limits))
        if low is not None and high is not None and low > high >= 0:
            also = (((*at, "limits", name), "the limit"),)
            message, why = f"more {name} is asked for than its limit", "Kubernetes refuses both together"
            setting.found.error((*at, "requests", name), message, also=also, why=why, help="ask for less")


# --- restarts ---------------------------------------------------------------------------------------------------------


def _restart(container: Doc, kind: Kind, setting: Setting) -> str:
    if kind is Kind.SIDECAR:
        return "always"
    policy = container.get("restartPolicy", setting.spec.get("restartPolicy", "Always"))
    return "on_failure" if kind is Kind.INIT and policy == "Always" else _POLICIES[policy]


def _rules(container: Doc, kind: Kind, at: Path, setting: Setting) -> tuple[RestartRule, ...]:
    given = container.get("restartPolicyRules", [])
    here = (*at, "restartPolicyRules")
    if given and "restartPolicy" not in container:
        why = "Kubernetes takes rules only beside a policy of the container's own"
        setting.found.error(
            here, "`restartPolicyRules` needs restartPolicy", on_key=True, why=why, help="add restartPolicy"
        )
    if len(given) > MOST_RULES:
        setting.found.error((*here, MOST_RULES), f"a container has at most {MOST_RULES} rules", help="join some")
    rules = [_rule(each, (*here, i), setting) for i, each in enumerate(given)]
    return tuple(rule for rule in rules if rule is not None)


def _rule(rule: Doc, at: Path, setting: Setting) -> RestartRule | None:
    codes = rule.get("exitCodes")
    if codes is None or "action" not in rule or "operator" not in codes:
        return None
    values = codes.get("values", [])
    if not values or len(values) > MOST_CODES:
        message = f"a rule names 1 to {MOST_CODES} exit codes"
        return setting.found.error((*at, "exitCodes", "values"), message, help="write for example [42]")
    if len(set(values)) < len(values):
        return setting.found.error((*at, "exitCodes", "values"), "an exit code stands twice", help="leave one out")
    return RestartRule(
        tuple(code for code in values if 0 <= code <= 255),
        negated=codes["operator"] == "NotIn",
        restart_all=rule["action"] == "RestartAllContainers",
    )


# --- probes, hooks, stop ----------------------------------------------------------------------------------------------


def _asks(container: Doc, kind: Kind, at: Path, setting: Setting, environment: Environment) -> Mapping[str, Any]:
    """Probes and hooks, by the model's names."""
    asker = Asker(container, environment, setting)
    hooks = container.get("lifecycle", {})
    if kind is Kind.INIT:
        _refuse_asks(container, hooks, at, setting)
        return {}
    probes = {ours: asker.probe(container[name], (*at, name)) for name, ours in PROBES.items() if name in container}
    hooks = {ours: asker.hook(hooks[name], (*at, "lifecycle", name)) for name, ours in HOOKS.items() if name in hooks}
    for name, ours in HOOKS.items():
        ask = hooks.get(ours)
        if ask and ask.handler is Handler.SLEEP and ask.sleep > grace_of(setting.spec):
            setting.found.error(
                (*at, "lifecycle", name, "sleep", "seconds"),
                f"`{name}` sleeps longer than the pod's grace",
                why=f"that is {grace_of(setting.spec) // SECOND} s",
                help="sleep for less, or raise terminationGracePeriodSeconds",
            )
    return {**probes, **hooks}


def _refuse_asks(container: Doc, hooks: Doc, at: Path, setting: Setting) -> None:
    """An init runs to its end: there is nothing to ask."""
    places = [(*at, name) for name in PROBES if name in container]
    places += [(*at, "lifecycle", name) for name in HOOKS if name in hooks]
    for place in places:
        setting.found.error(
            place,
            f"an init has no {place[-1]}",
            on_key=True,
            why="it runs to its end, and then the next one starts",
            help="write restartPolicy: Always if it shall keep running, as a sidecar",
        )


def _stop_signal(container: Doc, at: Path, setting: Setting) -> int:
    name = container.get("lifecycle", {}).get("stopSignal")
    usual = Unit._field_defaults["stop_signal"]
    if name is None:
        return usual
    here = (*at, "lifecycle", "stopSignal")
    if name not in NAMES:
        words = {str(number): each for each, number in NAMES.items()}
        meant = words.get(name, f"SIG{name.upper().removeprefix('SIG')}")
        why = "Kubernetes names signals as SIGTERM, SIGRTMIN+3 or SIGRTMAX-1"
        message, help = f"no signal is called {word(name)}", "write for example SIGTERM"
        return setting.found.error(here, message, near=(meant, tuple(NAMES)), why=why, help=help) or usual
    if "os" not in setting.spec:
        why = "the API server refuses stopSignal without it"
        setting.found.warn(here, "`stopSignal` needs os.name", why=why, help="add os: {name: linux} to the spec")
    return NAMES[name]
