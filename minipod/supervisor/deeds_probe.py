"""The simulator's actions for probes and hooks, and what an answer counts. ``csrc/action_probe.c`` and ``errand.c`` are
their twins.

They must never step a machine: they post what follows.
"""

from typing import TYPE_CHECKING

from minipod.supervisor.books import ErrandBook, UnitBook
from minipod.supervisor.deed import does
from minipod.supervisor.deeds import reach
from minipod.supervisor.deeds_time import own_timer
from minipod.supervisor.errands import HOOKS
from minipod.supervisor.probes import ERROR_TRIES, PROBES
from minipod.supervisor.vocabulary import Action, Errand, Handler, LifeEvent, Milestone, ProbeEvent
from minipod.supervisor.world import Notice, Reply

if TYPE_CHECKING:
    from minipod.supervisor.simulate import Simulation

_AFTER_STARTUP = (Errand.LIVENESS, Errand.READINESS, Errand.WATCHDOG)


# --- attempts and their answers ---


def begin(sim: "Simulation", unit: UnitBook, errand: ErrandBook) -> None:
    """A first try of an attempt; what cannot be asked is tried again at once."""
    errand.tries, errand.tried_at = 0, sim.now
    _ask(sim, unit, errand)


def _ask(sim: "Simulation", unit: UnitBook, errand: ErrandBook) -> None:
    errand.tries += 1
    errand.attempt += 1
    errand.is_busy = True
    handler = errand.plan.ask.handler
    if handler is Handler.SLEEP:
        sim.arm((errand.kind, unit.at), sim.now + errand.plan.timeout)
    elif handler is not Handler.NOTIFY:
        sim.world.ask_errand(unit.at, errand.kind, errand.attempt)
    else:
        _SAID_BEFORE[errand.kind](sim, unit, errand)


def _was_ready(sim: "Simulation", unit: UnitBook, errand: ErrandBook) -> None:
    if unit.notified:
        answer(sim, unit, errand, Reply.WELL)


def _is_otherwise(sim: "Simulation", unit: UnitBook, errand: ErrandBook) -> None:
    """Ready or not is told when it is another than what holds."""
    now = unit.notified and not unit.unwell
    if now is not unit.ready:
        answer(sim, unit, errand, Reply.WELL if now else Reply.BADLY)


def _was_triggered(sim: "Simulation", unit: UnitBook, errand: ErrandBook) -> None:
    if unit.triggered:
        unit.triggered = False
        answer(sim, unit, errand, Reply.BADLY)
    else:
        sim.world.ask_errand(unit.at, errand.kind, errand.attempt)


_SAID_BEFORE = {Errand.STARTUP: _was_ready, Errand.READINESS: _is_otherwise, Errand.WATCHDOG: _was_triggered}


def answer(sim: "Simulation", unit: UnitBook, errand: ErrandBook, reply: Reply) -> None:
    """The attempt under way was answered."""
    errand.is_busy = False
    if errand.kind not in PROBES:
        sim.disarm((errand.kind, unit.at))
        sim.post_life_first(unit, LifeEvent.HOOK_DONE if reply is Reply.WELL else LifeEvent.HOOK_FAILED)
    elif reply is not Reply.ERROR:
        _count(sim, unit, errand, well=reply is Reply.WELL)
    elif errand.tries < ERROR_TRIES:
        _ask(sim, unit, errand)
    else:
        sim.post_probe(unit, errand.kind, ProbeEvent.COUNTED)


def _count(sim: "Simulation", unit: UnitBook, errand: ErrandBook, *, well: bool) -> None:
    errand.run = errand.run + 1 if errand.run and errand.last is well else 1
    errand.last = well
    needed = errand.plan.success_threshold if well else errand.plan.failure_threshold
    enough = ProbeEvent.PASSED if well else ProbeEvent.FAILED
    sim.post_probe(unit, errand.kind, enough if errand.run >= needed else ProbeEvent.COUNTED)


def due(sim: "Simulation", unit: UnitBook, kind: Errand) -> None:
    """A probe's timer means what its machine's state says, a hook's is the end of its sleep."""
    if kind in PROBES:
        sim.post_probe(unit, kind, ProbeEvent.DUE)
    else:
        answer(sim, unit, unit.errands[kind], Reply.WELL)


# --- what the program says of itself ---


