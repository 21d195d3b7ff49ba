"""The anonymiser: the words of a conversation stay, the people go. A library and a command that use nothing of ours.

    run = anonymize(Pcm(read, rate, channels), PROFILES["clear"], speech=Speech(Whisper(), language="it"))
    for block in run:
        ...  # keep it where nobody sees it
    run.report  # only now may it be shown

What it hides and what it does not is in docs/privacy.md.
"""

from anonymizer.check import NotAnonymised
from anonymizer.profiles import PROFILES, Changed, Profile, Spoken
from anonymizer.run import Run, anonymize
from anonymizer.sound import Pcm, SoundError, Source, Wav, to_pcm, write
from anonymizer.spans import Span
from anonymizer.speech import Speech, Whisper

__all__ = [
    "PROFILES",
    "Changed",
    "NotAnonymised",
    "Pcm",
    "Profile",
    "Run",
    "SoundError",
    "Source",
    "Span",
    "Speech",
    "Spoken",
    "Wav",
    "Whisper",
    "anonymize",
    "to_pcm",
    "write",
]
