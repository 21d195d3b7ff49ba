"""Commands about a live call, and `carry_out`, the one entry for them.

`by` is the code of the operator who has the call; with a supervisor's command, the name of the user. Whoever takes a
command from outside has made sure that it is they (`ivr/web/access.py`).
"""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from ivr.acd import words as acd
from ivr.acd.state import is_personal
from ivr.ari.errors import AriError
from ivr.flow import words
from ivr.link.messages import Refused
from ivr.store import writes

if TYPE_CHECKING:
    from ivr.calls.exchange import Exchange
    from ivr.calls.session import Session


class _Command(msgspec.Struct, frozen=True, tag=True):
    call: str
    by: str


class Hold(_Command, frozen=True):
    """The operator: the caller hears music, and the recording is silent until `Unhold`."""


class Unhold(_Command, frozen=True):
    """The operator: the caller is back."""


class Mute(_Command, frozen=True):
    """The operator: nobody hears them while it is on."""

    on: bool = True


class PauseRecording(_Command, frozen=True):
    """The operator: while it is on, the recording's time is silence."""

    on: bool = True


class _ToSomebody(_Command, frozen=True):
    """To a queue, or to the operator with this code: one of the two."""

    queue: str = ""
    operator: str = ""


class Transfer(_ToSomebody, frozen=True):
    """The operator: leave the caller to them at once (blind). Who is not answered waits on in the former queue."""


class Consult(_ToSomebody, frozen=True):
    """The operator: speak with them while the caller hears music."""


class Complete(_Command, frozen=True):
    """The operator: leave the caller to whom one has asked."""


class Conference(_Command, frozen=True):
    """The operator: all three together."""


class Return(_Command, frozen=True):
    """The operator: back to the caller; whoever was asked is let go."""


class Supervise(_Command, frozen=True):
    """A supervisor: ring `phone` (an account, as `op-4271`) and hear the call there; with `whisper` the operator, and
    nobody else, hears the supervisor. Once more with another `mode` changes it, `off` ends it. `sound`: the voices as
    they are, or other ones."""

    phone: str
    sound: Literal["anonymised", "original"] = "anonymised"
    mode: Literal["listen", "whisper", "off"] = "listen"


class TakeOver(_Command, frozen=True):
    """A supervisor: the call comes to the operator with this code, who is one's own."""

    operator: str


class Move(_Command, frozen=True):
    """A supervisor: the call, which waits in the queue `waits_in`, goes to another queue, with the time that it has
    waited and what it asks of an operator; to the front of its own; or to the front of another."""

    waits_in: str
    queue: str = ""
    front: bool = False


OF_THE_OPERATOR = (Hold, Unhold, Mute, PauseRecording, Transfer, Consult, Complete, Conference, Return)
OF_SUPERVISORS = (Supervise, TakeOver, Move)
Command = (
    Hold | Unhold | Mute | PauseRecording | Transfer | Consult | Complete | Conference | Return
    | Supervise | TakeOver | Move
)  # fmt: skip
ALL: tuple[type[Command], ...] = (*OF_THE_OPERATOR, *OF_SUPERVISORS)


class Done(msgspec.Struct, frozen=True):
    """The command was carried out."""


async def carry_out(exchange: "Exchange", command: Command) -> Done:
    """Carry out a command about a call of this controller; a supervisor's is written to the audit before. Raises
    Refused, which says why nothing has changed."""
    session = exchange.session(command.call)
    if session is None:
        raise Refused("there is no such call any more")
    if isinstance(command, OF_SUPERVISORS):
        await exchange.writer.run(writes.Audit(command.by, _in_the_audit(command), command.call, datetime.now(UTC)))
    try:
        # Whoever asked may be gone before it is done; what has begun is brought to its end all the same.
        await asyncio.shield(_do(exchange, session, command))
    except AriError as error:
        raise Refused("somebody has just hung up" if error.gone else f"Asterisk did not do it: {error}") from None
    return Done()


def _in_the_audit(command: Command) -> str:
    action = type(command).__name__.lower()
    if not isinstance(command, Supervise):
        return action
    return f"{action} {command.mode}" + (" original" if command.sound == "original" and command.mode != "off" else "")


async def _do(exchange: "Exchange", session: "Session", command: Command) -> None:
    if isinstance(command, Move):
        _move(exchange, session, command)
        return
    if isinstance(command, Supervise) and command.mode != "off":
        await _must_be_there(exchange, command.phone)
    await session.conversation.command(command)


async def _must_be_there(exchange: "Exchange", phone: str) -> None:
    """Raises Refused when nobody could answer at this account, AriError."""
    if phone not in await exchange.ari.online():
        raise Refused(f"your phone {phone} cannot be reached: is it on?")


def _move(exchange: "Exchange", session: "Session", command: Move) -> None:
    """The call hears of it before the router: what is offered then already names the new queue."""
    there, asked = exchange.floor.queue_of(command.call), session.conversation.asked
    if asked is None or not there or is_personal(there):
        raise Refused("the call does not wait in a queue any more")
    if there != command.waits_in:
        raise Refused(f"the call waits in the queue {there}, not in {command.waits_in}")
    queue = "" if command.queue == there else command.queue
    if queue:
        if queue not in session.version.queues:
            raise Refused(f"there is no queue {queue}")
        if why := exchange.floor.refusal(queue, asked.skills, session.language):
            raise Refused(why)
        session.conversation.asked = msgspec.structs.replace(asked, queue=queue)
        session.told(words.Moved(queue))
    elif not command.front:
        raise Refused("say another queue, or the front of its own")
    session.note("moved", {"by": command.by, "to": queue or there, "front": "yes" if command.front else "no"})
    exchange.floor.take(acd.Moved(command.call, queue, command.front))
