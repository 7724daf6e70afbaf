"""The first tables of the tenders service."""

from alembic import op

from events import follow, store
from service import standing
from service.migrations import run_sql
from tenders.app import DESCRIPTION

revision = "0001"
down_revision = None


def upgrade() -> None:
    connection = op.get_bind()
    for script in (store.SCHEMA, follow.SCHEMA, standing.SCHEMA):
        run_sql(connection, script)
    DESCRIPTION.metadata.create_all(connection)
