"""What bodies and paths of this service have in common."""

from typing import Annotated
from uuid import UUID

from fastapi import Path
from pydantic import Field

from service.commands import Body

Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]
LotNumber = Annotated[int, Field(ge=1, le=10_000, description="The number of the lot in its opportunity.")]

OpportunityPath = Annotated[UUID, Path(description="The opportunity's id.")]
ConsortiumPath = Annotated[UUID, Path(description="The consortium's id.")]
BidPath = Annotated[UUID, Path(description="The bid's id.")]
ContractPath = Annotated[UUID, Path(description="The contract's id.")]
PaymentPath = Annotated[UUID, Path(description="The payment's id.")]


class CompanyBody(Body):
    company: UUID = Field(description="The company that the caller speaks for.")


class ReasonBody(Body):
    reason: Text


class OptionalReasonBody(Body):
    reason: Text | None = None
