"""Personal data of nobody, and how people say it: lists of (tag, text to be spoken).

The tags: `digits` (of something with six or more), `letters` (of a code, or spelled), `name`, `other`.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

Said = list[tuple[str, str]]

FIRST = {
    "it": "Giuseppe Maria Luca Francesca Antonio Chiara Salvatore "
    "Giulia Fabrizio Ludovica Gennaro Ornella Ivan Elena "
    "Mihai Fatima Pasquale Loredana Tommaso Beatrice",
    "en": "Jonathan Sarah Oliver Charlotte Graham Heather Nigel "
    "Priya Stephen Megan Callum Eleanor Derek Joanna Mohammed "
    "Fiona Trevor Alison Edward Bethany",
    "de": "Jürgen Sabine Wolfgang Katrin Matthias Heike Dieter "
    "Anneliese Sebastian Ingrid Florian Claudia Mehmet Renate "
    "Helmut Birgit Andreas Lena Thorsten Monika",
    "fr": "Camille Jérôme Sylvie Thierry Amélie Guillaume Nathalie "
    "Mathieu Brigitte Olivier Karim Véronique Benoît Cécile "
    "Laurent Élodie Philippe Aurélie Didier Mireille",
}
LAST = {
    "it": "Esposito Bianchi Rossi Ferrari Colombo Ricci Marino "
    "Gallo Lombardi Moretti Barbieri Fontana Santoro Mariani "
    "Caruso Ferrara Galli Martini Leone Longo Gentile Popescu "
    "Hoxha Cattaneo Vitale Serra Coppola Deiana Pellegrini Zanetti",
    "en": "Whitaker Miller Thompson Baxter Harrison Patel "
    "Douglas Fletcher Goodwin Hughes Jennings Kirkpatrick Lawson "
    "Murray Norton Osborne Pritchard Quinn Reynolds Sinclair Tucker Underwood Vaughan Wallace Atkinson",
    "de": "Schneider Hoffmann Wagner Becker Schulz Krüger Zimmermann "
    "Hartmann Lange Krause Lehmann Köhler Neumann Schwarz "
    "Braun Vogel Friedrich Keller Günther Berger Winkler Yilmaz Baumann Sommer Dietrich",
    "fr": "Lefèvre Dubois Moreau Laurent Girard Bonnet Fontaine Chevalier Gauthier Perrin Mercier Blanchard Rousseau "
    "Benali Faure Garnier Lambert Marchand Nguyen Olivier Picard Renaud Tessier Vasseur Boucher",
}
HELD_FIRST = {  # other people than those whom the anonymiser is tuned on
    "it": "Alessandro Martina Roberto Silvia Vincenzo Paola Davide Federica Domenico Simona "
    "Emanuele Rosaria Stefano Teresa Gianluca Nicoletta Ahmed Svetlana Carmelo Ilaria",
    "en": "William Emily Thomas Rebecca Gareth Jessica Patrick Lauren Simon Victoria "
    "Ahmed Zoe Douglas Catherine Russell Imogen Keith Deborah Aisha Leonard",
    "de": "Stefan Ursula Tobias Petra Markus Gisela Rainer Franziska Uwe Silke "
    "Johannes Nicole Bernd Elfriede Aylin Dominik Hannelore Günter Svenja Achim",
    "fr": "Nicolas Isabelle Julien Sandrine Antoine Martine Yves Delphine Rachid Hélène "
    "Sébastien Monique Fabrice Clémence Pascal Odile Arnaud Fatoumata Gérard Lucie",
}
HELD_LAST = {
    "it": "Romano Greco Bruno Conti Mancini Costa Giordano Rizzo Palumbo Sanna Basile Testa Piras Villa Guerra "
    "Sorrentino Bellini Carboni Singh Dragomir Fiore Melis Orlando Amato Silvestri Valentini Parisi Grasso",
    "en": "Robinson Clarke Hargreaves Bennett Campbell Okafor Stevenson Marshall Khan Dawson Gallagher Pemberton "
    "Webster Holloway Barker Chapman Ellis Griffiths Sharma Walsh Cartwright Lambert Newton Yates",
    "de": "Müller Fischer Weber Bauer Richter Wolf Schröder Pichler Huber Werner Kowalski Lorenz Ziegler Brandt "
    "Mair Haas Schubert Ludwig Öztürk Roth Kaiser Fuchs Seidel Pfeiffer Engel",
    "fr": "Bernard Petit Durand Leroy Simon Michel Fournier Robert Lemoine Garcia Roussel Vincent Morel Fontanel "
    "Dumont Lopez Brunet Schmitt Diallo Colin Vidal Caron Renard Guérin",
}
STREETS = {
    "it": (
        ("via Giuseppe Garibaldi {n}", "piazza del Popolo {n}", "viale Europa {n}", "corso Vittorio Emanuele {n}"),
        ("00185 Roma", "20121 Milano", "80134 Napoli", "09124 Cagliari"),
    ),
    "en": (
        ("{n} Baker Street", "{n} Station Road", "{n} Victoria Avenue", "{n} Church Lane"),
        ("Bristol", "Leeds", "Rome", "Norwich"),
    ),
    "de": (
        ("Hauptstraße {n}", "Goethestraße {n}", "Lindenweg {n}", "Bahnhofstraße {n}"),
        ("39100 Bozen", "80331 München", "39012 Meran", "10115 Berlin"),
    ),
    "fr": (
        ("{n} rue des Lilas", "{n} avenue Victor Hugo", "{n} boulevard de la République", "{n} place du Marché"),
        ("69003 Lyon", "11100 Aoste", "75011 Paris", "06000 Nice"),
    ),
}
MONTHS = {
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
BIRTHS = {"it": "{d} {m} {y}", "en": "the {d} of {m} {y}", "de": "{d}. {m} {y}", "fr": "{d} {m} {y}"}
MAILS = {
    "it": ("punto", "chiocciola", ("gmail punto com", "libero punto it", "pec punto it")),
    "en": ("dot", "at", ("gmail dot com", "outlook dot com", "yahoo dot co dot uk")),
    "de": ("Punkt", "at", ("gmail Punkt com", "web Punkt de", "gmx Punkt net")),
    "fr": ("point", "arobase", ("gmail point com", "orange point fr", "laposte point net")),
}
LETTER_NAMES = (
    "a bi ci di e effe gi acca i gei cappa elle emme enne o pi cu erre esse ti u vu doppia-vu ics ipsilon zeta"
)
ITALIAN_LETTERS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        LETTER_NAMES.split(),
        strict=True,
    )
)
SPELLING = {
    "it": "Ancona Bologna Como Domodossola Empoli Firenze Genova "
    "Hotel Imola Jolly Kappa Livorno Milano Napoli Otranto "
    "Palermo Quarto Roma Savona Torino Udine Venezia Washington Xeres York Zara",
    "en": "Alpha Bravo Charlie Delta Echo Foxtrot Golf Hotel India "
    "Juliet Kilo Lima Mike November Oscar Papa Quebec Romeo "
    "Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu",
    "de": "Anton Berta Cäsar Dora Emil Friedrich Gustav Heinrich "
    "Ida Julius Kaufmann Ludwig Martha Nordpol Otto Paula "
    "Quelle Richard Samuel Theodor Ulrich Viktor Wilhelm Xanthippe Ypsilon Zacharias",
    "fr": "Anatole Berthe Célestin Désiré Eugène François Gaston Henri Irma Joseph Kléber Louis Marcel Nicolas Oscar "
    "Pierre Quintal Raoul Suzanne Thérèse Ursule Victor William Xavier Yvonne Zoé",
}
AS = {"it": "come", "en": "for", "de": "wie", "fr": "comme"}


@dataclass
class People:
    """Those of whom a dialogue is; `surname` is the last one's that was said, so that it can be said again."""

    first: list[str]
    last: list[str]
    surname: str = ""

    def said(self, slot: str, rng: random.Random) -> Said:
        if slot == "first":
            return [("name", rng.choice(self.first))]
        if slot != "again":
            self.surname = rng.choice(self.last)
        return [("name", f"{rng.choice(self.first)} {self.surname}" if slot == "name" else self.surname)]


