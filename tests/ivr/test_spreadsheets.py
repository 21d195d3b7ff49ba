"""Tables for spreadsheets: nothing that somebody wrote becomes a formula."""

import csv
import io
import zipfile
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from ivr.spreadsheets import as_csv, as_excel

AT = datetime(2027, 1, 4, 9, 30, 5, tzinfo=UTC)
FORMULAE = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1+1", '=HYPERLINK("http://x","y")', "＝1+1", "\n=1")
NAMES = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


def rows_of(content: bytes) -> list[list[str]]:
    """The sheet's cells as Excel reads them: inline strings, numbers; formulas would be elements `f`."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert book.testzip() is None
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 our own
    assert sheet.findall(".//m:f", NAMES) == []
    return [
        ["".join(cell.itertext()) for cell in row.findall("m:c", NAMES)] for row in sheet.findall(".//m:row", NAMES)
    ]


@pytest.mark.parametrize("text", FORMULAE)
def test_a_text_is_no_formula(text: str) -> None:
    lines = list(csv.reader(io.StringIO(b"".join(as_csv(["a"], [[text]])).decode("utf-8-sig"), newline="")))
    assert lines == [["a"], [f"'{text}"]]
    assert rows_of(as_excel(["a"], [[text]], "x"))[1][0].replace("_x000D_", "\r").strip() == text.strip()


def test_numbers_times_and_texts_of_several_lines() -> None:
    row = [-5, 3.25, AT, 'due\nrighe, "sì"', ""]
    text = b"".join(as_csv(["a", "b", "c", "d", "e"], [row])).decode("utf-8-sig")
    [_, line] = csv.reader(io.StringIO(text, newline=""))
    assert line == ["-5", "3.25", "2027-01-04 09:30:05+00:00", 'due\nrighe, "sì"', ""]
    heads, cells = rows_of(as_excel(["a", "b", "c", "d", "e"], [row], "a name that is longer than Excel allows"))
    assert heads == ["a", "b", "c", "d", "e"]
    assert cells[:2] == ["-5", "3.25"] and cells[3] == 'due\nrighe, "sì"'
    assert float(cells[2]) == pytest.approx(46391.395891, abs=1e-5), "days since 1899-12-30, the clock as it was"


def test_no_rows() -> None:
    assert rows_of(as_excel(["a"], [], "x")) == [["a"]]
