"""A month's account as an Excel workbook that adds up by itself: the second sheet has every ticket, the first counts
them there and multiplies. Who changes a ticket or a price sees what it comes to."""

import io
from zoneinfo import ZoneInfo

from ivr.tickets.accounts import PAID, SPECIALIST, Account, is_paid

TICKETS = "Tickets"
HEADS = ("Type", "Tickets", "Unit price €", "Amount €")
TICKET_HEADS = ("Number", "Backend", "Type", "Closed at", "Closed by", "Specialists", "Paid")
FIRST = 3  # the row of the first line, counted from 0


def workbook(account: Account, zone: ZoneInfo, specialist_is: str) -> bytes:
    from xlsxwriter import Workbook  # takes long to import

    file = io.BytesIO()
    book = Workbook(file)
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    sum_of = book.add_format({"bold": True, "num_format": "#,##0.00"})
    time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet, tickets = book.add_worksheet("Account"), book.add_worksheet(TICKETS)
    sheet.set_column(0, 3, 16)
    sheet.write_string(0, 0, f"Tickets closed in {account.month}", bold)
    sheet.write_row(FIRST - 1, 0, HEADS, bold)
    last = len(account.closed) + 1
    for row, line in enumerate(account.lines, FIRST):
        sheet.write_string(row, 0, line.what)
        sheet.write_formula(row, 1, _count(row, line.what, last, specialist_is), None, line.tickets)
        sheet.write_number(row, 2, float(line.price), money)
        sheet.write_formula(row, 3, f"=ROUND(B{row + 1}*C{row + 1},2)", money, float(line.amount))
    row = FIRST + len(account.lines)
    sheet.write_string(row, 0, "Total", bold)
    sheet.write_formula(row, 3, f"=SUM(D{FIRST + 1}:D{row})", sum_of, float(account.total))
    for offset, (text, number) in enumerate(notes(account).items(), 2):
        sheet.write_string(row + offset, 0, text)
        sheet.write_number(row + offset, 3, number)
    tickets.freeze_panes(1, 0)
    tickets.set_column(0, len(TICKET_HEADS) - 1, 16)
    tickets.write_row(0, 0, TICKET_HEADS, bold)
    for row, one in enumerate(account.closed, 1):
        cells = (one.number, one.backend, one.type, None, one.by, _yes(one.specialist), _yes(is_paid(one)))
        for column, cell in enumerate(cells):
            if cell is not None:
                tickets.write_string(row, column, cell)
        tickets.write_datetime(row, 3, one.closed_at.astimezone(zone).replace(tzinfo=None), time)
    book.close()
    return file.getvalue()


def notes(account: Account) -> dict[str, int]:
    """What the account does not count, or cannot know."""
    return {
        "Closed and not paid: type B, or by no operator": account.unpaid,
        "In another system, and nobody knows how they stand": account.unknown,
        "Not delivered yet": account.undelivered,
        "Counted, and the other system does not tell whether specialists were needed": account.specialists_unknown,
    }


def _count(row: int, what: str, last: int, specialist_is: str) -> str:
    def column(letter: str) -> str:
        return f"{TICKETS}!${letter}$2:${letter}${max(last, 2)}"

    paid = f'{column("G")},"yes"'
    if what == SPECIALIST:
        return f'=COUNTIFS({paid},{column("F")},"yes")'
    assert what in PAID
    own = "" if specialist_is == "besides" else f',{column("F")},"no"'
    return f"=COUNTIFS({paid},{column('C')},A{row + 1}{own})"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
