"""The auditor's report: what stands on the page, and that nothing else can."""

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ledger.audit.replay import Replayed
from ledger.audit.report import Gathered, written
from ledger.audit.report.floors import Verdict, window, worst
from ledger.audit.report.gathering import LATEST, Account, Month
from ledger.audit.report.markup import Markup, joined, tag
from ledger.audit.report.wording import amount, ratio
from ledger.period.sums import HalfYear
from ledger.posting.transactions import Form, Nature, contributed, received
from samples.entries import entry, euros
from samples.reports import COMPANIES, GIVER, checked, company, standing, two_years

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e&lt;"


class Page(HTMLParser):
    """What a browser would find, as far as it matters here."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]


@cache
def kept() -> tuple[Replayed, ...]:
    return tuple(two_years())


def gathered() -> Gathered:
    found = Gathered()
    for one in kept():
        found.add(one)
    return found


def page(names: tuple[str, ...] = COMPANIES, alliance: str = "Les Ateliers du Forez") -> str:
    return written(gathered(), standing(names, alliance), checked())


def test_the_same_log_gives_the_same_page() -> None:
    assert page() == page()


def test_it_says_what_each_member_gave_and_got() -> None:
    found = Page(page())
    # 24 months of 450.00 and 240.00 dues; 8 quarters of 61.25.
    for figure in ("11,040.00", "490.00", "−10,550.00", "0.0444"):
        assert figure in found.texts
    assert "under the floor" in found.texts
    for name in COMPANIES:
        assert name in found.texts
    for code in ("Dues", "Officers and meetings", "Group purchasing", "Joint tendering"):
        assert code in found.texts


def test_it_says_how_many_of_the_lines_behind_are_shown() -> None:
    assert f"The latest {LATEST} of 33 lines behind" in page()


def test_it_says_what_could_not_be_opened() -> None:
    found = gathered()
    assert "Nothing: of every entry" in written(found, standing(), checked())
    for number in (700, 705):
        sealed = entry(number, type="alliance.tenders.payment_received.v1")
        found.add(type(sealed)(sealed.head, sealed.posted, sealed=True))
    text = Page(written(found, standing(), checked())).text
    assert re.search(r"Payment received +2 +700 +705", text)


def test_it_holds_everything_it_needs_and_loads_nothing() -> None:
    text = page()
    found = Page(text)
    assert not found.open
    names = {name for name, _ in found.tags}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "form", "base", "image", "use"}
    for _, attributes in found.tags:
        assert not any(name.startswith("on") or name in {"src", "style"} for name in attributes)
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text
    policy = found.all("meta")[1]["content"] or ""
    assert policy.startswith("default-src 'none'")


def test_who_cannot_see_it_is_told_the_same() -> None:
    found = Page(page())
    assert found.all("html")[0]["lang"] == "en"
    tables = [name for name, _ in found.tags if name in {"table", "caption"}]
    assert tables == ["table", "caption"] * (len(tables) // 2)
    assert all(heading["scope"] in {"row", "col"} for heading in found.all("th"))
    ids = {attributes["id"] for _, attributes in found.tags if "id" in attributes}
    assert len(ids) == sum("id" in attributes for _, attributes in found.tags)
    drawings = found.all("svg")
    assert len(drawings) == 2 + len(COMPANIES)
    for drawing in drawings:
        assert drawing["role"] == "img"
        assert set((drawing["aria-labelledby"] or "").split()) <= ids
    assert {(one["href"] or "").removeprefix("#") for one in found.all("a")} <= ids


PLAIN = Counter(name for name, _ in Page(page()).tags)


@given(st.lists(st.text() | st.just(HOSTILE), min_size=9, max_size=9), st.text() | st.just(HOSTILE))
@settings(max_examples=15, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_no_name_is_more_than_text(names: list[str], alliance: str) -> None:
    found = Page(page(tuple(names), alliance))
    # Those of a plain page, in an order of their own: members stand by their names.
    assert Counter(name for name, _ in found.tags) == PLAIN
    assert "\u202e" not in found.text


def test_what_is_not_markup_is_escaped() -> None:
    assert tag("p", "a < b", title='"') == '<p title="&quot;">a &lt; b</p>'
    assert joined(["a&", [tag("i")]], None) == "a&amp;<i></i>"
    assert tag("p", Markup("<b>"), class_="x", scope=None) == '<p class="x"><b></p>'


@pytest.mark.parametrize(
    ("given_", "got", "verdict"),
    [
        ("0.00", "10.00", Verdict.NOTHING_GIVEN),
        ("1000.00", "500.00", Verdict.ABOVE),
        ("1000.00", "499.99", Verdict.UNDER),
        ("900.00", "449.00", Verdict.WITHIN),
    ],
)
def test_a_window_is_judged_by_the_exact_ratio_and_the_net(given_: str, got: str, verdict: Verdict) -> None:
    found = Gathered()
    found.add(
        entry(
            1,
            contributed(GIVER, Form.OFFICERS, "life", Nature.HOURS, euros(given_)),
            received(GIVER, Form.PURCHASING, "campaign/1", Nature.SAVED, euros(got)),
            booked_on=date(2024, 2, 1),
        )
    )
    half = HalfYear(2024, 1)
    one = window(found.accounts[GIVER], half, standing(), "EUR")
    assert one is not None
    # Half of what was given: at the floor is not under it.
    assert one.verdict is verdict


def test_a_member_is_shown_at_its_worst_and_when_that_was() -> None:
    found = gathered()
    assert re.search(r'badge under">under the floor</span> 2025-H1<', written(found, standing(), checked()))
    windows = [window(found.accounts[GIVER], half, standing(), "EUR") for half in found.halves()]
    shown = worst(one for one in windows if one is not None)
    assert shown is not None
    assert (shown.verdict, shown.last) == (Verdict.UNDER, HalfYear(2025, 2))
    # What is open may still change, and is not judged beside what is closed.
    assert max(found.closed) == HalfYear(2025, 1)


def test_before_the_first_charter_there_is_no_floor() -> None:
    assert window(Account(), HalfYear(2023, 2), standing(), "EUR") is None
    assert window(Account(), HalfYear(2024, 1), None, "EUR") is None


def test_an_empty_log_has_a_page_too() -> None:
    text = Page(written(Gathered(), None, checked(0))).text
    assert "no postings" in text
    assert "There is nothing that these keys open." in text


@pytest.mark.parametrize(
    ("value", "commodity", "said"),
    [
        ("1234567.5", "EUR", "1,234,567.50"),
        ("-0.01", "EUR", "−0.01"),
        ("-0", "EUR", "0.00"),
        ("1200", "JPY", "1,200"),
        ("35.25", "HOUR", "35.25"),
    ],
)
def test_amounts_have_the_decimals_of_their_commodity(value: str, commodity: str, said: str) -> None:
    assert amount(Decimal(value), commodity) == said
    assert ratio(None) == "–"


def test_months_follow_one_another_over_the_turn_of_a_year() -> None:
    found = gathered()
    months = list(found.months())
    assert len(months) == 24
    assert (months[0], months[12], months[-1]) == (Month(2024, 1), Month(2025, 1), Month(2025, 12))
    assert company(6) == GIVER
