"""`ivr prompts`: what callers hear, as sound. One module a command."""

import argparse

from ivr.cli.prompts import build, import_, list_, play


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr prompts list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    build.arguments(commands.add_parser("build", help="make the sound of every text that changed"))
    list_.arguments(commands.add_parser("list", help="every text, in every language, and where its sound comes from"))
    list_.arguments_missing(commands.add_parser("missing", help="texts and recordings that are not there"))
    play.arguments(commands.add_parser("play", help="hear one"))
    import_.arguments(commands.add_parser("import", help="take a studio's recordings"))
