"""What is asked for and where, in codes: CPV and other classifications, NUTS and other names of regions."""

import re
from collections.abc import Iterator
from typing import Final

from tenders.notices.document import Node
from tenders.notices.faults import FaultLog
from tenders.notices.notice import Classification
from tenders.notices.values import read_identifier, read_text

MOST_CODES: Final = 200

_CPV_SCHEME: Final = re.compile(r"(EU[-_ ]?)?CPV([-_ ]?(2003|2008))?", re.IGNORECASE)
_CPV: Final = re.compile(r"(\d{8})(?:-(\d))?", re.ASCII)
_CPV_SPOILT: Final = re.compile(r"(\d{8})(?:\.0+|[-\s/.]*(\d))?", re.ASCII)
"""As spreadsheets leave it (45233130.0), or with its check digit set off otherwise than by a hyphen."""

_NUTS_COUNTRIES: Final = (
    "AL|AT|BE|BG|CH|CY|CZ|DE|DK|EE|EL|ES|FI|FR|HR|HU|IE|IS|IT|LI|LT|LU|LV|ME|MK|MT|NL|NO|PL|PT|RO|RS|SE|SI"
    "|SK|TR|UK"
)
_NUTS: Final = re.compile(rf"({_NUTS_COUNTRIES})(?=[A-Z]*\d)[A-Z0-9]{{1,3}}", re.ASCII)
"""Levels 1 to 3 with a digit in them: without one, ROMA or DELHI would pass as well."""


def read_classifications(tender: Node, log: FaultLog) -> tuple[Classification, ...]:
    """The codes of the tender and of its items, each once, the main ones first."""
    described = (tender, *tender.objects("items"))
    main = (node.get("classification") for node in described)
    also = (entry for node in described for entry in node.objects("additionalClassifications"))
    found: dict[Classification, None] = {}
    for node in (*(node for node in main if node), *also):
        if len(found) == MOST_CODES:
            log.add(tender.pointer, "too_many", limit=MOST_CODES)
            break
        if (classification := _read_classification(node, log)) is not None:
            found[classification] = None
    return tuple(found)


def _read_classification(node: Node, log: FaultLog) -> Classification | None:
    scheme = read_text(node.get("scheme"), log)
    if scheme and _CPV_SCHEME.fullmatch(scheme):
        return _read_cpv(node, log)
    code = read_identifier(node.get("id"), log)
    if scheme is None or code is None:
        log.add(node.pointer, "classification_incomplete")
        return None
    return Classification(scheme=scheme, code=code)


def _read_cpv(node: Node, log: FaultLog) -> Classification | None:
    """CPV codes have eight digits and a check digit that tells nothing new (Regulation (EC) 213/2008)."""
    written = node.get("id")
    if written is None:
        log.add(node.pointer, "classification_incomplete")
        return None
    if isinstance(written.value, int):
        # As a number the code has lost the zeros that it began with.
        text = str(written.value).zfill(8)
    else:
        text = written.value.strip() if isinstance(written.value, str) else ""
    if (spoilt := _CPV_SPOILT.fullmatch(text)) is None:
        log.add(written.pointer, "cpv_unreadable")
        return None
    if text != written.value or not _CPV.fullmatch(text):
        log.add(written.pointer, "cpv_normalised")
    return Classification(scheme="CPV", code=spoilt[1], check=spoilt[2])


def read_regions(
    tender: Node, buyer_region: Node | None, log: FaultLog
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """NUTS codes, and other names, of where it is to be performed; failing these, of where the buyer is."""
    nuts: dict[str, None] = {}
    names: dict[str, None] = {}
    places = list(_places(tender))
    if not places and buyer_region:
        log.add(buyer_region.pointer, "region_of_buyer")
        places = [(buyer_region, False)]
    for node, coded in places:
        if len(nuts) + len(names) == MOST_CODES:
            log.add(tender.pointer, "too_many", limit=MOST_CODES)
            break
        region = read_text(node, log)
        if region and (coded or _NUTS.fullmatch(region)):
            nuts[region] = None
        elif region:
            names[region] = None
    return tuple(nuts), tuple(names)


def _places(tender: Node) -> Iterator[tuple[Node, bool]]:
    """Regions of the places of delivery (OCDS location extension), and whether they are NUTS for certain."""
    for node in (tender, *tender.objects("items"), *tender.objects("lots")):
        for address in (*node.objects("deliveryAddresses"), node.get("deliveryAddress")):
            if address and (region := address.get("region")) is not None:
                yield region, False
        gazetteer = node.get("deliveryLocation", "gazetteer")
        if gazetteer and (identifiers := gazetteer.get("identifiers")) is not None:
            scheme = gazetteer.get("scheme")
            coded = scheme is not None and str(scheme.value).upper().startswith("NUTS")
            yield from (
                (identifier, coded) for identifier in identifiers.entries if identifier.value is not None
            )
