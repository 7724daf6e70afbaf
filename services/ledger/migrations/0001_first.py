"""The first tables of the ledger."""

from alembic import op

from events import follow, store
from ledger.app import METADATA
from service import standing
from service.migrations import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    connection = op.get_bind()
    for script in (store.SCHEMA, follow.SCHEMA, standing.SCHEMA):
        run_sql(connection, script)
    METADATA.create_all(connection)
