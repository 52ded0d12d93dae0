"""The want machine: what is intended of one unit, whatever its process does meanwhile.

Orders and the pod's end change the want first; the lifecycle is told by an event that follows. So a verdict that was
queued before the change is always corrected by what comes after it.
"""

from minipod.supervisor.table import Machine, ignored, impossible, to
from minipod.supervisor.vocabulary import Action as A
from minipod.supervisor.vocabulary import Want as W
from minipod.supervisor.vocabulary import WantEvent as E

_LAST_WORD = "the pod ends: no order is taken"
_ANEW_FIRST = "the pod begins anew first, and this unit with it"
_NO_RESET = "the pod began nothing anew"

WANT = Machine("want", W, E, {
    W.UP: {
        E.CLEAR: to(W.UP, A.ASK_GO),
        E.STUCK: to(W.UP, A.TELL_NEVER),
        E.RENEWED: ignored("it was wanted up already"),
        E.ORDER_START: to(W.UP, A.ASK_GO, why="cuts a back-off short; means nothing to a unit that runs"),
        E.ORDER_STOP: to(W.HOLD, A.TELL_STOP),
        E.ORDER_RESTART: to(W.AGAIN, A.TELL_STOP),
        E.POD_STOP: to(W.STOP, A.TELL_WIND_DOWN),
        E.POD_RESET: to(W.RESET, A.TELL_AFRESH),
        E.ROUND: impossible(_NO_RESET),
    },
    W.AGAIN: {
        E.CLEAR: to(W.UP, A.ASK_GO, why="restarted before its first start"),
        E.STUCK: to(W.UP, A.TELL_NEVER),
        E.RENEWED: to(W.UP),
        E.ORDER_START: ignored("that is what happens"),
        E.ORDER_STOP: to(W.HOLD, A.TELL_STOP, why="on its way out, or its new start decided and not yet done"),
        E.ORDER_RESTART: ignored("that is what happens"),
        E.POD_STOP: to(W.STOP, A.TELL_WIND_DOWN),
        E.POD_RESET: to(W.RESET, A.TELL_AFRESH),
        E.ROUND: impossible(_NO_RESET),
    },
    W.STOP: {
        E.CLEAR: ignored(_LAST_WORD),
        E.STUCK: ignored(_LAST_WORD),
        E.RENEWED: ignored(_LAST_WORD),
        E.ORDER_START: ignored(_LAST_WORD),
        E.ORDER_STOP: ignored(_LAST_WORD),
        E.ORDER_RESTART: ignored(_LAST_WORD),
        E.POD_STOP: impossible("the pod ends once"),
        E.POD_RESET: impossible("the pod ends: it begins nothing anew"),
        E.ROUND: impossible("the pod ends: it begins nothing anew"),
    },
    W.HOLD: {
        E.CLEAR: ignored("an order to start will ask again"),
        E.STUCK: to(W.HOLD, A.TELL_NEVER, why="held or not, it can never start"),
        E.RENEWED: ignored("stopped between the decision and the start: the stop follows"),
        E.ORDER_START: to(W.AGAIN, A.ASK_GO, why="not up: an instance that is still stopping must not be judged"),
        E.ORDER_STOP: ignored("that is so"),
        E.ORDER_RESTART: to(W.AGAIN, A.ASK_GO),
        E.POD_STOP: to(W.STOP, A.TELL_WIND_DOWN),
        E.POD_RESET: to(W.RESET, A.TELL_AFRESH, why="every unit begins anew, also one that was stopped by hand"),
        E.ROUND: impossible(_NO_RESET),
    },
    W.RESET: {
        E.CLEAR: ignored(_ANEW_FIRST),
        E.STUCK: ignored(_ANEW_FIRST),
        E.RENEWED: ignored("started between the decision and the order: the order follows"),
        E.ORDER_START: ignored("that is what happens"),
        E.ORDER_STOP: ignored(_ANEW_FIRST),
        E.ORDER_RESTART: ignored("that is what happens"),
        E.POD_STOP: to(W.STOP, A.TELL_WIND_DOWN),
        E.POD_RESET: impossible("it resets once"),
        E.ROUND: to(W.UP, A.ASK_GO),
    },
})
