"""The rules (``rules``) for what is decided above one instance: want, the pod, causes and phase."""

from collections.abc import Iterator

from minipod.supervisor.books import Tables
from minipod.supervisor.phase import PhaseBit
from minipod.supervisor.rulebook import acting, at, enters, exactly, rule
from minipod.supervisor.table import CellKind
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Phase, Pod, PodEvent, Want
from minipod.supervisor.vocabulary import WantEvent as W

# --- want --------------------------------------------------------------------------------------------------------


@rule
def the_pods_end_is_the_last_word(t: Tables) -> Iterator[str]:
    """Once the pod ends, no order is taken (spec.md section 8.3: nothing is started or restarted)."""
    for state, event, cell in t.want.cells():
        if state is Want.STOP and cell.kind is CellKind.ACTS:
            yield at(state, event, "acts")
        if state is not Want.STOP and (cell.next is Want.STOP) != (event is W.POD_STOP):
            yield at(state, event, "must lead to stop" if event is W.POD_STOP else "must not end the unit")
    yield from exactly(t.want, A.TELL_WIND_DOWN, lambda s, event, c: event is W.POD_STOP)


@rule
def orders_say_what_is_wanted(t: Tables) -> Iterator[str]:
    """The last order counts: stop holds, start and restart never leave a unit held."""
    for state in (Want.UP, Want.AGAIN, Want.HOLD):
        if (t.want.cell(state, W.ORDER_STOP).next or state) is not Want.HOLD:
            yield at(state, W.ORDER_STOP, "must hold")
        for order in (W.ORDER_START, W.ORDER_RESTART):
            if (t.want.cell(state, order).next or state) is Want.HOLD:
                yield at(state, order, "leaves it held")
    stops = (W.ORDER_STOP, W.ORDER_RESTART)
    yield from exactly(t.want, A.TELL_STOP, lambda s, e, c: s is not Want.HOLD and c.next is not s and e in stops)


@rule
def held_is_until_somebody_says_so(t: Tables) -> Iterator[str]:
    """A unit stopped by hand is held (DESIGN.md section 4): not by predecessors, not by chance does it come back."""
    for state, event, cell in acting(t.want):
        somebody_says_so = event in (W.ORDER_START, W.ORDER_RESTART, W.POD_STOP, W.POD_RESET)
        if state is Want.HOLD and cell.next is not Want.HOLD and not somebody_says_so:
            yield at(state, event, "lets go")


@rule
def again_is_for_one_instance(t: Tables) -> Iterator[str]:
    """Whoever was started anew is judged by its restart policy; whoever still stops is not."""
    if t.want.cell(Want.AGAIN, W.RENEWED).next is not Want.UP:
        yield at(Want.AGAIN, W.RENEWED, "must lead to up")
    for order in (W.ORDER_START, W.ORDER_RESTART):
        if t.want.cell(Want.HOLD, order).next is not Want.AGAIN:
            yield at(Want.HOLD, order, "must lead to again")


@rule
def predecessors_are_heard(t: Tables) -> Iterator[str]:
    """Clear starts whoever is wanted, stuck ends whoever can never start, held or not."""
    for state in (Want.UP, Want.AGAIN):
        if A.ASK_GO not in t.want.cell(state, W.CLEAR).actions:
            yield at(state, W.CLEAR, "must ask to go")
    yield from exactly(t.want, A.TELL_NEVER, lambda s, event, c: event is W.STUCK)


@rule
def predecessors_want_nothing(t: Tables) -> Iterator[str]:
    """What is wanted follows orders and the pod's end; predecessors can at most make of "again" a first start."""
    for state, event, cell in acting(t.want):
        if event in (W.CLEAR, W.STUCK) and cell.next not in (state, Want.UP):
            yield at(state, event, "changes what is wanted")


# --- the pod -----------------------------------------------------------------------------------------------------


_LIVES = (Pod.RUNNING, Pod.CHANGING, Pod.RESETTING)
_ENDS = (Pod.ENDING, Pod.STOPPING)


@rule
def the_first_cause_is_fixed(t: Tables) -> Iterator[str]:
    """The first cause that begins the end fixes the row (DESIGN.md section 6); with it the budget runs and every unit
    is told, once."""
    for action in (A.FIX_CAUSE, A.START_BUDGET, A.WIND_DOWN_ALL):
        yield from exactly(t.pod, action, lambda state, e, cell: state in _LIVES and cell.next in _ENDS)


@rule
def an_eviction_is_short(t: Tables) -> Iterator[str]:
    """The kubelet gives a pod that holds too much 1 s, whatever its grace is (spec.md section 15)."""
    yield from exactly(t.pod, A.CURTAIL, lambda s, event, c: event is PodEvent.EVICTED and s in _LIVES)


