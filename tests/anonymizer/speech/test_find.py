"""What is covered, of words as a recogniser would write them: those in [brackets], and no others."""

import re

import pytest

from anonymizer.speech.find import find
from anonymizer.speech.lexicon import lexicon
from anonymizer.speech.words import Heard, Word

WORD, PAUSE = 0.45, 0.7  # seconds of each word, and between two who speak


def conversation(text: str, sure: float = 1.0) -> tuple[list[Heard], list[tuple[Word, bool]]]:
    """What "C: …" (left) and "O: …" (right) say in turn, and of each word whether it is to be covered."""
    sides = [Heard([], []), Heard([], [])]
    wanted = []
    now = 1.0
    for row in text.strip().splitlines():
        who, said = row.strip()[0], row.strip()[3:]
        begin, inside = now, False
        for raw in said.split():
            inside |= raw.startswith("[")
            word = Word(now, now + WORD, re.sub(r"[\[\]]", "", raw), sure)
            sides["CO".index(who)].words.append(word)
            wanted.append((word, inside))
            inside &= "]" not in raw
            now += WORD
        sides["CO".index(who)].speech.append((begin, now))
        now += PAUSE
    return sides, wanted


def wrong(text: str, language: str, hints: tuple[str, ...] = ()) -> list[str]:
    """Words that are covered and should not be (+), or the other way round (-)."""
    sides, wanted = conversation(text)
    spans = find([sides], lexicon(language), hints)
    found = []
    for word, personal in wanted:
        share = max([0.0, *((min(one.end, word.end) - max(one.start, word.start)) / WORD for one in spans)])
        covered = share > (0.99 if personal else 0.6)
        if covered != personal:
            found.append(f"{'+' if covered else '-'}{word.text}")
    return found


def kinds(text: str, language: str) -> set[str]:
    return {span.kind for span in find([conversation(text)[0]], lexicon(language))}


SAID = {
    "it": """
        C: Buongiorno, mi chiamo [Giuseppe Esposito] e ho un problema con un pagamento.
        O: Mi dice il suo codice fiscale?
        C: Certo, [R S S M R A 85 T 10 A 5 6 2 S,] grazie.
        O: Mi lascia un numero di telefono?
        C: Sì, è il [340, 722, 41 98,] la mattina sono sempre a casa.
        C: Sull'avviso c'è scritto [3 0 0 1 2 3 4 5 6 7 8 9 0 0 1 2 3 4] e non capisco.
        C: La mia email è [mario punto rossi chiocciola gmail punto com] e la leggo ogni giorno.
        C: Abito in [via Giuseppe Garibaldi 42, Roma.]
        O: E la data di nascita?
        C: Sono nato il [12 marzo 1978] a Roma.
    """,
    "en": """
        C: Good morning, my name is [Jonathan Whitaker] and I have a problem with a payment.
        O: Can you give me your tax code?
        C: Of course, [R S S M R A 85 T 10 A 5 6 2 S,] thank you.
        O: Can I take your phone number?
        C: Yes, it's [0 7 7 double 4, 912 305,] I am always at home.
        C: My email address is [sarah dot miller at outlook dot com] and I read it every day.
        C: I live at [42 Baker Street.]
        O: And your date of birth?
        C: I was born on the [12th of March 1978.]
    """,
    "de": """
        C: Guten Tag, ich heiße [Jürgen Schneider] und habe ein Problem mit einer Zahlung.
        O: Können Sie mir Ihre Steuernummer geben?
        C: Natürlich, [R S S M R A 85 T 10 A 5 6 2 S,] danke.
        O: Geben Sie mir bitte eine Telefonnummer?
        C: Ja, das ist die [0 1 7 6, 32, 14, 99, 3,] morgens bin ich immer zu Hause.
        C: Schicken Sie alles per E-Mail an [schneider at web Punkt de] bitte.
        C: Ich wohne in der [Hauptstraße 42.]
        C: Ich bin am [12. März 1978] geboren.
    """,
    "fr": """
        C: Bonjour, je m'appelle [Camille Lefèvre] et j'ai un problème avec un paiement.
        O: Pouvez-vous me donner votre code fiscal?
        C: Bien sûr, [R S S M R A 85 T 10 A 5 6 2 S,] merci.
        O: Vous pouvez me laisser un numéro de téléphone?
        C: Oui, c'est le [06 92 34 78 21,] je suis toujours à la maison.
        C: Mon adresse mail est [camille point lefèvre arobase gmail point com] et je la lis tous les jours.
        C: J'habite [12 rue des Lilas.]
        C: Je suis né le [12 mars 1978.]
    """,
}


