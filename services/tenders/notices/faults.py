"""What is wrong in a notice, or had to be interpreted, and where.

A fault names the place and the kind and never repeats what stands there: a notice names people.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from events.errors import Invalid

MOST_FAULTS: Final = 200
"""Faults kept per notice; one more then tells how many there were beyond."""

TEXTS: Final = {
    # The document as a whole
    "too_large": "The file is larger than {limit} bytes.",
    "encoding_unreadable": "The file is not in UTF-8, as RFC 8259 asks of JSON; Latin-1 is not read.",
    "encoding_not_utf8": "The file is in {encoding}, not in UTF-8; it was read all the same.",
    "byte_order_mark": "The file begins with a byte order mark, which JSON does not allow.",
    "not_json": "The file is not well-formed JSON: line {line}, column {column}.",
    "not_a_number": "NaN and Infinity are no JSON numbers.",
    "too_deep": "The file is nested more than {limit} levels deep.",
    "key_repeated": "A field stands here more than once; the last one was taken.",
    "key_too_long": "A field name of more than {limit} characters was left out.",
    "number_out_of_range": "The number is beyond what can be read; it was taken as absent.",
    "not_ocds": "This is not an OCDS release package, record package, release or record.",
    "package_empty": "The package holds no release and no record.",
    "package_missing": "The release or record stands alone, without its package.",
    "version_unknown": "The OCDS version is neither 1.0 nor 1.1; it was read as 1.1.",
    "not_a_list": "A list is expected here.",
    "not_an_object": "An object is expected here; the entry was left out.",
    "releases_linked_only": "The record only links to its releases: it holds no compiled nor embedded one.",
    "versioned_release": "A versioned release is not read: publish the compiled release or the releases.",
    "ocid_differs": "The release names another process than its record; the record's was taken.",
    "release_date_missing": "The release has no readable date: it counts as older than those that have one.",
    # What an opportunity cannot do without
    "ocid_missing": "The identifier of the contracting process (ocid) is missing or unreadable.",
    "buyer_missing": "The buyer is missing: neither buyer, parties nor procuring entity gives a name.",
    "tender_missing": "There is no tender section: nothing is asked for.",
    "title_missing": "The title of the tender is missing.",
    "asked_missing": "Nothing tells what is asked for: no title, description, item or lot.",
    # Faults against the OCDS 1.1 schema, by the keyword that found them
    "schema_type": "The value is not of the type that the OCDS 1.1 schema names: {expected}.",
    "schema_required": "The OCDS 1.1 schema requires this field.",
    "schema_enum": "The value is not in the closed codelist of the OCDS 1.1 schema.",
    "schema_format": "The value does not have the format that the OCDS 1.1 schema names: {expected}.",
    "schema_pattern": "The value does not match the pattern of the OCDS 1.1 schema.",
    "schema_minlength": "The OCDS 1.1 schema does not allow an empty text here.",
    "schema_minitems": "The OCDS 1.1 schema does not allow an empty list here.",
    "schema_uniqueitems": "The list has the same entry twice.",
    "schema_unknown_field": "The OCDS 1.1 schema does not know this field: an extension's, or a mistake.",
    "schema_deprecated": "The OCDS 1.1 schema deprecates this field.",
    # Interpreted, value by value
    "text_unreadable": "A text is expected here; it was taken as absent.",
    "text_empty": "The text is empty; it was taken as absent.",
    "text_too_long": "The text was cut after {limit} characters.",
    "control_characters": "Control characters, or such as cannot be encoded, were taken out of the text.",
    "markup": "HTML was taken out of the text.",
    "personal_data": "A person's name, e-mail address or telephone number was taken out of the text.",
    "translation_taken": "The text in the notice's own language is missing; a translation was taken.",
    "identifier_number": "The identifier is a number; it was taken as text.",
    "identifier_unreadable": "The identifier is unreadable; it was taken as absent.",
    "code_unreadable": "The code is unreadable; it was taken as absent.",
    "date_unreadable": "The date is unreadable or out of all likelihood; it was taken as absent.",
    "date_without_time": "The date has no time; a beginning was taken as 00:00, a deadline as 23:59:59, UTC.",
    "date_without_zone": "The date has no time zone; it was taken as UTC.",
    "amount_missing": "The value has no amount; it was taken as absent.",
    "amount_text": "The amount is a text; it was read as a number.",
    "amount_unreadable": "The amount is not a number; the value was taken as absent.",
    "amount_zero": "The amount is zero, which estimates nothing; the value was taken as absent.",
    "amount_negative": "The amount is negative; the value was taken as absent.",
    "amount_out_of_range": "The amount is out of all likelihood; the value was taken as absent.",
    "amount_rounded": "The amount has more decimals than its currency; it was rounded half-even.",
    "currency_missing": "The value has no currency; it was taken as absent.",
    "currency_unknown": "The currency is not in ISO 4217; the value was taken as absent.",
    "currency_case": "The currency code is not written in capitals.",
    "cpv_normalised": "The CPV code is not written as eight digits; it was put right.",
    "cpv_unreadable": "The CPV code does not have eight digits; it was left out.",
    "classification_incomplete": "The classification lacks its scheme or its code; it was left out.",
    "buyer_from_parties": "The buyer was taken from the parties by its role.",
    "buyer_from_procuring_entity": "No buyer is named; the procuring entity was taken.",
    "buyer_several": "Several buyers are named; the first one was taken.",
    "buyer_id_missing": "The buyer has no identifier.",
    "buyer_inline": "The buyer's identifier stands inside the buyer, as in OCDS 1.0, not in the parties.",
    "description_missing": "There is no description: the title alone tells what is asked for.",
    "description_from_items": "There is no description; the descriptions of the items were taken.",
    "lots_missing": "The notice has no lots; the whole of it was taken as lot 1.",
    "lot_id_missing": "The lot has no identifier; its place in the list was taken.",
    "lot_id_repeated": "Another lot has the same identifier; the next free number was taken.",
    "lot_title_missing": "The lot has no title; the notice's was taken.",
    "region_of_buyer": "No place of performance is named; the buyer's region was taken.",
    "too_many": "Only the first {limit} entries were read.",
    "more_faults": "At least {count} further faults are not listed.",
}

_SPEAKABLE_KEY: Final = re.compile(r"[A-Za-z$_][A-Za-z0-9$_:-]{0,63}")


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault: an RFC 6901 pointer into the notice, a stable snake_case code, and its English text.

    A field name that could hold anything but a name of a field reads `?` in the pointer.
    """

    pointer: str
    code: str
    message: str

    @classmethod
    def at(cls, pointer: str, code: str, **parameters: object) -> "Fault":
        return cls(pointer, code, TEXTS[code].format(**parameters))


