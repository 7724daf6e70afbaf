"""A report's part on all members: who gave and got, side by side, and against the charter's floor."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from ledger.audit.journals.alphabet import one_line
from ledger.audit.report.charts import Bars, paired_bars
from ledger.audit.report.floors import Verdict
from ledger.audit.report.gathering import Account
from ledger.audit.report.markup import Content, Markup, tag
from ledger.audit.report.members import FIGURES, Shown, dated, figures, floor_said
from ledger.audit.report.tables import Column, table
from ledger.audit.report.wording import amount
from ledger.posting.legs import Seen


def section(shown: Shown, members: Sequence[tuple[UUID, Account]]) -> Markup:
    commodity = shown.commodity
    bars: list[Bars] = []
    rows: list[Sequence[Content]] = []
    for company, account in members:
        given, got = (account.total(side, commodity) for side in (Seen.CONTRIBUTED, Seen.RECEIVED))
        found = shown.worst(account)
        under = found is not None and found.verdict is Verdict.UNDER
        bars.append(Bars(shown.name(company), given, got, got / given if given else None, under))
        name = tag("a", tag("bdi", shown.name(company)), href=f"#member-{company}")
        rows.append((name, *figures(given, got, commodity), dated(found)))
    in_all = (sum((bar.given for bar in bars), Decimal()), sum((bar.got for bar in bars), Decimal()))
    return tag(
        "section",
        tag("h2", "At a glance", id="overview"),
        tag("p", floor_said(shown)),
        tag("p", "No half-year is closed yet: what stands here may still change.")
        if shown.judged and not shown.gathered.closed
        else None,
        _drawn(shown, bars) if bars else None,
        table(
            f"Given and got over the whole log, in {commodity}",
            [Column("Member"), *FIGURES, Column("Against the floor, at the worst")],
            rows,
            ("All", *figures(*in_all, commodity), "") if len(members) > 1 else None,
        ),
        _imbalances(shown),
        tag(
            "p",
            "Given [contribution]: the value of what a member put in, less what it was paid for it. Got "
            "[benefit]: how much better it did than it would have done alone. Net: got less given. Ratio: "
            "got divided by given. Only what has happened counts.",
            class_="quiet",
        ),
        aria_labelledby="overview",
    )


def _drawn(shown: Shown, bars: Sequence[Bars]) -> Markup:
    commodity, floor = shown.commodity, shown.floor
    described = "; ".join(
        f"{bar.name}: given {amount(bar.given, commodity)}, got {amount(bar.got, commodity)}" for bar in bars
    )
    drawing = paired_bars(
        "overview-chart",
        "What each member gave and got, and its ratio beside the floor",
        described,
        bars,
        commodity,
        floor.ratio if floor else None,
        ratios=True,
    )
    said = f"In {commodity}, over the whole log."
    return tag(
        "figure",
        drawing,
        tag("figcaption", said, " A red dot: under the floor in a window." if floor else None),
    )


def _imbalances(shown: Shown) -> Markup | None:
    if not shown.gathered.imbalances:
        return None
    rows = [
        (
            tag("bdi", shown.name(UUID(data["member"]))),
            one_line(f"{data['starts_on']} to {data['ends_on']}"),
            amount(Decimal(data["contributed"]["amount"]), shown.commodity),
            amount(Decimal(data["received"]["amount"]), shown.commodity),
            amount(Decimal(data["net"]["amount"]), shown.commodity),
            one_line(data["ratio"]),
            one_line(str(data["floor"])),
            str(entry),
        )
        for entry, data in shown.gathered.imbalances
    ]
    columns = [Column("Member"), Column("Window"), *FIGURES, Column("Floor", True), Column("Entry", True)]
    return table("What the ledger recorded as under the floor", columns, rows)
