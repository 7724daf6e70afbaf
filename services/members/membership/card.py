"""A company's card: its numbers checked against one another. Pure.

SIREN and SIRET carry a Luhn check digit (INSEE), the VAT number a key over its SIREN (CGI, art. 286 ter).
"""

import re
from typing import Final

from stdnum.exceptions import ValidationError
from stdnum.fr import siren, siret, tva

from events.errors import Invalid

ACTIVITY_CODE: Final = re.compile(r"([0-9]{2})\.?([0-9]{2})([A-Z])")


def checked_siren(number: str) -> str:
    """Nine digits, without spaces. Raises Invalid."""
    try:
        return str(siren.validate(number))
    except ValidationError:
        raise Invalid("siren_wrong", pointer="/siren") from None


def checked_siret(number: str, of: str) -> str:
    """Fourteen digits: the SIREN of the company and the number of its establishment. Raises Invalid."""
    try:
        digits = str(siret.validate(number))
    except ValidationError:
        raise Invalid("siret_wrong", pointer="/siret") from None
    if not digits.startswith(of):
        raise Invalid("siret_of_other_siren", pointer="/siret")
    return digits


def checked_vat_number(number: str, of: str) -> str:
    """FR, a key of two signs and the SIREN of the company. Raises Invalid."""
    try:
        digits = str(tva.validate(number))
    except ValidationError:
        raise Invalid("vat_number_wrong", pointer="/vat_number") from None
    if not digits.endswith(of):
        raise Invalid("vat_number_of_other_siren", pointer="/vat_number")
    return f"FR{digits}"


def checked_activity_code(code: str) -> str:
    """A subclass of the NAF, as INSEE writes it: 24.51Z. Raises Invalid."""
    match = ACTIVITY_CODE.fullmatch(code.strip().upper())
    if match is None:
        raise Invalid("activity_code_wrong", pointer="/activity_code")
    return f"{match[1]}.{match[2]}{match[3]}"
