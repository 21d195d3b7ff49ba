"""Values as people say them, in four languages."""

from datetime import UTC, date, datetime

import pytest

from ivr.flow import spoken

LANGUAGES = ("it", "en", "de", "fr")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("4271", "4 2 7 1"),
        (12345, "1 2 3 4 5"),
        ("302001234567890123", "3 0 2 0, 0 1 2 3, 4 5 6 7, 8 9 0 1, 2 3"),
        ("3020 0123 4567 8901 23", "3 0 2 0, 0 1 2 3, 4 5 6 7, 8 9 0 1, 2 3"),
        ("471123456", "4 7 1, 1 2 3, 4 5 6"),
        ("0471123456", "0 4 7, 1 1 2, 3 4 5 6"),
        ("04711234567", "0 4 7, 1 1 2, 3 4 5, 6 7"),
        ("06-12.34/56", "0 6 1, 2 3 4, 5 6"),
        ("", ""),
    ],
)
def test_digits_are_read_one_by_one_in_groups(code: object, said: str) -> None:
    assert [spoken.digits(code, language) for language in LANGUAGES] == [said] * 4


def test_the_plus_of_a_telephone_number_is_a_word() -> None:
    said = [spoken.digits("+390471123456", language) for language in LANGUAGES]
    assert said == [f"{plus} 3 9 0, 4 7 1, 1 2 3, 4 5 6" for plus in ("più", "plus", "plus", "plus")]


@pytest.mark.parametrize(
    ("seconds", "it", "en", "de", "fr"),
    [
        (0, "10 secondi", "10 seconds", "10 Sekunden", "10 secondes"),
        (38, "40 secondi", "40 seconds", "40 Sekunden", "40 secondes"),
        (57, "un minuto", "one minute", "eine Minute", "une minute"),
        (89, "un minuto", "one minute", "eine Minute", "une minute"),
        (125, "2 minuti", "2 minutes", "2 Minuten", "2 minutes"),
        (1260, "21 minuti", "21 minutes", "21 Minuten", "vingt et une minutes"),
        (3599, "un'ora", "one hour", "eine Stunde", "une heure"),
        (
            4800,
            "un'ora e 20 minuti",
            "one hour and 20 minutes",
            "eine Stunde und 20 Minuten",
            "une heure et 20 minutes",
        ),
        (7260, "2 ore e un minuto", "2 hours and one minute", "2 Stunden und eine Minute", "2 heures et une minute"),
        (75600, "21 ore", "21 hours", "21 Stunden", "vingt et une heures"),
        (86400, "un giorno", "one day", "einen Tag", "un jour"),
        (180120, "2 giorni e 2 ore", "2 days and 2 hours", "2 Tage und 2 Stunden", "2 jours et 2 heures"),
    ],
)
def test_durations(seconds: float, it: str, en: str, de: str, fr: str) -> None:
    assert [spoken.duration(seconds, language) for language in LANGUAGES] == [it, en, de, fr]


@pytest.mark.parametrize(
    ("day", "it", "en", "de", "fr"),
    [
        (date(2027, 1, 1), "primo gennaio 2027", "the first of January 2027", "1. Januar 2027", "premier janvier 2027"),
        (date(2026, 5, 3), "3 maggio 2026", "the third of May 2026", "3. Mai 2026", "3 mai 2026"),
        (date(2026, 8, 12), "12 agosto 2026", "the twelfth of August 2026", "12. August 2026", "12 août 2026"),
        (date(2026, 3, 20), "20 marzo 2026", "the twentieth of March 2026", "20. März 2026", "20 mars 2026"),
        (
            date(2026, 12, 31),
            "31 dicembre 2026",
            "the thirty-first of December 2026",
            "31. Dezember 2026",
            "31 décembre 2026",
        ),
    ],
)
def test_dates(day: date, it: str, en: str, de: str, fr: str) -> None:
    assert [spoken.date(day, language) for language in LANGUAGES] == [it, en, de, fr]


def test_every_day_has_an_english_ordinal() -> None:
    said = [spoken.date(date(2026, 1, day), "en").split()[1] for day in range(1, 32)]
    assert len(set(said)) == 31
    assert [said[day - 1] for day in (2, 11, 13, 19, 21, 22, 23, 30)] == (
        ["second", "eleventh", "thirteenth", "nineteenth", "twenty-first", "twenty-second", "twenty-third", "thirtieth"]
    )


