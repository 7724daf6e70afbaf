"""The terms of a charter, as published: every service pins a version of them to what it records."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from events.digest import Digest
from events.envelope import Event
from money import Currency, Money, Percentage, Rate, Ratio
from money.numbers import DecimalString

Kind = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{1,39}$")]
"""A kind of work, of tariff or of matter, in snake case."""

SignedHours = Annotated[
    Decimal, DecimalString(r"^-?(0|[1-9][0-9]{0,4})(\.[0-9]{1,2})?$", "Hours of either sign", ("-35", "60"))
]


_zones = cache(available_timezones)
"""Looks through a folder of hundreds of files: 3 ms each time."""


def _zone(name: str) -> str:
    if name not in _zones():
        raise PydanticCustomError("time_zone", "Expected a time zone of the IANA database")
    return name


TimeZone = Annotated[str, AfterValidator(_zone), Field(max_length=64, examples=["Europe/Paris"])]

WitnessKey = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{0,199}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$"),
    Field(examples=["witness.example/w1+ab0e4b9f+BAHJhPsvtZHQy/Qmb4sVqZTg2gqfn5FjCDJ28YlJ+UeK"]),
]
"""A witness' verifier key (C2SP signed-note), of a cosignature's kind. Where it is reached is no rule of an
alliance: hosts move, keys do not.
"""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DuesTier(_Part):
    """Dues [cotisation] a calendar year of companies from `from_staff` people on."""

    from_staff: int = Field(ge=0, le=100_000)
    amount: Money


class Votes(_Part):
    """How decisions are taken. Quorum is on the frozen electorate, majorities on the votes cast."""

    rule: Literal["simple_majority"] = "simple_majority"
    quorum: Percentage = Decimal(50)


class PilotPhase(_Part):
    """[phase expérimentale]"""

    days: int = Field(90, ge=1, le=730)
    cap: Money


class Meetings(_Part):
    """At least one every `every_days`, `hours` long; after `missed_in_a_row` a member is flagged."""

    every_days: int = Field(92, ge=7, le=366)
    hours: int = Field(3, ge=1, le=12)
    missed_in_a_row: int = Field(3, ge=1, le=20)


class Floor(_Part):
    """An imbalance: at the end of a window, ratio under `ratio` and net under minus `threshold`."""

    ratio: Ratio = Decimal("0.50")
    window: Literal["half_year", "year", "rolling_24_months"] = "half_year"
    threshold: Money
    takers_below: Percentage = Decimal(10)


class HourLimits(_Part):
    """How far a member may go into debt or credit in HOUR."""

    lowest: SignedHours = Decimal(-35)
    highest: SignedHours = Decimal(60)


SharingMethod = Literal["equal_price", "volume", "shapley"]


class Terms(_Part):
    """The rules in force [règles du jeu]. Money is in the charter's currency throughout."""

    currency: Currency
    time_zone: TimeZone
    hourly_rates: Mapping[Kind, Money] = Field(min_length=1, max_length=50)
    dues: tuple[DuesTier, ...] = Field(max_length=20)
    budget: Money | None = None
    votes: Votes = Votes()
    purchase_sharing: SharingMethod = "equal_price"
    tender_sharing: Literal["own_work_share"] = "own_work_share"
    pilot_phase: PilotPhase
    notice_days: int = Field(90, ge=0, le=730)
    meetings: Meetings = Meetings()
    money_rate: Rate = Decimal("3.65")
    tariffs: Mapping[Kind, Money] = Field({}, max_length=50)
    hour_limits: HourLimits = HourLimits()
    backdating_days: int | None = Field(
        None, ge=0, le=3660, description="How many days a date may lie back; null: to the first open period."
    )
    declaration_limit: Money
    floor: Floor
    coordinator_independent: bool = False
    gain_to_attest: Money | None = None
    witnesses: tuple[WitnessKey, ...] = Field(
        (), max_length=20, description="The keys of those who attest that the ledger's log only ever grew."
    )
    witness_quorum: int = Field(
        0, ge=0, le=20, description="How many of them must have signed for a checkpoint of it to count."
    )


class CharterProposed(Event, type="alliance.members.charter_proposed.v1"):
    """A draft: it holds nowhere until a decision about it has passed and it is put in force."""

    terms: Terms
    preamble: Digest | None


class CharterPutInForce(Event, type="alliance.members.charter_put_in_force.v1"):
    """From `from_day` on these terms hold; later charters are not retroactive."""

    version: int
    from_day: date
    terms: Terms
    preamble: Digest | None
    """Values, roadmap, horizon: a text."""
    decision: UUID | None
    """None for the first charter, which comes with the founding."""


EVENTS = (CharterProposed, CharterPutInForce)
