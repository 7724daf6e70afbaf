"""The tree over each log, as tiles, and its published checkpoint.

What is recorded already is put into the tree by the ledger, before its first checkpoint.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "tiles",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "level", "number"),
    )
    # Hashes cannot be made shorter: nobody shall try, at each entry.
    op.execute("ALTER TABLE tiles ALTER COLUMN hashes SET STORAGE EXTERNAL")
    op.create_table(
        "logs",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False, comment="of the checkpoint: it never goes back"),
        sa.Column("checkpoint", sa.Text(), nullable=False, comment="the signed note, as published"),
        sa.Column(
            "keys", sa.ARRAY(sa.Text()), nullable=False, comment="the verifier keys of who signed for the log"
        ),
        sa.PrimaryKeyConstraint("alliance_id"),
    )
