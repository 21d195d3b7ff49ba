"""the embedded tickets become a desk: states, assignment, the clock, history, comments, links, search"""

import sqlalchemy as sa
from alembic import op

from ivr.store.schema import UtcTime, Words
from ivr.store.words import words

revision = "0018"
down_revision = "0019"

AT_ONCE = 1000
LISTED = ("state", "type", "queue", "assignee", "caller")
# FTS5 reads the words in the table itself; what it was told of a row must be taken back before the row changes.
FTS = (
    "CREATE VIRTUAL TABLE ticket_words USING fts5(words, content='tickets', content_rowid='number', tokenize='ascii')",
    "INSERT INTO ticket_words (ticket_words) VALUES ('rebuild')",
    "CREATE TRIGGER ticket_words_in AFTER INSERT ON tickets BEGIN"
    " INSERT INTO ticket_words (rowid, words) VALUES (new.number, new.words); END",
    "CREATE TRIGGER ticket_words_out AFTER DELETE ON tickets BEGIN"
    " INSERT INTO ticket_words (ticket_words, rowid, words) VALUES ('delete', old.number, old.words); END",
    "CREATE TRIGGER ticket_words_on AFTER UPDATE OF words ON tickets BEGIN"
    " INSERT INTO ticket_words (ticket_words, rowid, words) VALUES ('delete', old.number, old.words);"
    " INSERT INTO ticket_words (rowid, words) VALUES (new.number, new.words); END",
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name in ("queue", "language", "priority", "caller", "state", "assignee"):
        usual = {"priority": "normal", "state": "new"}.get(name, "")
        op.add_column("tickets", sa.Column(name, sa.String(), nullable=False, server_default=usual))
    op.add_column("tickets", sa.Column("specialist", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("tickets", sa.Column("due_at", UtcTime(), nullable=True))
    op.add_column("tickets", sa.Column("time_left", sa.Double(), nullable=True))
    op.add_column("tickets", sa.Column("drafted", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("tickets", sa.Column("words", Words(), nullable=True))
    _others()
    if sqlite:
        for statement in FTS:
            op.execute(statement)
    _fill()
    op.create_index("tickets_newest", "tickets", ["created_at", "number"])
    running = sa.text("due_at IS NOT NULL")
    op.create_index("tickets_due", "tickets", ["due_at", "number"], sqlite_where=running, postgresql_where=running)
    for name in LISTED:
        op.create_index(f"tickets_{name}", "tickets", [name, "created_at", "number"])
    if not sqlite:
        op.create_index("tickets_words", "tickets", ["words"], postgresql_using="gin")
        # Of so many words the planner knows how rare they are. It takes all others for common enough to find a page of
        # them by going through the newest tickets: seconds, where there are none.
        op.execute("ALTER TABLE tickets ALTER COLUMN words SET STATISTICS 1000")


def _others() -> None:
    op.create_table(
        "ticket_changes",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("ticket", sa.Integer(), sa.ForeignKey("tickets.number"), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("by", "what", "old", "new")),
    )
    op.create_index("ticket_changes_of", "ticket_changes", ["ticket", "id"])
    op.create_index("ticket_changes_to", "ticket_changes", ["what", "new", "at"])
    op.create_table(
        "ticket_comments",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("ticket", sa.Integer(), sa.ForeignKey("tickets.number"), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("by", "text")),
    )
    op.create_index("ticket_comments_of", "ticket_comments", ["ticket", "id"])
    op.create_table(
        "ticket_links",
        sa.Column("ticket", sa.Integer(), sa.ForeignKey("tickets.number"), primary_key=True),
        sa.Column("url", sa.String(), primary_key=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
    )


def _fill() -> None:
    """Those that were there: what the call said is in their fields. Nothing was left to do of type B."""
    tickets = sa.table("tickets", *map(sa.column, ("number", "type", "subject", "state", "queue", "language")))
    for column in (sa.column("fields", sa.JSON()), sa.column("drafted", sa.JSON()), sa.column("words", Words())):
        tickets.append_column(column)
    number, names = 0, ("queue", "language")
    chosen = sa.select(tickets.c.number, tickets.c.type, tickets.c.subject, tickets.c.fields)
    while (
        rows := op.get_bind()
        .execute(chosen.where(tickets.c.number > number).order_by(tickets.c.number).limit(AT_ONCE))
        .all()
    ):
        for row in rows:
            own = {name: str(row.fields.get(name, "")) for name in names}
            own["state"] = "closed" if row.type == "B" else "new"
            drafted = own | {"type": row.type, "subject": row.subject, "priority": "normal", "caller": ""}
            found = words(row.subject, row.fields.get("note", ""))
            values = own | {"drafted": drafted, "words": found}
            op.get_bind().execute(sa.update(tickets).where(tickets.c.number == row.number).values(values))
        number = rows[-1].number
