"""A report's part on one member: over time, by half-year, by form, and the lines behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from ledger.audit.journals.alphabet import one_line
from ledger.audit.report.charts import over_time
from ledger.audit.report.floors import WINDOWS, Verdict, window
from ledger.audit.report.gathering import LATEST, Account, Gathered
from ledger.audit.report.markup import Content, Markup, joined, tag
from ledger.audit.report.tables import Column, table
from ledger.audit.report.wording import amount, exact_ratio, form, happening, ratio, words
from ledger.period.sums import HalfYear
from ledger.posting.legs import Seen
from standing import Standing

FIGURES = (Column("Given", True), Column("Got", True), Column("Net", True), Column("Ratio", True))


@dataclass(frozen=True)
class Shown:
    """What the whole report is of."""

    gathered: Gathered
    standing: Standing | None
    commodity: str
    """In which given and got are compared: the charter's currency."""

    def name(self, company: UUID) -> str:
        member = self.standing.members.get(company) if self.standing else None
        return (one_line(member.name) if member else "") or str(company)

    def last_window(self) -> HalfYear | None:
        """The last half-year that was closed; where none is, the last of all."""
        halves = self.gathered.halves()
        return max(self.gathered.closed, default=halves[-1] if halves else None)


def figures(given: Decimal, got: Decimal, commodity: str) -> tuple[str, str, str, str]:
    """As `FIGURES` has them."""
    return (
        amount(given, commodity),
        amount(got, commodity),
        amount(got - given, commodity),
        ratio(exact_ratio(given, got)),
    )


def badge(verdict: Verdict | None) -> Markup:
    if verdict is None:
        return tag("span", "–")
    return tag("span", verdict.value, class_=f"badge {verdict.name.lower().replace('_', '-')}")


def section(shown: Shown, company: UUID, account: Account) -> Markup:
    name, commodity = shown.name(company), shown.commodity
    given, got = (account.total(side, commodity) for side in (Seen.CONTRIBUTED, Seen.RECEIVED))
    last = shown.last_window()
    now = window(account, last, shown.standing, commodity) if last else None
    return tag(
        "section",
        tag("h3", tag("bdi", name), id=f"member-{company}"),
        tag("p", "Company ", tag("code", str(company)), class_="quiet"),
        _heads(account, given, got, commodity),
        tag("p", "Window to ", now.last.name, ": ", badge(now.verdict)) if now else None,
        tag("figure", _chart(shown, company, account)) if account.sums else None,
        _by_half(shown, account),
        _by_form(shown, account, given, got),
        _lines(account, commodity),
        _others(account, commodity),
        class_="member",
        aria_labelledby=f"member-{company}",
    )


def _heads(account: Account, given: Decimal, got: Decimal, commodity: str) -> Markup:
    pending, owed, owing = (
        account.standing.get((side, commodity), Decimal()) for side in (Seen.PENDING, Seen.OWED, Seen.OWING)
    )
    shown = [
        ("Given", amount(given, commodity)),
        ("Got", amount(got, commodity)),
        ("Net", amount(got - given, commodity)),
        ("Ratio", ratio(exact_ratio(given, got))),
        ("Expected", amount(pending, commodity)),
        ("Owed to it", amount(owed, commodity)),
        ("It owes", amount(owing, commodity)),
    ]
    return tag("dl", *(tag("div", tag("dt", term), tag("dd", said)) for term, said in shown), class_="heads")


def _chart(shown: Shown, company: UUID, account: Account) -> Markup:
    months, name, commodity = list(shown.gathered.months()), shown.name(company), shown.commodity
    runs: dict[Seen, list[Decimal]] = {Seen.CONTRIBUTED: [], Seen.RECEIVED: []}
    for side, run in runs.items():
        by_month = {month: Decimal() for month in months}
        for key, value in account.sums.items():
            if key.side is side and key.commodity == commodity:
                by_month[key.month] += value
        total = Decimal()
        for month in months:
            total += by_month[month]
            run.append(total)
    given, got = runs[Seen.CONTRIBUTED], runs[Seen.RECEIVED]
    return over_time(
        f"time-{company}",
        f"{name}: given and got over time",
        f"Added up month by month in {commodity}, from {months[0].year} to {months[-1].year}: at the end "
        f"given {amount(given[-1], commodity)}, got {amount(got[-1], commodity)}.",
        months,
        given,
        got,
        commodity,
    )