@pytest.mark.parametrize("language", SAID)
def test_what_people_say_of_themselves_is_covered_and_nothing_else(language: str) -> None:
    for part in SAID[language].strip().split("\n        C: ")[1:]:
        rows = f"C: {part}"
        assert wrong(rows, language) == [], rows
    assert wrong(SAID[language], language) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("it", "O: Sono 150 euro e 30 e può pagare entro 30 giorni. L'ufficio è aperto dalle 8 e 30 alle 17 e 30."),
        ("it", "O: Secondo l'articolo 12 del regolamento l'ente ha 60 giorni. Il codice avviso lo trova in alto."),
        ("it", "C: Il codice fiscale ce l'ho, ma la carta di credito no, e il telefono di casa non funziona."),
        ("it", "O: La scadenza è il 30 novembre 2026, poi ci sono 3 rate da 50 euro."),
        ("en", "O: It is 150 euros and 30 cents, and you can pay within 30 days at a post office."),
        ("en", "C: I have the tax code, but not the card, and the street is closed on Saturday."),
        ("de", "O: Es sind 150 Euro und 30 Cent, und Sie können innerhalb von 30 Tagen bezahlen."),
        ("de", "C: Die Steuernummer habe ich, aber die Karte nicht, und der Weg ist weit."),
        ("fr", "O: Ce sont 150 euros et 30 centimes, et vous pouvez payer dans les 30 jours."),
        ("fr", "C: J'ai le code fiscal, mais pas la carte, et la place est fermée le samedi."),
        ("fr", "C: C'est la troisième fois que j'appelle et personne ne répond à mes questions."),
        ("it", "C: Ho scritto da WhatsApp, poi sono andato a Cagliari in treno."),
    ],
)
def test_amounts_terms_and_talk_about_codes_stay(language: str, text: str) -> None:
    assert wrong(text, language) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("it", "C: allora [tre quattro zero, settecentoventidue, quarantuno novantotto] va bene"),
        ("en", "C: it is [oh seven seven double four nine one two] all right"),
        ("de", "C: das ist [null eins sieben sechs zweiunddreißig vierzehn] gut"),
        ("fr", "C: voilà [zéro six quatre-vingt-douze trente-quatre soixante-dix-huit] merci"),
        ("it", "C: e poi [3 4 0 e poi 7 2 2]"),
        ("it", "C: va bene [erre come Roma esse come Savona emme come Milano] va bene"),
        ("de", "C: ja bitte [Anton Berta Cäsar Dora] danke"),
        ("en", "C: yes it is [Romeo Sierra Sierra Mike] thank you"),
    ],
)
def test_six_digits_and_three_letters_are_covered_wherever_they_are_said(language: str, text: str) -> None:
    assert wrong(text, language) == []


def test_a_code_in_parts_with_the_other_one_between_and_read_back() -> None:
    assert not wrong(
        """
        O: Mi legge il codice avviso?
        C: [3 0 0]
        O: sì
        C: [1 2 3]
        O: [1 2 3,] va bene
        C: [4 5 6]
        """,
        "it",
    )


