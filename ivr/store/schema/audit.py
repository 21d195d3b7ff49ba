"""Who did what, and the heads of what is chained."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from ivr.store.schema.base import Base


class ChainHead(Base):
    """The newest entry of a table whose rows are chained (`ivr/store/chained.py`)."""

    __tablename__ = "chain_heads"
    name: Mapped[str] = mapped_column(primary_key=True)  # the table's
    seq: Mapped[int]
    hash: Mapped[str]


class AuditEntry(Base):
    """Who did what. Chained; the database refuses to change or delete a row. Written by `ivr/store/audit.py` alone."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    user: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    detail: Mapped[str] = mapped_column(default="")  # the reason that was given, what was asked for
    hash: Mapped[str]
