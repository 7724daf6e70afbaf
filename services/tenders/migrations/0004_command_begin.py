"""A command's start and who stands where, in one round trip."""

from alembic import op

from service import standing
from service.migrations import run_sql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_sql(op.get_bind(), standing.COMMAND_BEGIN)
