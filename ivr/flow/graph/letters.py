"""How wide text is and where its lines break, without a font at hand.

The widths are those of DejaVu Sans, the widest of the common sans-serif faces: what fits by them also fits when the
reader's machine draws it in Arial, Helvetica or Liberation Sans.
"""

import unicodedata

# Hundredths of the letter's size → the letters that are at most so wide.
_CLASSES = {
    30: "'IJijl",
    36: " ,-./:;\\f|",
    42: "!()[]rt",
    53: '"*?_`sz',
    60: "FLPckvxy",
    64: "$0123456789ESTYabdeghnopqu{}«»–",
    70: "ABCKRVXZß",
    80: "&DGHNOQU",
    87: "#+<=>M^w~×",
}
_WIDTHS = {letter: hundredths for hundredths, letters in _CLASSES.items() for letter in letters}
_WIDEST = 100
_BOLD = 1.14


def width(text: str, size: float, *, bold: bool = False) -> float:
    """In the unit of `size`. An accented letter is as wide as its base."""
    bases = (letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    return sum(_WIDTHS.get(letter, _WIDEST) for letter in bases) * size / 100 * (_BOLD if bold else 1)


def wrap(text: str, size: float, room: float, most: int, *, bold: bool = False) -> list[str]:
    """At most `most` lines that fit into `room`; what does not fit ends in an ellipsis."""
    lines, rest = [""], text.split()
    while rest:
        word = rest.pop(0)
        line = f"{lines[-1]} {word}".lstrip()
        if width(line, size, bold=bold) <= room:
            lines[-1] = line
        elif lines[-1] and len(lines) == most:
            return [*lines[:-1], _cut(line, size, room, bold)]
        elif lines[-1]:
            lines.append("")
            rest.insert(0, word)
        elif len(lines) == most:
            return [*lines[:-1], _cut(word, size, room, bold)]
        else:  # a word longer than a line, such as a URL
            fits = next(n for n in range(len(word), 0, -1) if n == 1 or width(word[:n], size, bold=bold) <= room)
            lines[-1] = word[:fits]
            rest.insert(0, word[fits:])
    return lines


def _cut(text: str, size: float, room: float, bold: bool) -> str:
    while text and width(f"{text}…", size, bold=bold) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"
