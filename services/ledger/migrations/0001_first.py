"""The first tables of the ledger service."""

import sqlalchemy as sa
from alembic import op

from events import follow, store
from service import standing
from service.migrations import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    for script in (store.SCHEMA, follow.SCHEMA, standing.SCHEMA):
        run_sql(op.get_bind(), script)
    op.create_table(
        "balances",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("span", sa.Text(), nullable=False, comment="year, month or day"),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False, comment="empty for what is pending, as nature"),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("commodity", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="positive is more of the side"),
        sa.PrimaryKeyConstraint(
            "alliance_id", "span", "starts_on", "member", "side", "form", "nature", "commodity"
        ),
    )
    op.create_table(
        "documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_documents_alliance_id"), "documents", ["alliance_id"], unique=False)
    op.create_table(
        "erasures",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject"),
    )
    op.create_table(
        "obligations",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("obligation", sa.Uuid(), nullable=False),
        sa.Column("creditor", sa.Uuid(), nullable=True, comment="none: the alliance's purse, as debtor"),
        sa.Column("debtor", sa.Uuid(), nullable=True),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("commodity", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("outstanding", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "obligation"),
    )
    op.create_index(
        "obligations_open",
        "obligations",
        ["alliance_id", "obligation"],
        unique=False,
        postgresql_where=sa.text("outstanding <> 0"),
    )
    op.create_table(
        "postings",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column(
            "entry", sa.BigInteger(), autoincrement=False, nullable=False, comment="leaf index in the log"
        ),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False, comment="the day by whose period it counts"),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=True, comment="none for the leg in an equity account"),
        sa.Column("member", sa.Uuid(), nullable=True),
        sa.Column("counterparty", sa.Uuid(), nullable=True),
        sa.Column("form", sa.Text(), nullable=True),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=True),
        sa.Column("obligation", sa.Uuid(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column(
            "amount",
            sa.Numeric(),
            nullable=False,
            comment="signed as booked: 0 in all, an entry and commodity",
        ),
        sa.Column("commodity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "entry", "line"),
    )
    op.create_index(
        "postings_of_a_member",
        "postings",
        ["alliance_id", "member", "entry"],
        unique=False,
        postgresql_where=sa.text("member IS NOT NULL"),
    )
    op.create_index(
        "postings_of_an_obligation",
        "postings",
        ["alliance_id", "obligation"],
        unique=False,
        postgresql_where=sa.text("obligation IS NOT NULL"),
    )
    op.create_table(
        "reversals",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column(
            "entry", sa.BigInteger(), autoincrement=False, nullable=False, comment="what was reversed: once"
        ),
        sa.Column("by_entry", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "entry"),
    )
    op.create_table(
        "rollups",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("commodity", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.PrimaryKeyConstraint(
            "alliance_id", "project", "member", "side", "form", "nature", "commodity", "effective_on"
        ),
    )
    op.create_index("rollups_of_a_member", "rollups", ["alliance_id", "member", "effective_on"], unique=False)
