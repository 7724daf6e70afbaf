"""What counts in which half-year; and the floors of charters that the standing was told of without them."""

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "period_sums",
        sa.Column("alliance_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False, comment="of the half-year by which it is booked"),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False, comment="contributed or received"),
        sa.Column("commodity", sa.Text(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="positive is more of the side"),
        sa.PrimaryKeyConstraint("alliance_id", "starts_on", "member", "side", "commodity"),
    )
    op.execute("""
        INSERT INTO period_sums
        SELECT alliance_id,
            make_date(date_part('year', booked_on)::int,
                CASE WHEN date_part('month', booked_on) > 6 THEN 7 ELSE 1 END, 1),
            member, side, commodity, sum(CASE side WHEN 'received' THEN -amount ELSE amount END)
        FROM postings WHERE side IN ('contributed', 'received') AND member IS NOT NULL
        GROUP BY 1, 2, 3, 4, 5
    """)
    _floors(op.get_bind())


def _floors(connection: sa.Connection) -> None:
    for alliance, document in connection.execute(sa.text("SELECT alliance_id, document FROM standing")):
        standing = orjson.loads(document)
        events = connection.execute(
            sa.text(
                "SELECT body FROM events WHERE alliance_id = :alliance"
                " AND type = 'alliance.members.charter_put_in_force.v1'"
            ),
            {"alliance": alliance},
        )
        told = [orjson.loads(body)["data"] for (body,) in events]
        floors = {one["version"]: one["terms"]["floor"] for one in told}
        for charter in standing["charters"]:
            floor = floors[charter["version"]]
            charter["floor"] = {name: floor[name] for name in ("ratio", "window", "threshold")}
        connection.execute(
            sa.text("UPDATE standing SET document = :document WHERE alliance_id = :alliance"),
            {"document": orjson.dumps(standing), "alliance": alliance},
        )