class NoticeRefused(Invalid):
    """No opportunity can be made of the notice: first the reasons, then whatever else is wrong in it."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("notice_refused", count=len(self.faults))


class FaultLog:
    """Collects faults in the order found, each once, and no more than MOST_FAULTS of them."""

    def __init__(self, faults: Iterable[Fault] = (), *, beyond: int = 0) -> None:
        self._faults: dict[Fault, None] = {}
        self._beyond = beyond
        self.extend(faults)

    def add(self, pointer: str, code: str, **parameters: object) -> None:
        self.extend([Fault.at(pointer, code, **parameters)])

    def extend(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            if len(self._faults) < MOST_FAULTS:
                self._faults[fault] = None
            elif fault not in self._faults:
                self._beyond += 1

    def followed_by(self, other: "FaultLog") -> "FaultLog":
        return FaultLog([*self._faults, *other._faults], beyond=self._beyond + other._beyond)

    def listed(self) -> tuple[Fault, ...]:
        """The faults kept, and one last that tells how many are not."""
        if not self._beyond:
            return tuple(self._faults)
        return (*self._faults, Fault.at("", "more_faults", count=self._beyond))


def child(pointer: str, key: str | int) -> str:
    """The pointer to a member of what `pointer` names."""
    if isinstance(key, int):
        return f"{pointer}/{key}"
    return f"{pointer}/{key}" if _SPEAKABLE_KEY.fullmatch(key) else f"{pointer}/?"
