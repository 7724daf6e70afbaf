"""Key files to the figures of made-up services, and to what these and the ledger publish."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from events.ids import AllianceId, CompanyId
from ledger.audit.keys import KeyFile
from ledger.posting.rules import Source, sources
from ledger.recorded import OWN
from samples.books import MASTERS, SOURCES

KNOWN: Final[Mapping[str, Source]] = {
    **SOURCES,
    "members": sources()["members"],
    "ledger": OWN,
}


def key_file(alliance: UUID, companies: Sequence[UUID], company: UUID | None = None) -> KeyFile:
    """The keys of `companies`, as an auditor gets them; those of `company`, as that company does."""
    of = companies if company is None else [company]
    keys = {}
    for service, ring in MASTERS.items():
        found = {owner: ring.sealing(AllianceId(alliance), CompanyId(owner)) for owner in of}
        keys[service] = {owner: (key.hex(),) for owner, key in found.items() if key is not None}
    return KeyFile(alliance=alliance, company=company, keys=keys)
