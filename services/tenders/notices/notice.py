"""What is read from a notice, whatever the standard it is published in."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from money import Money
from tenders.notices.faults import Fault


class _Read(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Buyer(_Read):
    """The buying organisation; `id` as published (in France a SIRET), never a person's."""

    name: str
    id: str | None


class Classification(_Read):
    """A code of what is asked for. CPV codes are eight digits, their ninth apart in `check`, unverified."""

    scheme: str
    code: str
    check: str | None = None


class Lot(_Read):
    """One lot; `value` is what the buyer expects to pay, VAT excluded, if it says so."""

    id: str
    title: str
    description: str | None
    value: Money | None


class ReadNotice(_Read):
    """What an opportunity needs of one contracting process, and every fault of its publication.

    All instants have a time zone. Codes (status, tags, method, category) and language are as published.
    `nuts` holds NUTS codes, `regions` other names of regions. There is at least one lot. Nobody is named.
    """

    ocid: str
    release_ids: tuple[str, ...]
    tags: tuple[str, ...]
    published: datetime | None
    """Of the oldest release read."""
    updated: datetime | None
    """Of the newest release read."""
    language: str | None
    buyer: Buyer
    title: str
    description: str | None
    status: str | None
    procurement_method: str | None
    procurement_category: str | None
    value: Money | None
    lots: tuple[Lot, ...]
    classifications: tuple[Classification, ...]
    nuts: tuple[str, ...]
    regions: tuple[str, ...]
    enquiry_deadline: datetime | None
    submission_deadline: datetime | None
    warnings: tuple[Fault, ...]

    @property
    def cpv(self) -> tuple[str, ...]:
        """The CPV codes of eight digits, in the order of the notice."""
        return tuple(found.code for found in self.classifications if found.scheme == "CPV")


class Publication(_Read):
    """A file read: one notice per contracting process, and why nothing was made of the others."""

    notices: tuple[ReadNotice, ...]
    refused: tuple[Fault, ...]
