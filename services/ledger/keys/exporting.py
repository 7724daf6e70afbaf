"""Hands out keys: the log tells of it first, then there is a file."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

from events.errors import NotFound
from events.ids import AllianceId, CompanyId
from events.restore import require_mark
from events.sealing import Masters
from events.store import Store
from ledger.audit.keys import KeyFile
from ledger.book import Book
from ledger.keys.events import KeysExported
from ledger.keys.views import record
from service.standing import Standings


async def export(
    store: Store,
    book: Book,
    masters: Mapping[str, Sequence[bytes]],
    alliance: AllianceId,
    company: UUID | None,
    recipient: str | None,
) -> bytes:
    """The key file of all companies that ever were in the alliance, or of one; once the log tells of it.

    Raises NotFound for an alliance or a company that the ledger does not know, and Restoring where the log
    may lack what was published.
    """
    async with store.transaction() as transaction:
        await require_mark(transaction)
        last = await transaction.lock_head(alliance)
        standing = await Standings().read(transaction, alliance)
        if last == 0 or standing is None:
            raise NotFound("alliance_unknown")
        if company is not None and company not in standing.members:
            raise NotFound("company_unknown")
        companies = sorted(standing.members) if company is None else [company]
        file = _key_file(masters, alliance, companies, company)
        event = KeysExported(
            company=company,
            epochs={name: len(secrets) for name, secrets in masters.items()},
            fingerprint=sha256(file).hexdigest(),
            recipient=recipient,
        )
        await record(book, transaction, alliance, [event], last, standing, datetime.now(UTC))
    return file


def _key_file(
    masters: Mapping[str, Sequence[bytes]],
    alliance: AllianceId,
    companies: Sequence[UUID],
    company: UUID | None,
) -> bytes:
    rings = {name: Masters(tuple(secrets)) for name, secrets in masters.items()}
    keys = {
        name: {
            one: tuple(key.hex() for key in ring.handed_out(alliance, CompanyId(one))) for one in companies
        }
        for name, ring in rings.items()
    }
    return KeyFile(alliance=alliance, company=company, keys=keys).model_dump_json(indent=1).encode() + b"\n"
