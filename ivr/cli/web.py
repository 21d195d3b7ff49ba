"""`ivr web`: serve the pages and the API (started by `ivr up`)."""

import argparse
import asyncio
import hashlib
from functools import partial

from ivr import logs
from ivr.cli.flow.test import failures
from ivr.cli.installation import given_secret, library, link_key, secret
from ivr.cli.output import common
from ivr.cli.vault import needed_secret, open_vault
from ivr.settings import Settings, load
from ivr.store.database import Database
from ivr.web.app import make_app
from ivr.web.openid import Provider
from ivr.web.serve import serve


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr web --data /srv/numero-nero")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    logs.start("web")
    settings = load(args.data)
    key = hashlib.sha256(secret(settings, "web-session").encode()).digest()
    phones, tests = secret(settings, "phones"), partial(failures, settings=settings)
    vault, link = open_vault(settings), link_key(settings)
    pseudonyms, callers = secret(settings, "pseudonyms"), secret(settings, "callers")
    openid = _openid(settings)
    database, prompts = Database(settings.database_url, migrated=True), library(settings)
    scraper = secret(settings, "metrics")
    keys = (key, phones, link, pseudonyms, callers)
    try:
        webhook = given_secret(settings, "tickets-webhook")
    except KeyError:
        webhook = ""
    make = partial(make_app, settings, database, vault, *keys, prompts, tests, openid, webhook, scraper)
    asyncio.run(serve(make, settings.web.listen, settings.ports.web))
    return 0


def _openid(settings: Settings) -> Provider | None:
    if not settings.openid.issuer:
        return None
    address = settings.web.address or f"http://{settings.web.listen}:{settings.ports.web}"
    return Provider(settings.openid, needed_secret(settings, "openid-client-secret"), address)
