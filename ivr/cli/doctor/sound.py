"""What speaks and what listens: the synthesiser with its voices, the recogniser with its model."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.util import find_spec

from ivr.cli.doctor.finding import Finding, ok, problem
from ivr.prompts.recipe import Recipe
from ivr.prompts.voice import VoiceError
from ivr.settings import Settings

LANGUAGES = {"it": "Buongiorno.", "en": "Good morning.", "de": "Guten Morgen.", "fr": "Bonjour."}


def voices(settings: Settings) -> Iterator[Finding]:
    recipe = _recipe(settings)
    if recipe is None:
        yield problem("voices", "espeak-ng is not there: it comes with Asterisk", "run `ivr asterisk`")
        return
    silent = []
    for language, said in LANGUAGES.items():
        try:
            recipe.synthesise(said, language)
        except (VoiceError, RuntimeError) as error:
            silent.append(f"{language}: {error}")
    if silent:
        yield problem(
            "voices", f"{recipe.synthesiser}: {'; '.join(silent)}", "`make setup`, or another prompts.synthesiser"
        )
    else:
        yield ok("voices", f"{recipe.synthesiser} speaks {', '.join(LANGUAGES)}")


def _recipe(settings: Settings) -> Recipe | None:
    """None: what it needs was not fetched yet."""
    wanted = settings.prompts
    if wanted.synthesiser == "pico":
        return Recipe(wanted.synthesiser, wanted.loudness)
    from asterisk_conf import tree

    found = tree.there()
    if found is None:
        return None
    command = found.argv("espeak-ng", f"--path={found.espeak_data}")
    return Recipe(wanted.synthesiser, wanted.loudness, tuple(command))


def recogniser(settings: Settings) -> Iterator[Finding]:
    if not settings.recordings.speech:
        yield ok("recogniser", "not wanted (recordings.speech)")
        return
    from anonymizer.speech.whisper import PARTS, WEIGHTS

    missing = [name for name in ("faster_whisper", *PARTS) if find_spec(name) is None]
    missing += [
        f"{WEIGHTS}.part{number} of {name}"
        for number, name in enumerate(PARTS, 1)
        if name not in missing and not (files(name) / "data" / f"{WEIGHTS}.part{number}").is_file()
    ]
    if missing:
        mend = "run `make setup`; without it no copy of a recording can be made (or set recordings.speech = false)"
        yield problem("recogniser", f"missing: {', '.join(missing)}", mend)
    else:
        yield ok("recogniser", "Whisper and its model are there")
