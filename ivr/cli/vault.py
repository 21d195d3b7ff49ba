"""The vault of an installation, as its settings say."""

import os

from ivr.cli.installation import InstallationError, given_secret
from ivr.settings import Settings
from recordings.keys.environment import Environment
from recordings.keys.files import Files
from recordings.keys.ring import Place, Ring
from recordings.stores import Store
from recordings.stores.folder import Folder
from recordings.vault import Vault


def open_vault(settings: Settings) -> Vault:
    """Raises InstallationError when a secret of it was not given."""
    return Vault(open_store(settings), Ring([_place(settings, name) for name in settings.recordings.keys]))


def open_store(settings: Settings) -> Store:
    if settings.recordings.store == "folder":
        return Folder(settings.recordings_folder)
    from recordings.stores.s3 import S3  # libraries are loaded where they are used

    wanted = settings.recordings.s3
    return S3(
        wanted.bucket,
        endpoint=wanted.endpoint,
        region=wanted.region,
        access_key=needed_secret(settings, "s3-access-key"),
        secret_key=needed_secret(settings, "s3-secret-key"),
    )


def _place(settings: Settings, name: str) -> Place:
    match name:
        case "environment":
            return Environment(os.environ)
        case "pkcs11":
            from recordings.keys.pkcs11 import Token

            wanted = settings.recordings.pkcs11
            return Token(wanted.module, wanted.token, needed_secret(settings, "pkcs11-pin"))
        case _:
            return Files(settings.secrets / "recordings")


def needed_secret(settings: Settings, name: str) -> str:
    """A given secret. Raises InstallationError."""
    try:
        return given_secret(settings, name)
    except KeyError:
        raise InstallationError(
            f"the secret {name} is missing: put it into {settings.secrets / 'given' / name}, or into the environment"
        ) from None
