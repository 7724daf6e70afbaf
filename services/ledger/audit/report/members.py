"""A report's part on one member: over time, by half-year, by form, and the lines behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from ledger.audit.journals.alphabet import one_line
from ledger.audit.report.charts import over_time
from ledger.audit.report.floors import WINDOWS, Verdict, Window, window, worst
from ledger.audit.report.gathering import LATEST, Account, Gathered
from ledger.audit.report.markup import Content, Markup, joined, tag
from ledger.audit.report.tables import Column, table
from ledger.audit.report.wording import amount, exact_ratio, form, happening, ratio, words
from ledger.period.sums import HalfYear
from ledger.posting.legs import Seen
from standing import Standing
from standing.alliance import Floor

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

    @property
    def judged(self) -> Sequence[HalfYear]:
        """The half-years that were closed; where none is, all."""
        return sorted(self.gathered.closed) or self.gathered.halves()

    @property
    def floor(self) -> Floor | None:
        """Of the charter in force at the end of the last of these."""
        if self.standing is None or not self.judged:
            return None
        charter = self.standing.charter_on(self.judged[-1].ends_on)
        return charter.floor if charter else None

    def worst(self, account: Account) -> Window | None:
        """Of the windows that end with one of these, the one in which a member stood worst."""
        windows = (window(account, half, self.standing, self.commodity) for half in self.judged)
        return worst(one for one in windows if one is not None)


def figures(given: Decimal, got: Decimal, commodity: str) -> tuple[str, str, str, str]:
    """As `FIGURES` has them."""
    return (
        amount(given, commodity),
        amount(got, commodity),
        amount(got - given, commodity),
        ratio(exact_ratio(given, got)),
    )


def badge(found: Window | None) -> Markup:
    if found is None:
        return tag("span", "–")
    kind = found.verdict.name.lower().replace("_", "-")
    return tag("span", found.verdict.value, class_=f"badge {kind}")


def dated(found: Window | None) -> Markup:
    """With the half-year with which the window ends, where the member stands under the floor."""
    when = found and found.verdict in {Verdict.UNDER, Verdict.WITHIN}
    return joined(badge(found), f" {found.last.name}" if found and when else None)


def section(shown: Shown, company: UUID, account: Account) -> Markup:
    name, commodity = shown.name(company), shown.commodity
    given, got = (account.total(side, commodity) for side in (Seen.CONTRIBUTED, Seen.RECEIVED))
    found = shown.worst(account)
    return tag(
        "section",
        tag("h3", tag("bdi", name), id=f"member-{company}"),
        tag("p", "Company ", tag("code", str(company)), class_="quiet"),
        _heads(account, given, got, commodity),
        tag("p", "Against the floor: ", dated(found)) if found else None,
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
                badge(one),
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


def floor_said(shown: Shown) -> str:
    """That of the charter in force at the end of the last half-year that is judged."""
    floor = shown.floor
    if floor is None:
        return "No charter in the log sets a floor."
    return (
        f"The charter’s floor: a ratio of {floor.ratio:f} over each {WINDOWS[floor.window]}, where the net "
        f"is under −{amount(floor.threshold.amount, floor.threshold.currency)} {floor.threshold.currency}."
    )
