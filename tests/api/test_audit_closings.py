"""A half-year that the product closed is closed the same by who replays its log."""

from datetime import date
from pathlib import Path
from uuid import UUID

from events.ids import AllianceId, CompanyId
from events.sealing import Masters
from ledger.audit import replaying
from ledger.audit.folder import Folder, checkpoint_of
from ledger.audit.keys import KeyFile
from ledger.audit.replaying import Asked
from ledger.book import Book
from ledger.log.exporting import export
from ledger.period.events import BalancesSealed, ImbalanceDetected, PeriodClosed
from rigs.product import Founded, Product
from samples import books as made_up
from samples.books import Publisher
from samples.key_files import KNOWN


async def figures(product: Product, purchasing: Publisher, company: UUID, gave: str, got: str) -> None:
    """What a company gives and gets in the first half-year."""
    ledger = product.services["ledger"]
    events = [
        purchasing.gave(company, gave, effective_on=date(2025, 6, 30)),
        purchasing.got(company, got, effective_on=date(2025, 6, 30)),
    ]
    async with ledger.store.transaction() as transaction:
        book = Book(made_up.SOURCES, ledger.keyrings, "test.example")
        await book.apply(transaction, purchasing.alliance, events)


def keys_of(product: Product, founded: Founded) -> KeyFile:
    keys = {}
    for service, ring in product.services["ledger"].keyrings.items():
        assert isinstance(ring, Masters)
        keys[service] = {
            company: tuple(key.hex() for key in ring.handed_out(AllianceId(founded.id), CompanyId(company)))
            for company in founded.companies
        }
    return KeyFile(alliance=founded.id, company=None, keys=keys)


async def test_what_closing_recorded_is_what_the_entries_before_give(
    product: Product, tmp_path: Path
) -> None:
    founded = await product.found(companies=3)
    purchasing = Publisher("purchasing", AllianceId(founded.id), product.services["ledger"].keyrings)
    first, second, third = founded.companies
    await figures(product, purchasing, first, "1040.00", "3500.00")
    await figures(product, purchasing, second, "5060.00", "600.00")
    body = {"period": "2025-H1", "effective_on": "2025-06-30"}
    assert (await founded.coordinator.post(founded.path("ledger", "/periods"), json=body)).status_code == 201
    await figures(product, purchasing, third, "560.00", "0.00")
    body = {"period": "2025-H2", "effective_on": "2025-12-31"}
    assert (await founded.coordinator.post(founded.path("ledger", "/periods"), json=body)).status_code == 201
    await product.quiet()
    await export(product.services["ledger"].store, AllianceId(founded.id), tmp_path, lambda done, of: None)
    folder = Folder(tmp_path)
    checkpoint = checkpoint_of(folder.checkpoint)
    asked = Asked(folder, checkpoint, keys_of(product, founded), checkpoint.size)
    for found in (
        replaying.clearly(asked, KNOWN),
        replaying.at_once(asked, KNOWN, processes=1),
    ):
        assert [type(one.event) for one in found.checked] == [
            *(PeriodClosed, ImbalanceDetected, BalancesSealed),
            *(PeriodClosed, BalancesSealed),
        ]
        assert all(one.whole for one in found.checked)
        sealed = found.checked[-1].event
        assert isinstance(sealed, BalancesSealed)
        assert sealed.count == 5
