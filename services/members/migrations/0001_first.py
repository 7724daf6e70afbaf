"""The first tables of the members service."""

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
        "alliances",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id"),
    )
    op.create_table(
        "ballots",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("decision", sa.Uuid(), nullable=False),
        sa.Column("company", sa.Uuid(), nullable=False),
        sa.Column("vote", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "decision", "company"),
    )
    op.create_table(
        "charter_proposals",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("preamble", sa.Uuid(), nullable=True),
        sa.Column("charter", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("alliance_id", "id"),
    )
    op.create_table(
        "charters",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("from_day", sa.Date(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("preamble", sa.Uuid(), nullable=True),
        sa.Column("decision", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("alliance_id", "version"),
    )
    op.create_table(
        "decisions",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("company", sa.Uuid(), nullable=True),
        sa.Column("proposal", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Uuid(), nullable=False),
        sa.Column("discussion", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("electorate", sa.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("interested", sa.ARRAY(sa.Uuid()), nullable=True),
        sa.Column("quorum", sa.Text(), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("votes_for", sa.Integer(), nullable=True),
        sa.Column("votes_against", sa.Integer(), nullable=True),
        sa.Column("abstentions", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("alliance_id", "id"),
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
        "members",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("company", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("pilot_until", sa.Date(), nullable=True),
        sa.Column("notice_ends_on", sa.Date(), nullable=True),
        sa.Column("card", sa.Text(), nullable=True),
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
        "people",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("entry", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("company", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("alliance_id", "person"),
    )
    op.create_table(
        "roles",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("company", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("alliance_id", "person", "role", "company"),
    )
    op.create_index("roles_of_a_person", "roles", ["person"], unique=False)
