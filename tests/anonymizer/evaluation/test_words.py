import numpy as np
import pytest

from anonymizer.evaluation.words import changed, errors


@pytest.mark.parametrize(
    ("got", "count"),
    [
        ("il codice è sette", 0),
        ("il codice sette", 1),
        ("il codice era sette", 1),
        ("il codice è sette otto", 1),
        ("", 4),
    ],
)
def test_words_put_in_left_out_or_changed(got: str, count: int) -> None:
    assert errors(["il", "codice", "è", "sette"], got.split()) == count


def test_a_share_of_all_words_with_its_interval() -> None:
    before = ["a", "b", "c", "d", "e"]
    rate = changed(
        [(before, before)] * 9 + [(before, ["a", "b", "c", "d", "x"])] + [(["a"], ["b"])]
    )  # too short to count
    assert rate.value == pytest.approx(2.0) and rate.low <= 2.0 <= rate.high
    assert np.isnan(changed([]).value)