def people(language: str, held: bool) -> People:
    first, last = (HELD_FIRST, HELD_LAST) if held else (FIRST, LAST)
    return People(first[language].split(), last[language].split())


def value(slot: str, language: str, rng: random.Random, who: People) -> Said:
    if slot in ("first", "surname", "name", "again"):
        return who.said(slot, rng)
    return SLOTS[slot](language, rng)


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice("0123456789") for _ in range(count))


def grouped(digits: str, rng: random.Random) -> str:
    """One by one in groups of three or four, as a rule; else in numbers of two or three digits."""
    size = rng.choice((3, 3, 4))
    if rng.random() < 0.7:
        groups = [" ".join(digits[i : i + size]) for i in range(0, len(digits), size)]
    else:
        size = rng.choice((2, 3))
        groups = [digits[i : i + size] for i in range(0, len(digits), size)]
        groups = [" ".join(one) if one.startswith("0") else one for one in groups]
    return ", ".join(groups)


def _phone(language: str, rng: random.Random) -> Said:
    start = {"it": "3", "en": "07", "de": "01", "fr": "06"}[language]
    return [("digits", grouped(start + _digits(rng, 10 - len(start)), rng))]


def _notice(language: str, rng: random.Random) -> Said:
    return [("digits", grouped("3" + _digits(rng, 17), rng))]


