"""The buyer, wherever a publication names it: in OCDS 1.1 by a reference to the parties, in 1.0 inline."""

import re
from collections.abc import Iterator
from typing import Final

from tenders.notices.document import Node
from tenders.notices.faults import FaultLog
from tenders.notices.notice import Buyer
from tenders.notices.values import read_identifier, read_text

_SCHEME: Final = re.compile(r"[A-Z]{2,3}(-[A-Z0-9_]{1,20}){0,3}")
"""As org-id.guide names registers, such as FR-SIRET; anything else is a description of one."""


class BuyerSearch:
    """Looks for the buyer in `buyer`, the parties with its role, the procuring entity, in this order."""

    def __init__(self, release: Node, log: FaultLog) -> None:
        self._log = log
        self._release = release
        self._parties = release.objects("parties")
        self._places = list(self._candidates())

    def buyer(self) -> Buyer | None:
        for reference, found_as in self._places:
            if (name := self._name(reference)) is None:
                continue
            if found_as:
                self._log.add(reference.pointer, found_as)
            return Buyer(name=name, id=self._identifier(reference))
        return None

    def region(self) -> Node | None:
        """Where the buyer is, by its address."""
        for reference, _ in self._places:
            for node in (reference, self._party(reference)):
                if node and (region := node.get("address", "region")) is not None:
                    return region
        return None

    def _candidates(self) -> Iterator[tuple[Node, str | None]]:
        if (buyer := self._release.get("buyer")) is not None:
            yield buyer, None
        by_role = self._in_role("buyer")
        if len(by_role) > 1:
            self._log.add(by_role[1].pointer, "buyer_several")
        yield from ((party, "buyer_from_parties") for party in by_role[:1])
        if (entity := self._release.get("tender", "procuringEntity")) is not None:
            yield entity, "buyer_from_procuring_entity"
        yield from ((party, "buyer_from_procuring_entity") for party in self._in_role("procuringEntity"))

    def _in_role(self, role: str) -> list[Node]:
        return [
            party
            for party in self._parties
            if (roles := party.get("roles")) and any(entry.value == role for entry in roles.entries)
        ]

    def _party(self, reference: Node) -> Node | None:
        own = reference.get("id")
        if own is None or not isinstance(own.value, (str, int)):
            return None
        return next((party for party in self._parties if _same(party.get("id"), own)), None)

    def _name(self, reference: Node) -> str | None:
        party = self._party(reference)
        for node in (reference, party):
            for keys in (("name",), ("identifier", "legalName")):
                if node and (name := read_text(node.get(*keys), self._log)) is not None:
                    return name
        return None

    def _identifier(self, reference: Node) -> str | None:
        if (own := read_identifier(reference.get("id"), self._log)) is not None:
            return own
        inline = read_identifier(reference.get("identifier", "id"), self._log)
        if inline is None:
            self._log.add(f"{reference.pointer}/id", "buyer_id_missing")
            return None
        self._log.add(f"{reference.pointer}/identifier", "buyer_inline")
        scheme = reference.get("identifier", "scheme")
        known = scheme and isinstance(scheme.value, str) and _SCHEME.fullmatch(scheme.value)
        return f"{known[0]}-{inline}" if known else inline


def _same(one: Node | None, other: Node) -> bool:
    return one is not None and str(one.value) == str(other.value)