@rule
def every_cause_ends_a_running_pod(t: Tables) -> Iterator[str]:
    """A cause without an end would let the container live on; an end without a cause has no exit code. While the pod
    begins anew, whoever ended comes back: only the outside, the pod's deadline and its volumes end it then."""
    outside = {PodEvent.TOLD, PodEvent.POD_DEADLINE, PodEvent.EVICTED}
    for state, ends in ((Pod.RUNNING, set(t.cause)), (Pod.CHANGING, set(t.cause)), (Pod.RESETTING, outside)):
        for event in PodEvent:
            wanted = None if event not in ends else Pod.STOPPING if event is PodEvent.TOLD else Pod.ENDING
            found = t.pod.cell(state, event).next
            if (found if found in _ENDS or wanted else None) is not wanted:
                yield at(state, event, f"must lead to {wanted.word if wanted else 'no end'}")


@rule
def nothing_turns_back(t: Tables) -> Iterator[str]:
    """A pod that ends goes one way; only one that begins anew, or has taken over a plan, runs again."""
    for state, event, cell in acting(t.pod):
        is_on_again = cell.next is Pod.RUNNING and state in _LIVES
        if cell.next.number < state.number and not is_on_again:
            yield at(state, event, "turns back")


@rule
def sweeps_fit_their_states(t: Tables) -> Iterator[str]:
    """Nothing escapes (DESIGN.md section 4): all that is left is asked, then killed; who forked past a walk is killed
    by the next one; who leaves in a hurry kills first."""
    yield from exactly(t.pod, A.SWEEP_TERM, lambda s, event, c: event is PodEvent.UNITS_OVER)
    yield from exactly(t.pod, A.SWEEP_KILL, lambda s, event, c: c.next is Pod.KILLING or event is PodEvent.OVERDUE)
    yield from exactly(t.pod, A.CUT_ALL, lambda s, event, c: s is Pod.STOPPING and event is PodEvent.TOLD)


@rule
def leaving_is_the_last_deed(t: Tables) -> Iterator[str]:
    """OVER without leaving is a container that hangs; leaving elsewhere abandons what still runs."""
    yield from exactly(t.pod, A.LEAVE, enters(Pod.OVER))
    for state, event, cell in acting(t.pod):
        if (cell.next is Pod.OVER) != (event in (PodEvent.NOTHING_LEFT, PodEvent.OVERDUE)):
            yield at(state, event, "leaves" if cell.next is Pod.OVER else "stays")


@rule
def a_second_signal_hurries(t: Tables) -> Iterator[str]:
    """TERM twice must never be slower than TERM once (DESIGN.md section 4)."""
    for state in (Pod.STOPPING, Pod.SWEEPING):
        if not {A.CUT_ALL, A.SWEEP_KILL} & set(t.pod.cell(state, PodEvent.TOLD).actions):
            yield at(state, PodEvent.TOLD, "must hurry")


@rule
def a_first_signal_leaves_the_grace(t: Tables) -> Iterator[str]:
    """Who ends by itself has begun to do what TERM asks for: whoever is left keeps the rest of the grace."""
    for state, wanted in {Pod.ENDING: Pod.STOPPING, Pod.FINISHING: Pod.SWEEPING}.items():
        cell = t.pod.cell(state, PodEvent.TOLD)
        if cell.actions or cell.next is not wanted:
            yield at(state, PodEvent.TOLD, f"must do nothing but remember, in {wanted.word}")


@rule
def a_failed_pod_never_exits_with_0(t: Tables) -> Iterator[str]:
    """DESIGN.md section 6: 0 is for services that all finished with 0, and for a main or a stop that decides itself; a
    failure is never 0 (then 1), a command that could not be executed is 126 if it is not 127, a deadline is 124, and 71
    is for what minipod could not set up."""
    instead = {PodEvent.UNRUNNABLE: 126, PodEvent.UNIT_DEADLINE: 124, PodEvent.POD_DEADLINE: 124}
    instead[PodEvent.UNPREPARED] = 71
    instead |= dict.fromkeys((PodEvent.ALL_DONE, PodEvent.MAIN_OVER, PodEvent.TOLD), 0)
    for event, cause in t.cause.items():
        if cause.if_zero != instead.get(event, 1):
            yield f"{event.word}: {cause.if_zero}"


@rule
def the_phase_is_kubernetes(t: Tables) -> Iterator[str]:
    """spec.md section 1, step 4, first match: a failed init; something that has yet to begin; something that runs or
    will run again; else the end decides, and while there is none it is pending. What is over is judged by its exit code
    alone."""
    for key, phase in enumerate(t.phase):
        bits = {bit for bit in PhaseBit if key >> bit.number & 1}
        ended = Phase.FAILED if PhaseBit.UNSUCCESSFUL in bits else Phase.SUCCEEDED
        steps = [
            (PhaseBit.FAILED_INIT in bits, Phase.FAILED),
            (PhaseBit.OVER in bits, ended),
            (bool(bits & {PhaseBit.PENDING, PhaseBit.UNKNOWN}), Phase.PENDING),
            (bool(bits & {PhaseBit.RUNNING, PhaseBit.RESTARTING}), Phase.RUNNING),
            (PhaseBit.STOPPED in bits, ended),
            (True, Phase.PENDING),
        ]
        if phase is not next(answer for holds, answer in steps if holds):
            yield f"{sorted(bit.word for bit in bits)}: {phase.word}"
