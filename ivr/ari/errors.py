"""What can go wrong between us and Asterisk."""


class AriError(Exception):
    """A command that Asterisk did not carry out. `status` is its HTTP status; 0 when no answer came at all."""

    def __init__(self, command: str, status: int, reason: str) -> None:
        super().__init__(f"{command}: {status} {reason}" if status else f"{command}: {reason}")
        self.status = status

    @property
    def gone(self) -> bool:
        """The channel, bridge or playback addressed is no longer there (or no longer in our application)."""
        return self.status in (404, 409, 412)

    @property
    def kind(self) -> str:
        """For the metrics: gone, refused, disconnected, overloaded, late."""
        return "gone" if self.gone else "refused"


class Disconnected(AriError):
    """The WebSocket is down, or went down before the answer came: the command may or may not have happened."""

    kind = "disconnected"

    def __init__(self, command: str) -> None:
        super().__init__(command, 0, "no connection to Asterisk")


class Overloaded(AriError):
    """Too many commands wait for their answers; this one was not sent."""

    kind = "overloaded"

    def __init__(self, command: str, waiting: int) -> None:
        super().__init__(command, 0, f"{waiting} commands wait for their answers")


class TooLate(AriError):
    """No answer within the command's deadline."""

    kind = "late"

    def __init__(self, command: str, deadline: float) -> None:
        super().__init__(command, 0, f"no answer within {deadline:g} s")
