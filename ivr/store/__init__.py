"""The store: SQLAlchemy models, Alembic migrations, transactions. SQLite (WAL) or PostgreSQL."""
