"""The vault of an installation, as its settings say."""

import os

from ivr.settings import Settings
from recordings.keys.environment import Environment
from recordings.keys.files import Files
from recordings.keys.ring import Place, Ring
from recordings.stores.folder import Folder
from recordings.vault import Vault


def open_vault(settings: Settings) -> Vault:
    return Vault(
        Folder(settings.recordings_folder), Ring([_place(settings, name) for name in settings.recordings.keys])
    )


def _place(settings: Settings, name: str) -> Place:
    match name:
        case "environment":
            return Environment(os.environ)
        case _:
            return Files(settings.secrets / "recordings")
