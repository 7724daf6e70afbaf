"""Recognisable figures for the bodies that a walk gives: of five digits and more, and possible together."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from rigs.walk import DAY, MEMBERS
from samples.charter import euros

Body = dict[str, Any]

OF_THE_GROUP = frozenset({"record_quote", "receive_goods", "record_invoice"})
"""Commands whose figures are no single company's."""
OF_THE_CONSORTIUM = frozenset({"set_shares", "draft_bid", "reprice_bid", "win_bid", "record_payment"})
OPEN = frozenset({"lot", "lots", "milestone", "minimum_quantity"})
"""Numbers in these bodies that everybody may read."""


class Figures:
    """A method for each operation whose body has private figures, named like it: the body with its own in
    place. `companies` gives the walk's, by name: none before it has founded its alliance.
    """

    def __init__(self, companies: Callable[[], Mapping[str, str]]) -> None:
        self._companies = companies
        self._campaigns = 0
        self._declared = 0

    def _number(self, company: str) -> int:
        """0 for the first of the members."""
        names = {known: name for name, known in self._companies().items()}
        return MEMBERS.index(names[company])

    def owners(self, operation: str, body: Body) -> Sequence[str]:
        """Whose figures they are; none for those of a group."""
        if operation in OF_THE_GROUP:
            return []
        if operation in OF_THE_CONSORTIUM:
            return [self._companies()[name] for name in MEMBERS[:2]]
        return [body["company"] if "company" in body else self._companies()[MEMBERS[0]]]

    def draft_campaign(self, body: Body) -> Body:
        self._campaigns += 1
        return {**body, "minimum_quantity": 1000 * body["minimum_quantity"]}

    def record_need(self, body: Body) -> Body:
        n = self._number(body["company"])
        former = {**body["former_price"], "price": euros(f"25{n + 1}.{13 + 16 * n}")}
        return {**body, "expected_quantity": 31013 + 1106 * n, "former_price": former}

    def attest_former_price(self, body: Body) -> Body:
        n = self._number(body["company"])
        return {**body, "price": euros(f"24{n + 5}.{17 + 12 * n}")}

    def record_quote(self, body: Body) -> Body:
        n = self._campaigns  # each campaign has its own supplier
        tiers = [
            {"from_quantity": 10111 + 2 * n, "price": euros(f"{270 + n}.37")},
            {"from_quantity": 50021 + 2 * n, "price": euros(f"{210 + n}.11")},
            # So much less a unit that three members pay less for more.
            {"from_quantity": 71003 + 2 * n, "price": euros(f"{170 + n}.17")},
        ]
        tiers = [{"from_quantity": 1, "price": euros(f"{280 + n}.43")}, *tiers]
        sizes = {"pack_size": 10007 + 12 * n, "minimum_order": 10131 + 2 * n}
        return {**body, **sizes, "tiers": tiers, "delivery": euros(f"{3019 + n}.53")}

    def commit_quantity(self, body: Body) -> Body:
        n = self._number(body["company"])
        quantity, highest = (30211, 20347, 15629)[n], euros(f"29{n + 1}.{19 + 14 * n}")
        return {**body, "quantity": quantity, "tolerance": 12511 + 102 * n, "maximum_price": highest}

    def accept_round_up(self, body: Body) -> Body:
        return {**body, "at_most": 14009}

    def prefinance_purchase(self, body: Body) -> Body:
        return {**body, "amount": euros(f"1471700{self._campaigns}.77")}

    def receive_goods(self, body: Body) -> Body:
        """What was ordered: a figure already."""
        return body

    def record_invoice(self, body: Body) -> Body:
        n = self._campaigns
        return {**body, "goods": euros(f"1471831{n}.57"), "delivery": euros(f"{3023 + n}.71")}

    def declare_hours(self, body: Body) -> Body:
        """In twelve days that nothing else is declared for."""
        self._declared += 1
        last = date.fromisoformat(DAY) - timedelta(days=12 * self._declared)
        days = {"first_day": (last - timedelta(days=11)).isoformat(), "last_day": last.isoformat()}
        return {
            **body,
            "lines": [{**line, **days, "hours": f"{130 + self._declared}.37"} for line in body["lines"]],
        }

    def arbitrate_declaration(self, body: Body) -> Body:
        lines = [{**line, "hours": f"{110 + self._declared}.59"} for line in body["lines"]]
        return {**body, "lines": lines}

    def declare_means(self, body: Body) -> Body:
        """A tariff of the charter has its own amount."""
        return {**body, "amount": euros("35017.43")} if "amount" in body else body

    def set_shares(self, body: Body) -> Body:
        rows = zip(body["shares"], ("58.3719", "41.6281"), strict=True)
        return {**body, "shares": [{**row, "share": share} for row, share in rows]}

    def declare_terms(self, body: Body) -> Body:
        return {**body, "margin": ("4.5127", "3.7819")[self._number(body["company"])]}

    def draft_bid(self, body: Body) -> Body:
        return {**body, "price": euros("38017.29")}

    def reprice_bid(self, body: Body) -> Body:
        return {**body, "price": euros("37531.43")}

    def win_bid(self, body: Body) -> Body:
        return {**body, "amount": euros("3701377.31")}

    def record_payment(self, body: Body) -> Body:
        rows = zip(body["received"], ("526159.27", "375198.46"), strict=True)
        received = [{**row, "amount": euros(amount)} for row, amount in rows]
        return {**body, "total": euros("901357.73"), "received": received}