@pytest.mark.parametrize(
    ("hour", "minute", "it", "en", "de", "fr"),
    [
        (14, 30, "14 e 30", "2 30 p.m.", "14 Uhr 30", "14 heures 30"),
        (8, 5, "8 e 05", "8 oh 5 a.m.", "8 Uhr 5", "8 heures 5"),
        (1, 0, "1", "1 a.m.", "ein Uhr", "une heure"),
        (21, 0, "21", "9 p.m.", "21 Uhr", "vingt et une heures"),
        (12, 0, "12", "noon", "12 Uhr", "midi"),
        (12, 15, "12 e 15", "12 15 p.m.", "12 Uhr 15", "midi 15"),
        (0, 0, "0", "midnight", "0 Uhr", "minuit"),
        (0, 40, "0 e 40", "12 40 a.m.", "0 Uhr 40", "minuit 40"),
    ],
)
def test_times(hour: int, minute: int, it: str, en: str, de: str, fr: str) -> None:
    value = datetime(2026, 11, 24, hour, minute, tzinfo=UTC)
    assert [spoken.time(value, language) for language in LANGUAGES] == [it, en, de, fr]


@pytest.mark.parametrize(
    ("value", "it", "en", "de", "fr"),
    [
        (
            127.5,
            "127 euro e 50 centesimi",
            "127 euros and 50 cents",
            "127 Euro und 50 Cent",
            "127 euros et 50 centimes",
        ),
        (
            "127,50",
            "127 euro e 50 centesimi",
            "127 euros and 50 cents",
            "127 Euro und 50 Cent",
            "127 euros et 50 centimes",
        ),
        (1, "un euro", "one euro", "ein Euro", "un euro"),
        ("1.01", "un euro e un centesimo", "one euro and one cent", "ein Euro und ein Cent", "un euro et un centime"),
        (0.29, "29 centesimi", "29 cents", "29 Cent", "29 centimes"),
        (0, "0 euro", "0 euros", "0 Euro", "0 euros"),
        (19.999, "20 euro", "20 euros", "20 Euro", "20 euros"),
    ],
)
def test_amounts(value: object, it: str, en: str, de: str, fr: str) -> None:
    assert [spoken.render(value, "amount", language) for language in LANGUAGES] == [it, en, de, fr]


def test_what_a_service_or_a_caller_gives_as_text_is_understood() -> None:
    assert spoken.render("2026-05-03", "date", "it") == "3 maggio 2026"
    assert spoken.render("2026-05-03T14:30:00+02:00", "time", "fr") == "14 heures 30"
    assert spoken.render("2026-05-03T14:30", "date", "en") == "the third of May 2026"
    assert spoken.render("03052026", "date", "de") == "3. Mai 2026", "as `collect` with check: date leaves it"
    assert spoken.render("240", "duration", "it") == "4 minuti"


@pytest.mark.parametrize(
    ("value", "form", "message"),
    [
        ("soon", "date", "'soon' is no date or time"),
        ("2026-02-30", "date", "no date or time"),
        ("32132026", "date", "no date or time"),
        ("2026-05-03", "time", "a day without a time"),
        ("a while", "duration", "no number of seconds"),
        (float("inf"), "duration", "no number of seconds"),
        (float("nan"), "duration", "no number of seconds"),
        ("ten euros", "amount", "no amount in euros"),
        (-5, "amount", "no amount in euros"),
        (float("nan"), "amount", "no amount in euros"),
        ("1" * 400, "amount", "no amount in euros"),
    ],
)
def test_a_value_that_does_not_fit_says_so(value: object, form: str, message: str) -> None:
    for language in LANGUAGES:
        with pytest.raises(ValueError, match=message):
            spoken.render(value, form, language)


def test_numbers_without_a_form() -> None:
    assert [spoken.render(2.5, "", language) for language in LANGUAGES] == ["2,5", "2.5", "2,5", "2,5"]
    assert spoken.render(3.0, "", "it") == "3" and spoken.render("Anna", "", "it") == "Anna"