def test_names_that_were_heard_as_something_else_are_covered_by_what_announces_them() -> None:
    assert not wrong("C: buongiorno mi chiamo [sottito gantosto] e ho un problema", "it")
    assert not wrong("O: con chi parlo?\nC: [sui annubardi.]", "it")
    assert not wrong("O: La signora [Bianchi,] giusto?", "it")
    assert "name" in kinds("O: wie heißen Sie?\nC: lurgen schneiderer", "de")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("it", "C: pronto, [brunedda sciabica,] vorrei sapere una cosa"),
        ("it", "C: buongiorno, sono [brunedda,] vorrei sapere una cosa"),
        ("it", "O: scusi, non ho capito il nome.\nC: [fata morgana.]"),
        ("en", "C: hello, this is [whitacker,] I have a question"),
        ("en", "O: good morning, Mr. [Harman's] letter has arrived"),
        ("en", "C: they did not call. [Mary's] letter was lost"),
        ("de", "C: guten Tag, hier ist [Schnackelhuber,] ich habe eine Frage"),
        ("fr", "O: au revoir Mme [Gerromb,] et bonne journée"),
    ],
)
def test_what_is_no_word_is_a_name_where_one_may_be_said(language: str, text: str) -> None:
    assert [one for one in wrong(text, language) if one.startswith("-")] == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("it", "C: mia moglie è andata in banca e mio padre è a casa"),
        ("it", "O: buongiorno, come posso aiutarla? Grazie, un momento."),
        ("it", "C: il pagamento riduta richevuto non è ancora arrivato"),
        ("en", "C: hello, my wife is here and my father is at the bank, thank you very much"),
        ("de", "C: mein Mann ist nicht da, danke, ich rufe morgen wieder an"),
        ("fr", "C: bonjour, c'est pour ma femme, merci beaucoup"),
        (
            "it",
            "C: ho tutto tranne il nome\nO: va bene, allora aspetto che mi scriva una lettera e poi vediamo insieme",
        ),
    ],
)
def test_talk_about_people_without_a_name_stays(language: str, text: str) -> None:
    kept = [one for one in wrong(text, language) if not one.endswith(("va", "bene,", "allora"))]
    assert kept == []


def test_after_a_title_a_word_that_was_heard_badly_is_a_name() -> None:
    for sure, times in ((0.6, 1), (1.0, 0)):
        sides, _ = conversation("O: il dottor bianco ha la ricevuta", sure)
        assert [span.kind for span in find([sides], lexicon("it"))] == ["name"] * times


def test_what_was_hardly_understood_after_who_one_is_is_a_name_at_the_beginning() -> None:
    for text, sure, names in (
        ("C: buongiorno, sono casa e via", 0.3, 1),
        ("C: buongiorno, sono casa e via", 0.9, 0),
        ("C: i pagamenti di questo mese sono casa e via", 0.3, 0),
    ):
        sides, _ = conversation(text)
        words = [Word(one.start, one.end, one.text, sure if one.text == "casa" else 0.9) for one in sides[0].words]
        spans = find([[Heard(words, sides[0].speech), sides[1]]], lexicon("it"))
        assert [span.kind for span in spans] == ["name"] * names, text


def test_what_is_said_of_anything_announces_no_name_that_was_hardly_understood() -> None:
    for text, names in (("C: bonjour, ici maison et voilà", 1), ("C: bonjour, c'est maison et voilà", 0)):
        sides, _ = conversation(text)
        words = [Word(one.start, one.end, one.text, 0.3 if one.text == "maison" else 0.9) for one in sides[0].words]
        spans = find([[Heard(words, sides[0].speech), sides[1]]], lexicon("fr"))
        assert [span.kind for span in spans] == ["name"] * names, text


def test_what_announces_a_name_may_be_in_another_hearing_of_it() -> None:
    said, _ = conversation("C: buongiorno e allora senza casa e ho un problema")
    again, _ = conversation("C: buongiorno qui mi chiamo")
    assert not find([said], lexicon("it")) and not find([again], lexicon("it"))
    (span,) = find([said, again], lexicon("it"))
    casa = said[0].words[4]
    assert span.kind == "name" and span.start < casa.start < casa.end < span.end


def test_letters_that_another_hearing_surely_has_as_words_are_none() -> None:
    """A hint with codes makes a recogniser hear letters in what it does not understand."""
    letters, _ = conversation("O: D N N N A il momento", 0.3)
    surely, _ = conversation("O: resti in linea il momento prego", 0.8)
    hardly, _ = conversation("O: resti in linea il momento prego", 0.2)
    assert find([letters, surely], lexicon("it")) == []
    assert [span.kind for span in find([letters, hardly], lexicon("it"))] == ["code"]


def test_what_was_announced_is_covered_when_it_was_not_understood() -> None:
    text = "C: Mi mandi tutto per posta elettronica.\nC: sa di tutto poche tutti ho solo un livello"
    for sure, times in ((0.3, 1), (0.9, 0)):
        sides, _ = conversation(text, sure)
        assert [span.kind for span in find([sides], lexicon("it"))] == ["email"] * times


