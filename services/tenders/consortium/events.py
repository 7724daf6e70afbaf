"""What is published of consortia. Shares are sealed once for each member, margins to each alone."""

from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from events.digest import Digest
from events.envelope import Event
from events.sealing import Confidential
from money import Percentage


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Liability(StrEnum):
    """Who answers to the buyer for what."""

    SOLIDARY = "solidary"
    """Each for all [solidaire]: the buyer pays to the lead's account."""
    SEVERAL = "several"
    """Each for its part [conjoint]."""
    SEVERAL_WITH_LIABLE_LEAD = "several_with_liable_lead"
    """Each for its part, the lead for all [conjoint, mandataire solidaire]."""


class LostCosts(StrEnum):
    """The key by which the hours put into a lost lot are shared."""

    AS_BORNE = "as_borne"
    WORK_SHARE = "work_share"


class Composition(_Part):
    """Who bids together for which lots; `members` begin with the lead [mandataire]."""

    form: Liability
    members: tuple[UUID, ...]
    lots: tuple[int, ...]
    subcontractors: tuple[str, ...]
    """Companies outside of the alliance, by name [sous-traitants]."""
    lost_costs: LostCosts


class ShareOf(_Part):
    company: UUID
    share: Percentage


class Shares(_Part):
    """Work shares of one lot; they add up to 100 %."""

    rows: tuple[ShareOf, ...]

    def by_company(self) -> dict[UUID, Decimal]:
        return {row.company: row.share for row in self.rows}


class MemberTerms(_Part):
    """What a member declares for itself: its margin on turnover, and whether it could have bid alone."""

    margin: Percentage
    could_bid_alone: bool


class ConsortiumFormed(Event, type="alliance.tenders.consortium_formed.v1"):
    """A lead proposes to bid together; nobody has agreed to anything yet."""

    opportunity: UUID
    lead: UUID
    composition: Composition


class CompositionChanged(Event, type="alliance.tenders.composition_changed.v1"):
    """Before all have signed: shares and signatures are void."""

    composition: Composition


class SharesSet(Event, type="alliance.tenders.shares_set.v1"):
    """Signatures given before are void."""

    lot: int
    shares: tuple[Confidential[Shares], ...]


class TermsDeclared(Event, type="alliance.tenders.terms_declared.v1"):
    company: UUID
    terms: Confidential[MemberTerms]


class AgreementSigned(Event, type="alliance.tenders.agreement_signed.v1"):
    company: UUID


class CompositionFrozen(Event, type="alliance.tenders.composition_frozen.v1"):
    """All have signed. Hours for its bids go by the charter that this event pins."""

    members: tuple[UUID, ...]


class ExecutionBegun(Event, type="alliance.tenders.execution_begun.v1"):
    """The first contract of the consortium is active."""


class ConsortiumDischarged(Event, type="alliance.tenders.consortium_discharged.v1"):
    """Its contracts are over, and no bid of it is open."""


class ConsortiumDissolved(Event, type="alliance.tenders.consortium_dissolved.v1"):
    """It ends without a contract."""

    reason: Digest | None


EVENTS = (
    ConsortiumFormed,
    CompositionChanged,
    SharesSet,
    TermsDeclared,
    AgreementSigned,
    CompositionFrozen,
    ExecutionBegun,
    ConsortiumDischarged,
    ConsortiumDissolved,
)
