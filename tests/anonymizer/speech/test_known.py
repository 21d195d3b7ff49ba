"""What a ticket tells of people, so that it is found when it is said."""

import pytest

from anonymizer.speech.find import find
from anonymizer.speech.known import hints_of
from anonymizer.speech.lexicon import lexicon
from tests.anonymizer.speech.test_find import conversation, wrong

NOTICE = "302001234567890123"


@pytest.mark.parametrize(
    ("fields", "text", "language", "hints"),
    [
        ({"reason": "avviso scaduto", "notice": NOTICE}, "", "it", [NOTICE]),
        ({"nome": "maria de rossi"}, "", "it", ["maria de rossi"]),
        ({"customer_name": "Ng"}, "", "it", ["Ng"]),
        ({}, "Il sig. Bianchi chiede il rimborso per Anna Verdi, tel 340 1234567", "it", ["340 1234567", "bianchi"]),
        ({}, "Il cliente attende il rimborso per Anna Verdi", "it", ["anna verdi"]),
        ({"email": "a.b@example.it"}, "", "it", ["a.b@example.it"]),
        ({"code": "RSSMRA85T10A562S"}, "Spoke to Mrs Sarah Miller", "en", ["rssmra85t10a562s", "sarah miller"]),
        ({}, "Herr Schneider wartet", "de", ["schneider"]),
        ({}, "Madame Lefèvre attend", "fr", ["lefevre"]),
        ({"reason": "App IO"}, "Richiamare domani mattina alle 10:30: pagato 120 euro il 3 marzo", "it", []),
        ({}, "", "it", []),
    ],
)
def test_what_a_ticket_tells_of_people(fields: dict[str, str], text: str, language: str, hints: list[str]) -> None:
    found = hints_of(fields, text, language)
    assert all(hint in found for hint in hints), found
    if not hints:
        assert found == []


def test_in_an_unknown_language_any_may_be_it() -> None:
    assert "schneider" in hints_of({}, "Herr Schneider wartet", None)
    assert "bianchi" in hints_of({}, "Il signor Bianchi aspetta", None)


def test_what_the_ticket_tells_is_covered_where_nothing_else_gives_it_away() -> None:
    said = "C: Volevo sapere di [Zvonimira,] che aspetta dal [302] un rimborso, e della pratica."
    plain = said.replace("[", "").replace("]", "")
    assert not wrong(plain, "it")
    assert not wrong(said, "it", tuple(hints_of({"nome": "Zvonimira della Valle", "notice": NOTICE}, "", "it")))


def test_find_takes_no_hint_of_ordinary_words_for_a_name() -> None:
    sides, _ = conversation("C: Mi parli della fattura, per favore.")
    assert find([sides], lexicon("it"), ["Maria della Valle"]) == []