def test_a_text_in_circles_is_a_code_where_one_is_expected() -> None:
    """A recogniser writes that for letters that are spelled; and now and then for talk that it heard badly."""
    text = "C: siamo aperti {0} a lunedì a lunedì a lunedì {1} e poi basta"
    assert wrong(text.format("dal", "sempre"), "it") == []
    expected = "O: Mi dice il codice fiscale?\nC: allora [a lunedì a lunedì a lunedì] va bene"
    assert [one for one in wrong(expected, "it") if one.startswith("-")] == []
    beside = "C: ecco [a lunedì a lunedì a lunedì 8 5 t 1 0] va bene"
    assert [one for one in wrong(beside, "it") if one.startswith("-")] == []


def test_two_words_that_are_written_as_names_are_one_on_a_list_or_not() -> None:
    assert wrong("C: ho parlato con [Wojciech Brzozowskiego] ieri mattina", "it") == []
    assert wrong("C: yesterday I spoke with [Oluwaseun Adebayonle] about it", "en") == []


def test_a_name_that_was_said_once_is_covered_again() -> None:
    assert not wrong(
        "C: mi chiamo [Pasquale Sottito] e chiamo per un avviso.\nO: Allora [Sottito] mi dica tutto.", "it"
    )


def test_what_is_known_already_is_found_without_any_cue() -> None:
    text = "O: dunque {0} mi risulta {1} come recapito"
    assert wrong(text.format("Hoxha", "340 72"), "it") == []
    assert wrong(text.format("[Hoxha]", "[340 72]"), "it", ("Arben Hoxha", "+39 340 7224198")) == []


def test_what_is_known_already_is_found_though_it_was_heard_badly() -> None:
    text = "O: buongiorno sono lo reddano mi dica pure"
    for sure, times in ((0.4, 1), (1.0, 0)):
        sides, _ = conversation(text, sure)
        assert [span.kind for span in find([sides], lexicon("it"), ("Loredana Zunino",))] == ["name"] * times


def test_kinds_come_from_check_digits_and_from_what_was_announced() -> None:
    assert kinds("C: R S S M R A 85 T 10 A 5 6 2 S", "it") == {"fiscal_code"}
    assert kinds("C: ecco 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "it") == {"card"}
    assert kinds("C: 3 0 0 1 2 3 4 5 6 7 8 9 0 0 1 2 3 4", "it") == {"notice"}
    assert kinds("C: il mio cellulare è 3 4 0 7 2 2 4 1 9 8", "it") == {"phone"}
    assert kinds("C: 3 4 0 7 2 2 4 1 9 8", "it") == {"code"}


def test_what_one_hearing_misses_another_one_tells() -> None:
    first, _ = conversation("C: il mio numero è va bene va bene grazie")
    second, _ = conversation("C: il mio numero è 3 4 0 7 2 2 4")
    assert [span.kind for span in find([first, second], lexicon("it"))] == ["phone"]


def test_speech_without_words_beside_a_code_is_covered_with_it() -> None:
    words = [Word(1 + n * 0.4, 1.4 + n * 0.4, text) for n, text in enumerate(["ecco", "3", "4", "0", "7", "2", "2"])]
    (span,) = find([[Heard(words, [(1.0, 6.5)])]], lexicon("it"))
    assert 1.2 < span.start < 1.4 and 6.5 <= span.end < 7


def test_the_first_digits_after_what_announces_them_are_covered_though_none_was_heard() -> None:
    """The recogniser lets "è" go on until the digits that it understands, and no speech was found between."""
    said = [("il", 0.2), ("mio", 0.2), ("cellulare", 0.6), ("è", 1.8), *((digit, 0.4) for digit in "7579")]
    words, now = [], 1.0
    for text, seconds in said:
        words.append(Word(now, now + seconds, text))
        now += seconds
    (span,) = find([[Heard(words, [(1.0, 2.2), (3.7, now)])]], lexicon("it"))
    assert 2.0 < span.start < 2.6 and span.kind == "phone"


def test_nobody_speaks() -> None:
    assert find([[Heard([], []), Heard([], [])]], lexicon("it"), ("Mario Rossi",)) == []
