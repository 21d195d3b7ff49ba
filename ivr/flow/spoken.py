"""Values as they are spoken, in Italian, English, German and French."""

from datetime import datetime

_UNITS = {
    "it": (("un minuto", "minuti"), ("un secondo", "secondi")),
    "en": (("one minute", "minutes"), ("one second", "seconds")),
    "de": (("eine Minute", "Minuten"), ("eine Sekunde", "Sekunden")),
    "fr": (("une minute", "minutes"), ("une seconde", "secondes")),
}
_MONTHS = {
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}


def digits(value: object) -> str:
    """`4271` as `4 2 7 1`: the voice reads each by itself, without the long pauses that commas would make."""
    return " ".join(str(value))


def duration(seconds: float, language: str) -> str:
    """Whole minutes above one minute, tens of seconds below: nobody wants an estimate to the second."""
    minutes, rest = _UNITS.get(language, _UNITS["en"])
    if seconds >= 60:
        number = round(seconds / 60)
        return minutes[0] if number == 1 else f"{number} {minutes[1]}"
    number = max(10, round(seconds / 10) * 10)
    return f"{number} {rest[1]}"


def date(value: datetime, language: str) -> str:
    month = _MONTHS.get(language, _MONTHS["en"]).split()[value.month - 1]
    return f"{value.day}. {month} {value.year}" if language == "de" else f"{value.day} {month} {value.year}"


def time(value: datetime, language: str) -> str:
    hour, minute = value.hour, value.minute
    return {
        "it": f"{hour} e {minute:02}" if minute else f"{hour}",
        "de": f"{hour} Uhr {minute or ''}".strip(),
        "fr": f"{hour} heures {minute or ''}".strip(),
    }.get(language, f"{hour}:{minute:02}")


def render(value: object, form: str, language: str) -> str:
    """`{NAME | form}` of a prompt. Raises ValueError when the value does not fit the form."""
    if form == "digits":
        return digits(value)
    if form == "duration":
        return duration(float(str(value)), language)
    if form in ("date", "time"):
        if not isinstance(value, datetime):
            raise ValueError(f"'{value}' is no time to be spoken as a {form}")
        return date(value, language) if form == "date" else time(value, language)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
