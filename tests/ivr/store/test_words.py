from ivr.store.words import LONGEST, asked, words


def test_case_accents_and_punctuation_do_not_count() -> None:
    assert words("Perché l'AVVISO F24/2026?", "perche") == ["2026", "avviso", "f24", "l", "perche"]
    assert words("Straße ﬁn") == words("STRASSE fin")
    assert words("\x00 ' \\ \" : & | ! () *") == []


def test_scripts_that_do_not_part_their_words_and_emoji() -> None:
    assert words("支払い") == sorted("支払い")
    assert "👧" in words("👩‍👩‍👧 é") and "e" in words("é")
    assert words("оплата") == words("Оплата") and words("पैसा") and words("دفع")


def test_long_words_and_long_texts() -> None:
    assert words("x" * 100_000) == ["x" * LONGEST]
    assert len(words(" ".join(map(str, range(100_000))))) < 20_000


def test_what_is_asked() -> None:
    assert asked("l'avviso pagament*") == [("l", False), ("avviso", False), ("pagament", True)]
    assert asked("支払*") == [("支", False), ("払", True)] and asked("* '") == []
