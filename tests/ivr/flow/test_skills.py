import pytest
from pydantic import TypeAdapter, ValidationError

from ivr.flow.skills import Skill, spoken


@pytest.mark.parametrize("written", ["tax", "tax>=4", "language>=9", "it"])
def test_a_skill(written: str) -> None:
    assert TypeAdapter(Skill).validate_python(written) == written


@pytest.mark.parametrize("written", ["tax>=high", "tax>=", "tax>=0", "tax>=10", "tax >= 4", "tax:4", "Tax", ""])
def test_what_the_router_could_not_read_is_refused_with_the_way_to_write_it(written: str) -> None:
    with pytest.raises(ValidationError, match="is no skill; write tax or, with a level from 1 to 9, tax>=4"):
        TypeAdapter(Skill).validate_python(written)


def test_language_stands_for_the_calls_with_or_without_a_level() -> None:
    assert [spoken(one, "de") for one in ("language", "language>=4", "languages", "tax>=4")] == [
        "de", "de>=4", "languages", "tax>=4",
    ]  # fmt: skip
