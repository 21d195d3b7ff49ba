"""The controllers that are running, and which of them leads."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from ivr.store.schema.base import Base


class Controller(Base):
    """A running controller's heartbeat."""

    __tablename__ = "controllers"
    id: Mapped[str] = mapped_column(primary_key=True)
    pid: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    calls: Mapped[int]
    waiting: Mapped[int] = mapped_column(default=0)  # of them, in a queue
    address: Mapped[str] = mapped_column(default="")  # of its link, `host:port`
    asterisk: Mapped[str] = mapped_column(default="asterisk")  # whose calls it has


class Lease(Base):
    """Who decides for all controllers which operator takes which call: one row. `epoch` grows with each holder."""

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    address: Mapped[str]
    epoch: Mapped[int]
    until: Mapped[float]  # seconds since 1970 by the database's clock
