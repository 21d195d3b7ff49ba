"""Tables for spreadsheets: CSV (RFC 4180) and Excel. What somebody wrote stays a text there, never a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Cell = str | int | float | datetime
Row = Sequence[Cell]
# What spreadsheets take for the begin of a formula: OWASP, "CSV Injection".
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
BOM = "\ufeff"  # or Excel takes UTF-8 for Windows-1252


def as_csv(heads: Sequence[str], rows: Iterable[Row]) -> Iterator[bytes]:
    """A line at a time. An apostrophe before a text that could be a formula keeps it one."""
    yield (BOM + _line(heads)).encode()
    for row in rows:
        yield _line([_safe(cell) for cell in row]).encode()


def _line(cells: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()


def _safe(cell: Cell) -> object:
    if isinstance(cell, datetime):
        return cell.isoformat(" ", "seconds")
    if isinstance(cell, str):
        begin = cell.lstrip(" ")
        return f"'{cell}" if begin.startswith(FORMULA) else cell
    return cell


def as_excel(heads: Sequence[str], rows: Iterable[Row], name: str) -> bytes:
    """One sheet called `name`, its heads fixed and with filters. Times are written as the clock showed them: Excel
    knows no zones. The rows are not held in memory."""
    from xlsxwriter import Workbook  # takes long to import

    file = io.BytesIO()
    book = Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet(name[:31])
    bold, time = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(0, len(heads) - 1), 16)
    for column, head in enumerate(heads):
        sheet.write_string(0, column, head, bold)
    number = 0
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, datetime):
                sheet.write_datetime(number, column, cell.replace(tzinfo=None), time)
            elif isinstance(cell, str):
                sheet.write_string(number, column, cell)
            else:
                sheet.write_number(number, column, cell)
    sheet.autofilter(0, 0, number, max(0, len(heads) - 1))
    book.close()
    return file.getvalue()
