"""Which topic a position counts in, and of which sources something is lost until they send it again."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Already there where the first migration ran with the script as it is now.
    op.execute("ALTER TABLE positions ADD COLUMN IF NOT EXISTS topic_id uuid")
    op.execute("ALTER TABLE followed ADD COLUMN IF NOT EXISTS lost boolean NOT NULL DEFAULT false")
