"""The first tables of the tenders service."""

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
        "bids",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opportunity", sa.Uuid(), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=False),
        sa.Column("consortium", sa.Uuid(), nullable=False),
        sa.Column("lead", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "id"),
    )
    op.create_index("bids_of_an_opportunity", "bids", ["alliance_id", "opportunity", "lot"], unique=False)
    op.create_table(
        "consortia",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opportunity", sa.Uuid(), nullable=False),
        sa.Column("lead", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("charter_version", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("alliance_id", "id"),
    )
    op.create_index("consortia_of_an_opportunity", "consortia", ["alliance_id", "opportunity"], unique=False)
    op.create_table(
        "contracts",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opportunity", sa.Uuid(), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=False),
        sa.Column("consortium", sa.Uuid(), nullable=False),
        sa.Column("lead", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("charter_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "id"),
    )
    op.create_index(
        "contracts_of_an_opportunity", "contracts", ["alliance_id", "opportunity", "lot"], unique=False
    )
    op.create_table(
        "declaration_lines",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("declaration", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("hours", sa.Numeric(), nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "declaration", "position"),
    )
    op.create_index(
        "declaration_lines_of_a_person", "declaration_lines", ["alliance_id", "person"], unique=False
    )
    op.create_table(
        "declarations",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("company", sa.Uuid(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("charter_version", sa.Integer(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("nature", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=True),
        sa.Column("value", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("posted_on", sa.Date(), nullable=False),
        sa.Column("independent_only", sa.Boolean(), nullable=False),
        sa.Column("counterparty", sa.Uuid(), nullable=True),
        sa.Column("evidence", sa.Uuid(), nullable=True),
        sa.Column("replaces", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("alliance_id", "id"),
    )
    op.create_index(
        "declarations_of_a_project", "declarations", ["alliance_id", "project", "company"], unique=False
    )
    op.create_index("declarations_replaced", "declarations", ["alliance_id", "replaces"], unique=False)
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
        "involvements",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("company", sa.Uuid(), nullable=False),
        sa.Column("consortium", sa.Uuid(), nullable=False),
        sa.Column("opportunity", sa.Uuid(), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "subject", "company"),
    )
    op.create_index(
        "involvements_in_a_lot", "involvements", ["alliance_id", "opportunity", "lot"], unique=False
    )
    op.create_index("involvements_of_a_company", "involvements", ["alliance_id", "company"], unique=False)
    op.create_table(
        "leavers",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("company", sa.Uuid(), nullable=False),
        sa.Column("notice", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "company"),
    )
    op.create_table(
        "obligations",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("debtor", sa.Uuid(), nullable=True),
        sa.Column("creditor", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("charter_version", sa.Integer(), nullable=False),
        sa.Column("money_rate", sa.Numeric(), nullable=True),
        sa.Column("incurred_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("vat_rate", sa.Numeric(), nullable=True),
        sa.Column("invoice_number", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=True),
        sa.Column("attested_on", sa.Date(), nullable=True),
        sa.Column("why", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("alliance_id", "id"),
    )
    op.create_index("obligations_by_due_date", "obligations", ["alliance_id", "due_on", "id"], unique=False)
    op.create_index("obligations_of_a_project", "obligations", ["alliance_id", "project"], unique=False)
    op.create_table(
        "opportunities",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("ocid", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("alliance_id", "id"),
    )
    op.create_index("opportunities_by_ocid", "opportunities", ["alliance_id", "ocid"], unique=True)
    op.create_table(
        "seats",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("consortium", sa.Uuid(), nullable=False),
        sa.Column("company", sa.Uuid(), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "consortium", "company", "lot"),
    )
