"""What an import needs to know of earlier ones, and how its documents are read."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from events.ids import AllianceId
from events.store import Transaction
from service.runtime import Service
from tenders.bid.views import bids, open_bids
from tenders.notices import ReadNotice
from tenders.opportunity.domain import OPPORTUNITY
from tenders.opportunity.views import by_ocid
from tenders.publication.domain import Knowledge, Known, Process, content


async def known(
    service: Service, transaction: Transaction, alliance: AllianceId, processes: Sequence[Process]
) -> Knowledge:
    """By ocid, under the lock: the opportunities that the alliance has of these processes."""
    by_name = {process.read.ocid: process.read for process in processes}
    rows = (await transaction.execute(by_ocid(alliance, list(by_name)))).all()
    found = {}
    for row in rows:
        ocid, opportunity = row.ocid, row.id
        stream = OPPORTUNITY.stream(opportunity)
        loaded = await service.commands.state_in(transaction, alliance, OPPORTUNITY, stream)
        _, state = loaded
        assert state is not None
        assert state.notice is not None
        last = await reading(service, transaction, alliance, state.notice.reading.document)
        # Where the last reading has been erased nothing tells that it was the same: members look again.
        changed = last is None or content(last) != content(by_name[ocid])
        query = select(bids.c.id, bids.c.lot).where(open_bids(alliance, opportunity)).order_by(bids.c.id)
        open_now = tuple((row.id, row.lot) for row in await transaction.execute(query))
        found[ocid] = Known(opportunity, state, changed, open_now)
    return found


async def reading(
    service: Service, transaction: Transaction, alliance: AllianceId, document: UUID
) -> ReadNotice | None:
    """What was read of a notice; None once it has been erased."""
    row = (await transaction.execute(service.documents.read(alliance, document))).first()
    return ReadNotice.model_validate_json(row.body) if row else None
