"""A made-up log of one alliance over a year: what the services really publish, each entry posting something.

Three quarters are hours attested or declared, the others who owes whom, payments of contracts, campaigns, and
what is taken back. They are put together without the checks of writing one, which take five times as long.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from uuid_utils.compat import uuid7

from events.ids import AllianceId, CompanyId
from events.sealing import Masters, Seal
from ledger.audit.keys import KeyFile

COMPANIES: Final = 17
PROJECTS: Final = 100
AT_A_TIME: Final = 12
"""Projects under way."""
SERVICES: Final = ("members", "purchasing", "tenders", "ledger")
FIRST_DAY: Final = date(2025, 1, 1)
KINDS: Final = random.Random(1).choices(
    ("attested", "declared", "incurred", "paid", "recognised", "settled", "taken_back"),
    (60, 15, 8, 8, 5, 3, 1),
    k=1000,
)
"""In the order in which they come, again and again."""

_Obligation = tuple[UUID, UUID, UUID, dict[str, str]]
"""Its id, debtor, creditor and amount."""


@dataclass
class History:
    """`entries` in all, over a year."""

    entries: int
    alliance: AllianceId = field(default_factory=lambda: AllianceId(uuid7()))

    def __post_init__(self) -> None:
        self._chance = random.Random(2)
        self._companies = [CompanyId(uuid7()) for _ in range(COMPANIES)]
        self._projects = [str(uuid7()) for _ in range(PROJECTS)]
        self._rings = {name: Masters((name.encode().ljust(32, b"."),)) for name in SERVICES}
        self._actor = uuid4().hex
        self._sequences = dict.fromkeys(SERVICES, 0)
        self._owed: list[_Obligation] = []
        self._recognised: list[str] = []

    @property
    def keys(self) -> KeyFile:
        """Of all companies."""
        return KeyFile(
            alliance=self.alliance,
            company=None,
            keys={
                name: {
                    company: (key.hex(),)
                    for company in self._companies
                    if (key := ring.sealing(self.alliance, company)) is not None
                }
                for name, ring in self._rings.items()
            },
        )

    def __iter__(self) -> Iterator[bytes]:
        yield self._entry(0, "ledger", "log_opened", "life", str(uuid7()), {"origin": "bench.example/1"})
        for number in range(1, self.entries):
            service, name, project, event_id, data = self._made(number)
            yield self._entry(number, service, name, project, event_id, data)

    def _entry(
        self, number: int, service: str, name: str, project: str, event_id: str, data: dict[str, Any]
    ) -> bytes:
        self._sequences[service] += 1
        day = FIRST_DAY + timedelta(days=number * 365 // self.entries)
        return orjson.dumps(
            {
                "specversion": "1.0",
                "id": event_id,
                "source": f"/{service}/alliances/{self.alliance}",
                "type": f"alliance.{service}.{name}.v1",
                "subject": project,
                "time": f"{day}T08:00:00.000000Z",
                "datacontenttype": "application/json",
                "sequence": f"{self._sequences[service]:012d}",
                "streamversion": number + 1,
                "actor": self._actor,
                "correlationid": event_id,
                "effectiveon": day,
                "charterversion": 1,
                "project": project,
                "data": data,
            }
        )

    def _made(self, number: int) -> tuple[str, str, str, str, dict[str, Any]]:
        """Service, name, project, event id and data."""
        event_id, chance = str(uuid7()), self._chance
        first, second, third = chance.sample(self._companies, 3)
        begun = number * PROJECTS // self.entries
        place = self._projects[(begun + chance.randrange(AT_A_TIME)) % PROJECTS]
        amount = self._euros()

        def sealed(service: str, owner: UUID, path: str, figure: Any) -> dict[str, str]:
            return Seal(self._rings[service], self.alliance, event_id).close(owner, path, figure)

        kind = KINDS[number % len(KINDS)]
        if kind == "paid" and not self._owed:
            kind = "incurred"
        if kind == "taken_back" and not self._recognised:
            kind = "recognised"
        match kind:
            case "attested" | "declared":
                service = chance.choice(SERVICES[:3])
                form = {"members": "officers"}.get(service, service)
                given = {
                    "declaration": uuid4(),
                    "company": first,
                    "form": form,
                    "nature": "hours",
                    "kind": "engineer",
                }
                if kind == "attested":
                    data = {
                        **given,
                        "value": sealed(service, first, "/value", amount),
                        "attested_on": "2025-03-01",
                    }
                    return service, "contribution_attested", f"campaign/{place}", event_id, data
                line = {
                    "person": self._actor,
                    "first_day": "2025-03-01",
                    "last_day": "2025-03-02",
                    "hours": "12.50",
                }
                work = {"lines": [line], "rate": self._euros(), "value": amount}
                data = {
                    **given,
                    "work": sealed(service, first, "/work", work),
                    "evidence": None,
                    "counts": True,
                    "independent_only": False,
                    "counterparty": None,
                    "replaces": None,
                }
                return service, "contribution_declared", f"campaign/{place}", event_id, data
            case "incurred" | "paid":
                if kind == "incurred":
                    obligation: _Obligation = (uuid4(), first, second, amount)
                    self._owed.append(obligation)
                else:
                    obligation = self._owed.pop(chance.randrange(len(self._owed)))
                which, debtor, creditor, amount = obligation
                data = {
                    "obligation": which,
                    "debtor": debtor,
                    "creditor": creditor,
                    "amounts": [
                        sealed("purchasing", party, f"/amounts/{index}", amount)
                        for index, party in enumerate((debtor, creditor))
                    ],
                    "reason": "recharge",
                    "money_rate": None,
                }
                if kind == "incurred":
                    data |= {"due_on": "2025-12-31", "vat_rate": "20", "invoice_number": "F-2025-17"}
                    return "purchasing", "obligation_incurred", f"campaign/{place}", event_id, data
                data |= {"incurred_on": "2025-01-01"}
                return "purchasing", "payment_attested", f"campaign/{place}", event_id, data
            case "recognised":
                rows = [
                    sealed(
                        "tenders",
                        owner,
                        f"/recognised/{index}",
                        {"received": self._euros(), "benefit": self._euros(), "released": self._euros()},
                    )
                    for index, owner in enumerate((first, second, third))
                ]
                self._recognised.append(event_id)
                data = {"payment": uuid4(), "recognised": rows, "obligations": [uuid4(), uuid4()]}
                return (
                    "tenders",
                    "contract_payment_recognised",
                    f"opportunity/{place}/lot/1",
                    event_id,
                    data,
                )
            case "taken_back":
                wrong = self._recognised.pop(chance.randrange(len(self._recognised)))
                reason = {"document": uuid4(), "sha256": "ab" * 32}
                data = {"payment": uuid4(), "recognised_by": wrong, "reason": reason}
                return "tenders", "contract_payment_reversed", f"opportunity/{place}/lot/1", event_id, data
        rows = [
            sealed(
                "purchasing",
                owner,
                f"/rows/{index}",
                {
                    "quantity": 100,
                    "baseline": self._euros(),
                    **{
                        name: self._euros()
                        for name in ("alone", "goods", "delivery", "cost", "benefit", "expected")
                    },
                },
            )
            for index, owner in enumerate((first, second, third))
        ]
        data = {"sharing_method": "equal_price", "rows": rows}
        return "purchasing", "campaign_settled", f"campaign/{place}", event_id, data

    def _euros(self) -> dict[str, str]:
        return {"amount": f"{self._chance.randrange(1, 10**6) / 100:.2f}", "currency": "EUR"}
