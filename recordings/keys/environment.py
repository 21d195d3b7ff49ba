"""KEKs in the environment, as a platform's secrets are given to a process: `NUMERO_NERO_KEY_ORIGINAL_1` is the key
`original-1`. Whoever sets the variables makes the keys and removes them."""

from collections.abc import Mapping

from recordings.keys.local import SIZE, Local
from recordings.keys.ring import Kek, KeyProblem, copy_of

PREFIX = "NUMERO_NERO_KEY_"


class Environment:
    name = f"{PREFIX}…"

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def ids(self) -> list[str]:
        given = (name.removeprefix(PREFIX) for name in self._variables if name.startswith(PREFIX))
        return [id for id in (name.lower().replace("_", "-") for name in given) if copy_of(id)]

    def get(self, id: str) -> Kek:
        name = _variable(id)
        return Local.of(id, self._variables.get(name, ""), name)

    def make(self, id: str) -> None:
        raise KeyProblem(
            f"keys are taken from the environment: set {_variable(id)} to what `openssl rand -hex {SIZE}` prints, for "
            "every process, and start them again; then `ivr keys rewrap`"
        )

    def remove(self, id: str) -> None:
        raise KeyProblem(f"keys are taken from the environment: take {_variable(id)} out of it")


def _variable(id: str) -> str:
    return PREFIX + id.upper().replace("-", "_")
