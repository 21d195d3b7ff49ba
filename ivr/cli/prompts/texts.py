"""Every text of a flows' folder and of the engine, in every language, as something to say."""

import argparse
from dataclasses import dataclass
from pathlib import Path

from ivr.problem import Problem
from ivr.settings import Settings

ENGINE = "(built-in)"


class PromptsProblem(Problem):
    """What a designer can put right."""


class WrongUse(Problem):
    exit_status = 2


@dataclass(frozen=True)
class Text:
    """`recording`: file below the flows' folder. `values`: the text holds some, so it is spoken during the call."""

    flow: str
    prompt: str
    language: str
    text: str
    recording: str | None = None
    secret: bool = False

    @property
    def values(self) -> bool:
        return "{" in self.text and not self.recording

    @property
    def source(self) -> str:
        return "recording" if self.recording else "synthesis" if self.text.strip() else "missing"


def path_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", nargs="?", type=Path, metavar="PATH", help="flows' folder, or one flow's file in it")


def folder_of(path: Path | None, settings: Settings) -> tuple[Path, str | None]:
    """The flows' folder, and the one flow that is meant, if it is one."""
    from ivr.flow.loader import SUFFIX

    path = path or settings.flows.folder
    if path.is_dir():
        return path, None
    if path.name.endswith(SUFFIX) and path.is_file():
        return path.parent, path.name.removesuffix(SUFFIX)
    raise WrongUse(f"{path} is no flows' folder and no flow; a flow's file ends in {SUFFIX}")


def with_folder(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"flows": settings.flows.model_copy(update={"folder": folder})})


def texts(folder: Path, flow: str | None = None) -> list[Text]:
    """In the order in which they stand; the engine's own last. Raises PromptsProblem."""
    from ivr.flow import builtin
    from ivr.flow.loader import SUFFIX, read

    book, findings = read(folder)
    # A recording that is broken is ours to tell, and to replace.
    errors = [one for one in findings if one.severity == "error" and one.code != "bad-recording"]
    if errors:
        more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
        raise PromptsProblem(f"{errors[0]}{more}; `ivr flow check {folder}` tells all")
    if not book.flows:
        raise PromptsProblem(f"{folder}: there is no flow here; a flow's file ends in {SUFFIX}")
    found = [
        Text(one.name, name, language, prompt.texts.get(language, ""), prompt.recordings.get(language))
        for one in book.flows.values()
        for name, prompt in one.prompts.items()
        for language in one.languages
    ]
    found += [Text(ENGINE, name, language, text) for name, language, text in builtin.texts()]
    return [one for one in found if flow in (None, one.flow)]
