"""Charters: a proposal, and its putting in force by a decision that passed about it. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from events.decision import Aggregate
from events.digest import Digest
from events.envelope import LIFE, Event, Recorded
from events.errors import Invalid, NotFound, Refused
from members.charter.events import CharterProposed, CharterPutInForce, Terms
from members.decision.domain import Decision, require_passed
from members.decision.events import Matter
from money import Money
from standing import Given
from tlog.notes import Kind, MalformedNote, Verifier


@dataclass(frozen=True)
class Propose:
    terms: Terms
    preamble: Digest | None


@dataclass(frozen=True)
class PutInForce:
    """`given.more` is the decision, or None where there is none of that id."""

    proposal: UUID
    decision: UUID
    from_day: date


@dataclass(frozen=True)
class Charter:
    """A proposal, and the version that it became."""

    terms: Terms
    preamble: Digest | None
    version: int | None = None


def check(terms: Terms, at: str) -> None:
    """Raises Invalid where the parts of the terms do not fit one another; `at` is their JSON pointer."""
    for pointer, amount in _amounts(terms):
        if amount.currency != terms.currency:
            raise Invalid("wrong_currency", pointer=at + pointer, currency=terms.currency)
        if amount.amount < 0:
            raise Invalid("amount_negative", pointer=at + pointer)
    tiers = [tier.from_staff for tier in terms.dues]
    if tiers and tiers[0] != 0:
        raise Invalid("dues_from_zero_missing", pointer=f"{at}/dues/0/from_staff")
    for index, (lower, higher) in enumerate(pairwise(tiers), start=1):
        if lower >= higher:
            raise Invalid("dues_tiers_unordered", pointer=f"{at}/dues/{index}/from_staff")
    if not terms.hour_limits.lowest <= 0 <= terms.hour_limits.highest:
        raise Invalid("hour_limits_without_zero", pointer=f"{at}/hour_limits")
    _check_witnesses(terms, at)


def _check_witnesses(terms: Terms, at: str) -> None:
    names: set[str] = set()
    keys: set[bytes] = set()
    for index, text in enumerate(terms.witnesses):
        pointer = f"{at}/witnesses/{index}"
        try:
            key = Verifier.parse(text)
        except MalformedNote:
            raise Invalid("witness_key_malformed", pointer=pointer) from None
        if key.kind is not Kind.COSIGNATURE:
            raise Invalid("witness_key_of_a_log", pointer=pointer)
        # One key under two names would be counted twice, and one name with two keys is reached at one place.
        if key.name in names or key.public in keys:
            raise Invalid("witness_twice", pointer=pointer)
        names.add(key.name)
        keys.add(key.public)
    if terms.witness_quorum > len(terms.witnesses):
        raise Invalid(
            "witness_quorum_unreachable", pointer=f"{at}/witness_quorum", count=len(terms.witnesses)
        )


def _amounts(terms: Terms) -> Iterator[tuple[str, Money]]:
    for kind, rate in terms.hourly_rates.items():
        yield f"/hourly_rates/{kind}", rate
    for kind, tariff in terms.tariffs.items():
        yield f"/tariffs/{kind}", tariff
    for index, tier in enumerate(terms.dues):
        yield f"/dues/{index}/amount", tier.amount
    yield "/pilot_phase/cap", terms.pilot_phase.cap
    yield "/declaration_limit", terms.declaration_limit
    yield "/floor/threshold", terms.floor.threshold
    if terms.budget is not None:
        yield "/budget", terms.budget
    if terms.gain_to_attest is not None:
        yield "/gain_to_attest", terms.gain_to_attest


def decide(charter: Charter | None, command: Any, given: Given, now: datetime) -> Sequence[Event]:
    match command:
        case Propose(terms=terms, preamble=preamble):
            check(terms, "/terms")
            if terms.currency != given.standing.charters[-1].currency:
                # Balances reach over charters: they cannot change what they are reckoned in.
                raise Invalid(
                    "currency_fixed",
                    pointer="/terms/currency",
                    currency=given.standing.charters[-1].currency,
                )
            return [CharterProposed(terms=terms, preamble=preamble)]
        case PutInForce():
            return _put_in_force(charter, command, given)
    raise TypeError(command)


def _put_in_force(charter: Charter | None, command: PutInForce, given: Given) -> Sequence[Event]:
    if charter is None:
        raise NotFound("charter_proposal_unknown")
    if charter.version is not None:
        raise Refused("charter_in_force_already", version=charter.version)
    decision: Decision | None = given.more
    require_passed(decision, Matter.CHARTER, command.proposal, given.effective_on)
    latest = given.standing.charters[-1]
    if command.from_day < given.effective_on:
        raise Invalid("charter_retroactive", pointer="/from_day", day=given.effective_on)
    if command.from_day <= latest.from_day:
        raise Invalid("charter_before_latest", pointer="/from_day", day=latest.from_day)
    return [
        CharterPutInForce(
            version=latest.version + 1,
            from_day=command.from_day,
            terms=charter.terms,
            preamble=charter.preamble,
            decision=command.decision,
        )
    ]


def evolve(charter: Charter | None, recorded: Recorded[Any]) -> Charter:
    match recorded.event:
        case CharterProposed(terms=terms, preamble=preamble):
            return Charter(terms, preamble)
        case CharterPutInForce(version=version):
            assert charter is not None
            return replace(charter, version=version)
    raise TypeError(recorded.event)


CHARTER: Aggregate[Charter, Given] = Aggregate("charter", evolve, decide, project=lambda stream: LIFE)