def _card(language: str, rng: random.Random) -> Said:
    return [("digits", grouped("4" + _digits(rng, 15), rng))]


def letters(text: str, language: str, rng: random.Random) -> str:
    if rng.random() < 0.4:
        words = dict(zip("abcdefghijklmnopqrstuvwxyz", SPELLING[language].split(), strict=True))
        return ", ".join(f"{_letter(one, language)} {AS[language]} {words[one]}" for one in text.lower())
    return ", ".join(_letter(one, language) for one in text.lower())


def _letter(one: str, language: str) -> str:
    return ITALIAN_LETTERS[one] if language == "it" else one.upper()


def _code(language: str, rng: random.Random) -> Said:
    def some(count: int) -> tuple[str, str]:
        return "letters", letters("".join(rng.choice("BCDFGLMNPRSTVZ") for _ in range(count)), language, rng)

    digits = [("digits", " ".join(_digits(rng, count))) for count in (2, 2, 3)]
    return [some(6), digits[0], some(1), digits[1], some(1), digits[2], some(1)]


def _iban(language: str, rng: random.Random) -> Said:
    return [
        ("letters", letters("IT", language, rng)),
        ("digits", " ".join(_digits(rng, 2))),
        ("letters", letters(rng.choice("XKLW"), language, rng)),
        ("digits", grouped(_digits(rng, 10), rng)),
        ("digits", grouped(_digits(rng, 12), rng)),
    ]


def _email(language: str, rng: random.Random) -> Said:
    dot, at, hosts = MAILS[language]
    who = f"{rng.choice(FIRST[language].split())} {dot} {rng.choice(LAST[language].split())}"
    return [("other", f"{who} {at} {rng.choice(hosts)}")]


def _address(language: str, rng: random.Random) -> Said:
    streets, towns = STREETS[language]
    return [("other", f"{rng.choice(streets).format(n=rng.randrange(2, 160))}, {rng.choice(towns)}")]


def _birth(language: str, rng: random.Random) -> Said:
    month = rng.choice(MONTHS[language].split())
    return [("other", BIRTHS[language].format(d=rng.randrange(2, 29), m=month, y=rng.randrange(1940, 2006)))]


def _spelled(language: str, rng: random.Random) -> Said:
    plain = rng.choice([name for name in LAST[language].split() if name.isascii()])
    return [("letters", letters(plain, language, rng))]


SLOTS: dict[str, Callable[[str, random.Random], Said]] = {
    "phone": _phone,
    "notice": _notice,
    "card": _card,
    "code": _code,
    "iban": _iban,
    "email": _email,
    "address": _address,
    "birth": _birth,
    "spelled": _spelled,
}
