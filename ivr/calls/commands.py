"""Commands about a live call, and `carry_out`, the one entry for them.

`by` is the code of the operator who has the call; with a supervisor's command, the name of the user. Whoever takes a
command from outside has made sure that it is they (`ivr/web/access.py`).
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from ivr.ari.errors import AriError
from ivr.link.messages import Refused
from ivr.store.schema import AuditEntry

if TYPE_CHECKING:
    from ivr.calls.exchange import Exchange


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
    nobody else, hears the supervisor. Once more with another `mode` changes it, `off` ends it."""

    phone: str
    mode: Literal["listen", "whisper", "off"] = "listen"


class TakeOver(_Command, frozen=True):
    """A supervisor: the call comes to the operator with this code, who is one's own."""

    operator: str


OF_THE_OPERATOR = (Hold, Unhold, Mute, PauseRecording, Transfer, Consult, Complete, Conference, Return)
OF_SUPERVISORS = (Supervise, TakeOver)
Command = (
    Hold | Unhold | Mute | PauseRecording | Transfer | Consult | Complete | Conference | Return | Supervise | TakeOver
)
ALL: tuple[type[Command], ...] = (*OF_THE_OPERATOR, *OF_SUPERVISORS)


class Done(msgspec.Struct, frozen=True):
    """The command was carried out."""


async def carry_out(exchange: "Exchange", command: Command) -> Done:
    """Carry out a command about a call of this controller; a supervisor's is written to the audit before. Raises
    Refused, which says why nothing has changed."""
    conversation = exchange.conversation(command.call)
    if conversation is None:
        raise Refused("there is no such call any more")
    if isinstance(command, OF_SUPERVISORS):
        action = type(command).__name__.lower() + (f" {command.mode}" if isinstance(command, Supervise) else "")
        entry = AuditEntry(at=datetime.now(UTC), user=command.by, action=action, subject=command.call)
        await exchange.writer.run(lambda session: session.add(entry))
    try:
        await conversation.command(command)
    except AriError as error:
        raise Refused("somebody has just hung up" if error.gone else f"Asterisk did not do it: {error}") from None
    return Done()
