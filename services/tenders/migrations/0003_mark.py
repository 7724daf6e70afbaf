"""On which PostgreSQL the service last held its store against its own topic."""

from alembic import op

from events import restore
from service.migrations import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql(op.get_bind(), restore.SCHEMA)
