"""What a call asks of an operator: `tax`, or `tax>=4` with a level from 1 to 9; `language` stands for the call's."""

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_WRITTEN = r"[a-z][a-z0-9-]*(>=[1-9])?"


def _skill(text: object) -> object:
    if isinstance(text, str) and re.fullmatch(_WRITTEN, text) is None:
        raise ValueError(f"'{text}' is no skill; write tax or, with a level from 1 to 9, tax>=4")
    return text


def spoken(skill: str, language: str) -> str:
    """The skill with the call's language in place of `language`: `language>=4` is `de>=4` in a German call."""
    name, at_least, level = skill.partition(">=")
    return language + at_least + level if name == "language" else skill


_Text = Annotated[str, Field(pattern=f"^{_WRITTEN}$", description="tax, tax>=4 or language")]
Skill = Annotated[str, BeforeValidator(_skill, json_schema_input_type=_Text)]
