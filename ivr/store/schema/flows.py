"""The published versions of the designers' flows."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from ivr.store.schema.base import Base


class FlowFile(Base):
    """A file of published flows, once for all versions that have it."""

    __tablename__ = "flow_files"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class FlowVersion(Base):
    """A published state of the designers' folder; it never changes."""

    __tablename__ = "flow_versions"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    author: Mapped[str]
    note: Mapped[str]


class FlowVersionFile(Base):
    """`path` is relative to the designers' folder, with slashes."""

    __tablename__ = "flow_version_files"
    version: Mapped[int] = mapped_column(ForeignKey("flow_versions.number"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("flow_files.sha256"))


class FlowActivation(Base):
    """Which version new calls take; the newest row counts. Rows are only ever added, by publish and rollback."""

    __tablename__ = "flow_activations"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    version: Mapped[int] = mapped_column(ForeignKey("flow_versions.number"))
    at: Mapped[datetime]
    author: Mapped[str]
    note: Mapped[str]
