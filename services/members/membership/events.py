"""What is published of memberships; `standing.alliance` says which names and fields others rely on."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from events.digest import Digest
from events.envelope import Event


class Card(BaseModel):
    """A company as it presents itself; free texts stand in documents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    siren: str
    siret: str | None
    vat_number: str | None
    staff: int
    activity_code: str
    town: str
    offers: Digest | None
    seeks: Digest | None
    goals: tuple[Digest, ...]


class FounderJoined(Event, type="alliance.members.founder_joined.v1"):
    """A founder is active at once."""

    company: UUID
    name: str


class CompanyApplied(Event, type="alliance.members.company_applied.v1"):
    """A company asks to be admitted, or to come back under its old identity."""

    company: UUID
    name: str


class CardFilledIn(Event, type="alliance.members.card_filled_in.v1"):
    company: UUID
    name: str
    card: Card


class MemberAdmitted(Event, type="alliance.members.member_admitted.v1"):
    """To the pilot phase [phase expérimentale], which ends on `until`."""

    company: UUID
    until: date
    decision: UUID


class MemberActivated(Event, type="alliance.members.member_activated.v1"):
    company: UUID
    decision: UUID


class ApplicationRejected(Event, type="alliance.members.application_rejected.v1"):
    company: UUID
    decision: UUID


class MemberSuspended(Event, type="alliance.members.member_suspended.v1"):
    company: UUID
    reason: Digest


class MemberReinstated(Event, type="alliance.members.member_reinstated.v1"):
    company: UUID


class NoticeGiven(Event, type="alliance.members.notice_given.v1"):
    """Runs to `ends_on`; until then no service takes new commitments of the member."""

    company: UUID
    ends_on: date


class ClearanceNoted(Event, type="alliance.members.clearance_noted.v1"):
    """A service has answered `member_cleared`: of the member that gave this notice nothing is open there."""

    company: UUID
    notice: UUID
    """The id of the `notice_given` event."""
    service: Literal["purchasing", "tenders", "ledger"]


class MemberLeft(Event, type="alliance.members.member_left.v1"):
    company: UUID


class MemberExpelled(Event, type="alliance.members.member_expelled.v1"):
    company: UUID
    decision: UUID


EVENTS = (
    FounderJoined,
    CompanyApplied,
    CardFilledIn,
    MemberAdmitted,
    MemberActivated,
    ApplicationRejected,
    MemberSuspended,
    MemberReinstated,
    NoticeGiven,
    ClearanceNoted,
    MemberLeft,
    MemberExpelled,
)
