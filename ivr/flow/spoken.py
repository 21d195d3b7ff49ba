"""Values as they are spoken, in Italian, English, German and French: what a text `{NAME | form}` becomes."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date as Date
from datetime import datetime
from decimal import Decimal, InvalidOperation

_DAY, _HOUR, _MINUTE = 86400, 3600, 60
# A payment notice prints its 18 digits in fours; people read along, or write down.
_NOTICE, _FOURS, _THREES = 18, 4, 3
# One group up to here: an operator's code, a year.
_SHORT = 5


@dataclass(frozen=True)
class _Words:
    """A language. Units are (one of it, several): days, hours, minutes, seconds, euros, cents."""

    months: str
    join: str
    plus: str
    comma: str
    days: tuple[str, str]
    hours: tuple[str, str]
    minutes: tuple[str, str]
    seconds: tuple[str, str]
    euros: tuple[str, str]
    cents: tuple[str, str]


_WORDS = {
    "it": _Words(
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
        "e",
        "più",
        ",",
        ("un giorno", "giorni"),
        ("un'ora", "ore"),
        ("un minuto", "minuti"),
        ("un secondo", "secondi"),
        ("un euro", "euro"),
        ("un centesimo", "centesimi"),
    ),
    "en": _Words(
        "January February March April May June July August September October November December",
        "and",
        "plus",
        ".",
        ("one day", "days"),
        ("one hour", "hours"),
        ("one minute", "minutes"),
        ("one second", "seconds"),
        ("one euro", "euros"),
        ("one cent", "cents"),
    ),
    "de": _Words(
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "und",
        "plus",
        ",",
        ("einen Tag", "Tage"),
        ("eine Stunde", "Stunden"),
        ("eine Minute", "Minuten"),
        ("eine Sekunde", "Sekunden"),
        ("ein Euro", "Euro"),
        ("ein Cent", "Cent"),
    ),
    "fr": _Words(
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        "et",
        "plus",
        ",",
        ("un jour", "jours"),
        ("une heure", "heures"),
        ("une minute", "minutes"),
        ("une seconde", "secondes"),
        ("un euro", "euros"),
        ("un centime", "centimes"),
    ),
}
_FEMININE = {21: "vingt et une", 31: "trente et une", 41: "quarante et une", 51: "cinquante et une"}
_FIRST_TO_NINETEENTH = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
]


def _words(language: str) -> _Words:
    return _WORDS.get(language, _WORDS["en"])


def digits(value: object, language: str = "en") -> str:
    """`4271` as `4 2 7 1`. A long code is read in groups, with the pause of a comma between them: 18 digits in fours,
    as payment notices print them, others in threes."""
    plus, code = "", re.sub(r"[\s.\-/]", "", str(value))
    if code.startswith("+"):
        plus, code = f"{_words(language).plus} ", code[1:]
    if len(code) <= _SHORT:
        return plus + " ".join(code)
    size = _FOURS if len(code) == _NOTICE else _THREES
    groups = [code[first : first + size] for first in range(0, len(code), size)]
    if len(groups[-1]) == 1:  # nobody remembers a single one at the end
        groups[-2:] = [groups[-2] + groups[-1]]
    return plus + ", ".join(" ".join(group) for group in groups)


def duration(seconds: float, language: str) -> str:
    """The two largest units, whole minutes; below a minute tens of seconds: nobody wants an estimate to the second."""
    words = _words(language)
    tens = max(10, round(seconds / 10) * 10)
    if tens < _MINUTE:
        return _counted(tens, words.seconds, language)
    minutes = round(seconds / _MINUTE) or 1
    days, rest = divmod(minutes * _MINUTE, _DAY)
    hours, rest = divmod(rest, _HOUR)
    parts = ((days, words.days), (hours, words.hours), (rest // _MINUTE, words.minutes))
    said = [_counted(number, unit, language) for number, unit in parts if number]
    return f" {words.join} ".join(said[:2] if days else said)


def _counted(number: int, unit: tuple[str, str], language: str) -> str:
    if number == 1:
        return unit[0]
    feminine = language == "fr" and unit[0].startswith("une ")
    return f"{_FEMININE.get(number, number) if feminine else number} {unit[1]}"


def date(value: Date, language: str) -> str:
    """Without the week-day; the synthesisers say `3. Mai` as `dritte Mai`."""
    month = _words(language).months.split()[value.month - 1]
    match language:
        case "it":
            return f"{'primo' if value.day == 1 else value.day} {month} {value.year}"
        case "de":
            return f"{value.day}. {month} {value.year}"
        case "fr":
            return f"{'premier' if value.day == 1 else value.day} {month} {value.year}"
    return f"the {_ordinal(value.day)} of {month} {value.year}"


def _ordinal(day: int) -> str:
    if day < 20:
        return _FIRST_TO_NINETEENTH[day - 1]
    tens, ones = divmod(day, 10)
    if ones == 0:
        return ("twentieth", "thirtieth")[tens - 2]
    return f"{('twenty', 'thirty')[tens - 2]}-{_FIRST_TO_NINETEENTH[ones - 1]}"


def time(value: datetime, language: str) -> str:
    """Twenty-four hours, but in English noon, and a.m. and p.m."""
    hour, minute = value.hour, value.minute
    match language:
        case "it":
            return f"{hour} e {minute:02}" if minute else f"{hour}"
        case "de":
            return f"{'ein' if hour == 1 else hour} Uhr {minute or ''}".strip()
        case "fr":
            hours = "une heure" if hour == 1 else f"{_FEMININE.get(hour, hour)} heures"
            named = {0: "minuit", 12: "midi"}.get(hour, hours)
            return f"{named} {minute or ''}".strip()
    if minute == 0 and hour in (0, 12):
        return "noon" if hour else "midnight"
    minutes = f" {'oh ' if minute < 10 else ''}{minute}" if minute else ""
    return f"{hour % 12 or 12}{minutes} {'a.m.' if hour < 12 else 'p.m.'}"


def amount(value: object, language: str) -> str:
    """Euros and cents, of a number or of text such as `127.50` or `127,50`. Raises ValueError."""
    words, text = _words(language), str(value).strip()
    if not re.fullmatch(r"\d{1,12}([.,]\d{1,2})?|\d+\.\d+", text):
        raise ValueError(f"'{value}' is no amount in euros")
    try:
        total = int((Decimal(text.replace(",", ".")) * 100).to_integral_value())
    except InvalidOperation as error:
        raise ValueError(f"'{value}' is no amount in euros") from error
    euros, cents = divmod(total, 100)
    parts = [_counted(euros, words.euros, language)] if euros or not cents else []
    if cents:
        parts.append(_counted(cents, words.cents, language))
    return f" {words.join} ".join(parts)


def moment(value: object) -> Date:
    """A time, or the text of one: `2026-12-31`, `2026-12-31T09:30`, or keyed in as `31122026`. Raises ValueError."""
    if isinstance(value, Date):  # a datetime is one
        return value
    text = str(value)
    try:
        if re.fullmatch(r"\d{8}", text):
            return datetime.strptime(text, "%d%m%Y")
        return datetime.fromisoformat(text) if len(text) > len("2026-12-31") else Date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{value}' is no date or time; it is given as 2026-12-31 or 2026-12-31T09:30") from None


def plain(value: object, language: str) -> str:
    """A number without needless decimals and with the comma of the language; anything else as it is."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value).replace(".", _words(language).comma)
    return str(value)


def _date(value: object, language: str) -> str:
    return date(moment(value), language)


def _time(value: object, language: str) -> str:
    found = moment(value)
    if not isinstance(found, datetime):
        raise ValueError(f"'{value}' is a day without a time")
    return time(found, language)


def _duration(value: object, language: str) -> str:
    try:
        return duration(float(str(value)), language)
    except (ValueError, OverflowError):
        raise ValueError(f"'{value}' is no number of seconds") from None


FORMS: dict[str, Callable[[object, str], str]] = {
    "digits": digits,
    "duration": _duration,
    "date": _date,
    "time": _time,
    "amount": amount,
}


def render(value: object, form: str, language: str) -> str:
    """`{NAME | form}` of a prompt. Raises ValueError when the value does not fit the form."""
    return FORMS.get(form, plain)(value, language)
