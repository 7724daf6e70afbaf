"""How many witnesses have cosigned a checkpoint, of how many."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for name, comment in (
        ("witnesses", "that the charter names"),
        ("quorum", "how many of them must sign"),
        ("cosigned", "how many of them have"),
    ):
        column = sa.Column(name, sa.SmallInteger(), nullable=False, server_default="0", comment=comment)
        op.add_column("logs", column)
        op.alter_column("logs", name, server_default=None)