def hear(sim: "Simulation", unit: UnitBook, notice: Notice) -> None:
    """One message of sd_notify's, or the line on ``notify``'s descriptor."""
    if unit.plan.notify is None:
        return
    if notice is Notice.READY:
        unit.notified, unit.unwell = True, False
    elif notice in (Notice.RELOADING, Notice.STOPPING):
        unit.unwell = True
    for kind in (Errand.STARTUP, Errand.READINESS):
        errand = unit.errands.get(kind)
        if errand and errand.is_busy and errand.plan.ask.handler is Handler.NOTIFY:
            _SAID_BEFORE[kind](sim, unit, errand)
    watchdog = unit.errands.get(Errand.WATCHDOG)
    if watchdog and watchdog.is_busy and notice in (Notice.WATCHDOG, Notice.TRIGGER):
        answer(sim, unit, watchdog, Reply.WELL if notice is Notice.WATCHDOG else Reply.BADLY)
    elif notice is Notice.TRIGGER:
        unit.triggered = True


# --- hooks ---


def _run_hook(sim: "Simulation", unit: UnitBook, kind: Errand) -> None:
    if kind in unit.errands:
        begin(sim, unit, unit.errands[kind])
    else:
        sim.post_life_first(unit, LifeEvent.HOOK_DONE)


@does(Action.RUN_POST_START)
def _run_post_start(sim, unit):
    _run_hook(sim, unit, Errand.POST_START)


@does(Action.RUN_PRE_STOP)
def _run_pre_stop(sim, unit):
    """No grace, no hook."""
    if sim.armed_at(own_timer(unit)) > sim.now:
        _run_hook(sim, unit, Errand.PRE_STOP)
    else:
        sim.post_life_first(unit, LifeEvent.HOOK_DONE)


@does(Action.MARK_UP)
def _mark_up(sim, unit):
    unit.begun = unit.begun_in_round = True
    reach(sim, unit, Milestone.TRIED)
    _begin_probe(sim, unit, Errand.STARTUP)


@does(Action.HALT_PROBES)
def _halt_probes(sim, unit):
    for kind in PROBES:
        sim.post_probe(unit, kind, ProbeEvent.STOPPING)


@does(Action.END_ERRANDS)
def _end_errands(sim, unit):
    for kind in HOOKS:
        if kind in unit.errands:
            unit.errands[kind].is_busy = False
            sim.disarm((kind, unit.at))
    for kind in PROBES:
        sim.post_probe(unit, kind, ProbeEvent.GONE)


def _begin_probe(sim: "Simulation", unit: UnitBook, kind: Errand) -> None:
    sim.post_probe(unit, kind, ProbeEvent.BEGIN if kind in unit.errands else ProbeEvent.ABSENT)


# --- probes: of the machine that is at work ---


def _arm(sim: "Simulation", unit: UnitBook, when: int) -> None:
    sim.arm((sim.errand_at.kind, unit.at), when)


@does(Action.ARM_FIRST)
def _arm_first(sim, unit):
    _arm(sim, unit, unit.started_at + sim.errand_at.plan.delay)


@does(Action.ARM_NEXT)
def _arm_next(sim, unit):
    _arm(sim, unit, sim.errand_at.tried_at + sim.errand_at.plan.period)


@does(Action.DISARM_PROBE)
def _disarm_probe(sim, unit):
    sim.disarm((sim.errand_at.kind, unit.at))


@does(Action.ATTEMPT)
def _attempt(sim, unit):
    if sim.errand_at.plan.timeout:
        _arm(sim, unit, sim.now + sim.errand_at.plan.timeout)
    begin(sim, unit, sim.errand_at)


@does(Action.TIME_OUT)
def _time_out(sim, unit):
    sim.errand_at.is_busy = False
    _count(sim, unit, sim.errand_at, well=False)


@does(Action.ABANDON)
def _abandon(sim, unit):
    sim.errand_at.is_busy = False
    _disarm_probe(sim, unit)


@does(Action.FORGET_RUN)
def _forget_run(sim, unit):
    sim.errand_at.run = 0


@does(Action.MARK_STARTED)
def _mark_started(sim, unit):
    sim.flag(unit, started=True)
    reach(sim, unit, Milestone.STARTED)
    for kind in _AFTER_STARTUP:
        _begin_probe(sim, unit, kind)


@does(Action.MARK_UNSTARTED)
def _mark_unstarted(sim, unit):
    sim.flag(unit, started=False)


@does(Action.MARK_READY)
def _mark_ready(sim, unit):
    sim.flag(unit, ready=True)
    reach(sim, unit, Milestone.READY)


@does(Action.MARK_UNREADY)
def _mark_unready(sim, unit):
    sim.flag(unit, ready=False)


@does(Action.TELL_UNHEALTHY)
def _tell_unhealthy(sim, unit):
    plan = sim.errand_at.plan
    unit.stop_grace = plan.last_grace if sim.services_left <= 1 else plan.grace
    sim.post_life(unit, LifeEvent.UNHEALTHY)
