"""Notices in the Open Contracting Data Standard, 1.0 and 1.1 (https://standard.open-contracting.org/1.1/).

Strict about what an opportunity cannot do without, forgiving about the rest: that is read as well as it can
be, and each fault is kept with the notice.
"""

from collections.abc import Container, Iterator
from itertools import count
from typing import Final

from money import Money
from tenders.notices.classifications import read_classifications, read_regions
from tenders.notices.document import Node, parse
from tenders.notices.faults import FaultLog, NoticeRefused, child
from tenders.notices.notice import Lot, Publication, ReadNotice
from tenders.notices.packages import Process, opened
from tenders.notices.parties import BuyerSearch
from tenders.notices.text import people_named
from tenders.notices.values import (
    LONGEST_DESCRIPTION,
    LONGEST_TITLE,
    read_code,
    read_identifier,
    read_instant,
    read_money,
    read_text,
)

MOST_LOTS: Final = 500
MOST_TAGS: Final = 50
_MOST_ITEMS_DESCRIBED: Final = 20


def read_ocds(raw: bytes) -> Publication:
    """Read a release or record package, or a release or record by itself: one notice per process.

    Several releases of a process are merged. `refused` tells why nothing was made of others. Raises
    NoticeRefused when no process is left or the file cannot be read at all, nothing else whatever the bytes.
    """
    log = FaultLog()
    found = opened(parse(raw, log), log)
    reasons, others, notices = found.refused, found.log, []
    for process in found.processes:
        reader = _Reader(process)
        if (notice := reader.notice(found.log)) is not None:
            notices.append(notice)
        else:
            reasons = reasons.followed_by(reader.refused)
            others = others.followed_by(process.log)
    if not notices:
        raise NoticeRefused(reasons.followed_by(others).listed())
    return Publication(notices=tuple(notices), refused=reasons.listed())


class _Reader:
    """Reads one process: what makes an opportunity impossible goes to `refused`, all else to its log."""

    def __init__(self, process: Process) -> None:
        self.refused = FaultLog()
        self._process = process
        self._log = process.log
        self._people = people_named([process.whole, *process.releases])

    def notice(self, package: FaultLog) -> ReadNotice | None:
        """The notice, the faults of its `package` before its own; None when `refused` says why."""
        whole, log, dates = self._process.whole, self._log, self._process.dates
        search = BuyerSearch(whole, log)
        if (buyer := search.buyer()) is None:
            self.refused.add(child(whole.pointer, "buyer"), "buyer_missing")
        tender = whole.get("tender")
        if tender is None or not tender.is_object:
            self.refused.add(child(whole.pointer, "tender"), "tender_missing")
            return None
        title = self._title(tender)
        description = self._description(tender)
        if title is None:
            self.refused.add(child(tender.pointer, "title"), "title_missing")
            if description is None and not tender.objects("items") and not tender.objects("lots"):
                self.refused.add(child(tender.pointer, "description"), "asked_missing")
        if buyer is None or title is None:
            return None
        if description is None:
            log.add(child(tender.pointer, "description"), "description_missing")
        value = read_money(tender.get("value"), log)
        nuts, regions = read_regions(tender, search.region(), log)
        read = ReadNotice(
            ocid=self._process.ocid,
            release_ids=tuple(dict.fromkeys(self._release_ids())),
            tags=tuple(dict.fromkeys(self._tags())),
            published=min(dates, default=None),
            updated=max(dates, default=None),
            language=read_code(whole.get("language"), log),
            buyer=buyer,
            title=title,
            description=description,
            status=read_code(tender.get("status"), log),
            procurement_method=read_code(tender.get("procurementMethod"), log),
            procurement_category=read_code(tender.get("mainProcurementCategory"), log),
            value=value,
            lots=self._lots(tender, title, value),
            classifications=read_classifications(tender, log),
            nuts=nuts,
            regions=regions,
            enquiry_deadline=read_instant(tender.get("enquiryPeriod", "endDate"), log, deadline=True),
            submission_deadline=read_instant(tender.get("tenderPeriod", "endDate"), log, deadline=True),
            warnings=(),
        )
        return read.model_copy(update={"warnings": package.followed_by(log).listed()})

    def _release_ids(self) -> Iterator[str]:
        for release in self._process.releases:
            if (identifier := read_identifier(release.get("id"), self._log)) is not None:
                yield identifier

    def _tags(self) -> Iterator[str]:
        tags = [tag for release in self._process.releases if (tag := release.get("tag"))]
        for node in [entry for tag in tags for entry in tag.entries][:MOST_TAGS]:
            if (code := read_code(node, self._log)) is not None:
                yield code

    def _title(self, tender: Node) -> str | None:
        title = self._text(tender.get("title"), LONGEST_TITLE)
        return title or self._translation(tender, "title", LONGEST_TITLE)

    def _description(self, tender: Node) -> str | None:
        description = self._text(tender.get("description"), LONGEST_DESCRIPTION)
        description = description or self._translation(tender, "description", LONGEST_DESCRIPTION)
        if description is not None:
            return description
        items = tender.objects("items")[:_MOST_ITEMS_DESCRIBED]
        texts = [text for item in items if (text := self._text(item.get("description"), LONGEST_TITLE))]
        if texts:
            self._log.add(child(tender.pointer, "description"), "description_from_items")
        return "\n".join(dict.fromkeys(texts)) or None

    def _translation(self, node: Node, name: str, longest: int) -> str | None:
        """Of the fields like `title_fr` that OCDS has for other languages, the first that says something."""
        for key, member in node.members.items():
            translates = key.startswith(f"{name}_") and isinstance(member.value, str)
            if translates and (text := self._text(member, longest)) is not None:
                self._log.add(member.pointer, "translation_taken")
                return text
        return None

    def _text(self, node: Node | None, longest: int) -> str | None:
        return read_text(
            node, self._log, longest=longest, one_line=longest == LONGEST_TITLE, people=self._people
        )

    def _lots(self, tender: Node, title: str, value: Money | None) -> tuple[Lot, ...]:
        nodes = tender.objects("lots")
        if not nodes:
            self._log.add(child(tender.pointer, "lots"), "lots_missing")
            return (Lot(id="1", title=title, description=None, value=value),)
        if len(nodes) > MOST_LOTS:
            self._log.add(child(tender.pointer, "lots"), "too_many", limit=MOST_LOTS)
        lots: dict[str, Lot] = {}
        for place, node in enumerate(nodes[:MOST_LOTS], start=1):
            lot = self._lot(node, str(place), title)
            if lot.id in lots:
                self._log.add(child(node.pointer, "id"), "lot_id_repeated")
                lot = lot.model_copy(update={"id": _free(lots)})
            lots[lot.id] = lot
        return tuple(lots.values())

    def _lot(self, node: Node, place: str, title_of_notice: str) -> Lot:
        identifier = read_identifier(node.get("id"), self._log)
        if identifier is None:
            self._log.add(child(node.pointer, "id"), "lot_id_missing")
        if (title := self._title(node)) is None:
            self._log.add(child(node.pointer, "title"), "lot_title_missing")
        return Lot(
            id=identifier or place,
            title=title or title_of_notice,
            description=self._text(node.get("description"), LONGEST_DESCRIPTION),
            value=read_money(node.get("value"), self._log),
        )


def _free(taken: Container[str]) -> str:
    return next(number for number in map(str, count(1)) if number not in taken)