def _by_half(shown: Shown, account: Account) -> Markup:
    commodity, rows = shown.commodity, []
    windows = [(half, window(account, half, shown.standing, commodity)) for half in shown.gathered.halves()]
    longer = any(one is not None and one.first != one.last for _, one in windows)
    for half, one in windows:
        given, got = (account.total(side, commodity, half=half) for side in (Seen.CONTRIBUTED, Seen.RECEIVED))
        ended: tuple[Content, ...] = (ratio(one.ratio) if one else "–",) if longer else ()
        state = "closed" if half in shown.gathered.closed else "open"
        floor = "–" if one is None else f"{one.floor:f}"
        rows.append(
            (
                half.name,
                *figures(given, got, commodity),
                *ended,
                floor,
                badge(one.verdict if one else None),
                state,
            )
        )
    columns = [Column("Half-year"), *FIGURES]
    if longer:
        columns.append(Column("Window’s ratio", True))
    columns += [Column("Floor", True), Column("Against the floor"), Column("Period")]
    return table(f"By half-year, in {commodity}", columns, rows)


def _by_form(shown: Shown, account: Account, given: Decimal, got: Decimal) -> Markup:
    commodity, rows = shown.commodity, []
    for code in shown.gathered.forms():
        in_form = [account.total(side, commodity, form=code) for side in (Seen.CONTRIBUTED, Seen.RECEIVED)]
        if any(key.form == code for key in account.sums):
            rows.append((form(code), *figures(in_form[0], in_form[1], commodity)))
    total = ("All forms", *figures(given, got, commodity))
    return table(f"By form of alliance, in {commodity}", [Column("Form"), *FIGURES], rows, total)


def _lines(account: Account, commodity: str) -> Markup | None:
    if not account.count:
        return None
    alike = all(line.commodity == commodity for line in account.lines)
    rows = [
        (
            str(line.entry),
            tag("time", str(line.booked_on), datetime=str(line.booked_on)),
            happening(line.said),
            form(line.form),
            _project(line.project),
            words(line.nature),
            *(
                f"{amount(line.amount, line.commodity)}{'' if alike else f' {line.commodity}'}"
                if line.side is side
                else ""
                for side in (Seen.CONTRIBUTED, Seen.RECEIVED)
            ),
        )
        for line in reversed(account.lines)
    ]
    columns = [
        Column("Entry", True),
        Column("Booked on"),
        Column("What happened"),
        Column("Form"),
        Column("Project"),
        Column("Nature"),
        Column("Given", True),
        Column("Got", True),
    ]
    said = f"The lines behind: all {account.count}, the latest first"
    if account.count > LATEST:
        said = (
            f"The latest {len(account.lines):,} of {account.count:,} lines behind; "
            "all of them: alliance-audit export DIR --format csv"
        )
    return table(said, columns, rows)


def _project(project: str) -> Markup:
    """Long ids break where they must, so that the table keeps its width."""
    kind, slash, rest = one_line(project).partition("/")
    return joined(kind, slash, tag("wbr") if slash else None, tag("span", rest, class_="id"))


def _others(account: Account, commodity: str) -> Markup | None:
    others = sorted({key.commodity for key in account.sums} - {commodity})
    if not others:
        return None
    rows: Sequence[Sequence[Content]] = [
        (other, *figures(account.total(Seen.CONTRIBUTED, other), account.total(Seen.RECEIVED, other), other))
        for other in others
    ]
    return table("In other commodities", [Column("Commodity"), *FIGURES], rows)


def window_said(shown: Shown, half: HalfYear) -> str | None:
    """`a ratio of 0.50 over each half-year, …`: the floor of the charter in force at the end of it."""
    charter = shown.standing.charter_on(half.ends_on) if shown.standing else None
    if charter is None or charter.floor is None:
        return None
    floor = charter.floor
    return (
        f"a ratio of {floor.ratio:f} over each {WINDOWS[floor.window]}, where the net is under "
        f"−{amount(floor.threshold.amount, floor.threshold.currency)} {floor.threshold.currency}"
    )
