"""Codes and numbers, said digit by digit, letter by letter, or in greater numbers: how they stand among other words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from anonymizer.speech.tokens import Token

LONG = 6  # digits that are a code wherever they are said
ONE_BY_ONE = 4  # or so many, each by itself
SPELLED = 3  # or so many letters in a row
SHORT = 3  # digits and letters that are a code where one is expected
HESITATION = 6.0  # seconds between two parts of a code
STRANGE = 4  # words that are no ordinary ones between two parts of a code, or at its ends


@dataclass(frozen=True)
class Cluster:
    """Tokens `first` to `last`, which begin and end with digits or letters."""

    first: int
    last: int
    digits: int
    singles: int
    letters: int

    @property
    def certain(self) -> bool:
        return (
            self.digits >= LONG
            or self.singles >= ONE_BY_ONE
            or self.letters >= SPELLED
            or (self.letters >= 2 and self.digits >= SHORT)
        )

    @property
    def likely(self) -> bool:
        return self.digits + self.letters >= SHORT


def clusters(found: Sequence[Token], between: int, fillers: Sequence[str]) -> list[Cluster]:
    """`between`: ordinary words in a row that may stand between two parts."""
    done: list[Cluster] = []
    members: list[int] = []

    def close() -> None:
        if members:
            held = [found[number] for number in members]
            done.append(
                Cluster(
                    members[0],
                    members[-1],
                    sum(one.digits for one in held),
                    sum(one.digits == 1 and not one.letters for one in held),
                    sum(one.letters for one in held),
                )
            )
            members.clear()

    for number, token in enumerate(found):
        if not token.data:
            continue
        if members:
            gap = found[members[-1] + 1 : number]
            ordinary = sum(one.ordinary and not one.weak and one.text not in fillers for one in gap)
            wait = token.start - found[members[-1]].end
            if ordinary > between or len(gap) - ordinary > STRANGE or wait > HESITATION:
                close()
        members.append(number)
    close()
    return done


def circles(found: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """(first, last) of words that are said three times running, or one five times: a recogniser writes that for letters
    that are spelled, and people hardly say it."""
    texts = [one.text for one in found]
    for size in range(1, 5):
        times = 5 if size == 1 else 3
        number = 0
        while number + size * times <= len(found):
            over = number + size
            while texts[over : over + size] == texts[number : number + size]:
                over += size
            if over - number >= size * times and not any(one.data for one in found[number : number + size]):
                yield number, over - 1
            number = over - size + 1


def widened(found: Sequence[Token], first: int, last: int, most: int = STRANGE) -> tuple[int, int]:
    """With the words around that are no ordinary ones and follow at once: parts that were heard badly."""
    for _ in range(most):
        if first > 0 and _part(found[first - 1], found[first].start - found[first - 1].end):
            first -= 1
        if last + 1 < len(found) and _part(found[last + 1], found[last + 1].start - found[last].end):
            last += 1
    return first, last


def _part(token: Token, wait: float) -> bool:
    return (token.unit or not token.ordinary) and wait < 1.0
