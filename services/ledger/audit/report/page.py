"""The report as one page of HTML that loads nothing and runs nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from importlib.resources import files
from uuid import UUID

from ledger.audit.books import NOBODY
from ledger.audit.journals.alphabet import one_line
from ledger.audit.report import overview, proof
from ledger.audit.report.charts import Bars, paired_bars
from ledger.audit.report.gathering import Account, Gathered
from ledger.audit.report.markup import Content, Markup, joined, tag
from ledger.audit.report.members import FIGURES, Shown, figures, section
from ledger.audit.report.proof import Checked
from ledger.audit.report.tables import Column, table
from ledger.audit.report.wording import amount, day, form, happening, unaccented
from ledger.posting.legs import Seen
from standing import Standing

__all__ = ["Checked", "written"]

# Even what slipped through as markup could load nothing and run nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def written(gathered: Gathered, standing: Standing | None, checked: Checked) -> str:
    """The page. `standing` is the alliance's at the end of the log; None where none was founded in it."""
    shown = Shown(gathered, standing, _commodity(gathered, standing))
    title = (one_line(standing.name) if standing else "") or "An alliance"
    head = joined(
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup('<meta name="referrer" content="no-referrer">'),
        tag("title", f"{title}: who gave and who got"),
        tag("style", Markup(files(__package__).joinpath("page.css").read_text(encoding="utf-8"))),
    )
    members = sorted(
        (
            (company, account)
            for company, account in gathered.accounts.items()
            # With one company's keys lines of others show in passing, and never all of them.
            if (account.sums or account.standing) and checked.company in {None, company}
        ),
        key=lambda one: (unaccented(shown.name(one[0])), one[0]),
    )
    body = joined(
        _heading(title, shown, checked, several=len(members) > 1),
        tag("main", *_parts(shown, members, checked)),
        tag(
            "footer", tag("p", "Made by alliance-audit from the log alone. The same log gives the same page.")
        ),
    )
    return f"<!DOCTYPE html>\n{tag('html', tag('head', head), tag('body', body), lang='en')}\n"


def _commodity(gathered: Gathered, standing: Standing | None) -> str:
    if standing and standing.charters:
        return standing.charters[-1].currency
    used = Counter(key.commodity for account in gathered.accounts.values() for key in account.sums)
    return max(sorted(used), key=lambda one: used[one], default="EUR")


def _heading(title: str, shown: Shown, checked: Checked, *, several: bool) -> Markup:
    gathered = shown.gathered
    span = (
        f"{day(gathered.first)} to {day(gathered.last)}"
        if gathered.first and gathered.last
        else "no postings"
    )
    return tag(
        "header",
        tag("p", "Audit report", class_="overline"),
        tag("h1", tag("bdi", title)),
        tag("p", f"Who gave and who got · {span} · {gathered.entries:,} entries of the log", class_="lead"),
        tag("p", _whose(shown, checked), class_="notice"),
        *(tag("p", caution, class_="notice caution") for caution in checked.cautions),
        tag(
            "ul",
            *(tag("li", tag("strong", what), " ", tag("span", said)) for what, said in checked.found.items()),
            class_="checks",
            aria_label="What was checked before this page was made",
        ),
        tag(
            "nav",
            *(
                tag("a", name, href=f"#{target}")
                for target, name in (
                    ("overview", "At a glance"),
                    *((("forms", "By form"),) if several else ()),
                    ("members", "Member by member"),
                    ("unopened", "What was not opened"),
                    ("proof", "Checkpoint and checking by hand"),
                )
            ),
            aria_label="Contents",
        ),
    )


def _whose(shown: Shown, checked: Checked) -> str:
    if checked.company is None:
        return (
            "It shows figures that were opened with the keys of the alliance: give it to nobody who may not "
            "read all of them."
        )
    if checked.company == NOBODY:
        return "No keys were given: it shows nothing that is sealed to a company."
    return (
        f"It shows the lines of {shown.name(checked.company)}, opened with its keys. Lines of others "
        "are sealed and not counted."
    )


def _parts(shown: Shown, members: Sequence[tuple[UUID, Account]], checked: Checked) -> Iterator[Content]:
    yield overview.section(shown, members)
    if len(members) > 1:
        yield _forms(shown, members)
    yield tag(
        "section",
        tag("h2", "Member by member", id="members"),
        [section(shown, company, account) for company, account in members]
        or tag("p", "There is nothing that these keys open."),
        class_="members",
        aria_labelledby="members",
    )
    yield _unopened(shown.gathered)
    yield proof.section(checked)


def _forms(shown: Shown, members: Sequence[tuple[UUID, Account]]) -> Markup:
    commodity, bars, rows = shown.commodity, [], []
    for code in shown.gathered.forms():
        given, got = (
            sum((account.total(side, commodity, form=code) for _, account in members), Decimal())
            for side in (Seen.CONTRIBUTED, Seen.RECEIVED)
        )
        bars.append(Bars(form(code), given, got))
        rows.append((form(code), *figures(given, got, commodity)))
    described = "; ".join(
        f"{bar.name}: given {amount(bar.given, commodity)}, got {amount(bar.got, commodity)}" for bar in bars
    )
    drawn = paired_bars("forms-chart", "Given and got by form of alliance", described, bars, commodity)
    return tag(
        "section",
        tag("h2", "By form of alliance", id="forms"),
        tag("figure", drawn) if bars else None,
        table(f"By form of alliance, all members, in {commodity}", [Column("Form"), *FIGURES], rows),
        aria_labelledby="forms",
    )


def _unopened(gathered: Gathered) -> Markup:
    rows = [
        (happening(kind), f"{found.count:,}", f"{found.first}", f"{found.last}")
        for kind, found in sorted(gathered.unopened.items())
    ]
    columns = [Column("Event"), Column("Entries", True), Column("First", True), Column("Last", True)]
    return tag(
        "section",
        tag("h2", "What was not opened", id="unopened"),
        table("Entries that post what these keys do not open: not counted on this page", columns, rows)
        if rows
        else tag("p", "Nothing: of every entry that posts something all was opened and counted."),
        aria_labelledby="unopened",
    )
