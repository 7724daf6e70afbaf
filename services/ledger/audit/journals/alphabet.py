"""What may stand in a journal: accounts, amounts and texts, in an alphabet that no program reads otherwise.

Of an account's parts the first two are words of the ledger's own; each of the others, a company, a form, a
project, a nature or an obligation, is mapped into `[A-Z0-9][A-Za-z0-9-]*` so that no two become one:

| of the part | becomes | so that |
|---|---|---|
| its first letter | a capital | `hours` is `Hours` |
| `/` | `--` | `campaign/0190` is `Campaign--0190` |
| any other character; a hyphen beside a hyphen or slash; either in front | `X<code point>Z` | `ü` is `XFCZ` |
| nothing at all | `XZ` | |
| over 200 letters then | its first 100, `H`, the SHA-256 of the part | ledger-cli reads at most 255 |
"""

import hashlib
import re
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Final

from money.currency import SCALES

LONGEST_PART: Final = 200
LONGEST_TEXT: Final = 120
HOUR_SCALE: Final = 2
"""Hours are no currency: the one commodity without an ISO scale."""

_OWN_WORDS = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses):[A-Z][a-z]+")
_TO_SPELL = re.compile(r"^[/-]|[^a-z0-9/-]|(?<=[/-])-|-(?=[/-])")
_COMMODITY = re.compile(r"[A-Z]{2,24}")
_UNSAID = re.compile(r"[!\"#$%*:;<=>?@\[\\\]^`{|}~]")
"""Of ASCII. `;` begins a comment, `date:` and `[2025-05-05]` in one set a date, `|` ends a payee."""
_UNSEEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"})
"""Controls, what turns the direction of writing, what no file can hold, spaces of any kind, ends of lines."""


class Unspeakable(ValueError):
    """An account or a commodity is none of the ledger's: no journal can be written of it."""


@lru_cache(maxsize=65_536)
def account_name(account: str) -> str:
    """Raises Unspeakable for what does not begin with two words of the ledger's own."""
    root, _, rest = account.partition(":")
    kind, *parts = rest.split(":")
    if not _OWN_WORDS.fullmatch(f"{root}:{kind}"):
        raise Unspeakable(f"no account of the ledger: {account!a}")
    return ":".join((root, kind, *map(_part_name, parts)))


def _part_name(text: str) -> str:
    if not text:
        return "XZ"
    spelt = _TO_SPELL.sub(lambda found: f"X{ord(found[0]):X}Z", text).replace("/", "--")
    if len(spelt) > LONGEST_PART:
        spelt = f"{spelt[:100]}H{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"
    return spelt[0].upper() + spelt[1:]


def commodity_name(commodity: str) -> str:
    """Raises Unspeakable."""
    if not _COMMODITY.fullmatch(commodity):
        raise Unspeakable(f"no commodity of the ledger: {commodity!a}")
    return commodity


def scale_of(commodity: str) -> int:
    """Digits after the decimal point."""
    return SCALES.get(commodity, HOUR_SCALE)


def amount_text(amount: Decimal, commodity: str) -> str:
    """Fixed point, at least to the commodity's scale; never an exponent, a grouping, a minus before zero."""
    if not amount:
        amount = amount.copy_abs()
    text = format(amount, "f")
    whole, _, decimals = text.partition(".")
    missing = scale_of(commodity) - len(decimals)
    return text if missing <= 0 else f"{whole}.{decimals}{'0' * missing}"


def one_line(text: str) -> str:
    """What can be seen of a text, on one line, at most `LONGEST_TEXT` characters; for between quotes."""
    seen = text
    if not (text.isascii() and text.isprintable()):
        seen = "".join(" " if unicodedata.category(sign) in _UNSEEN else sign for sign in text)
    return " ".join(seen.split())[:LONGEST_TEXT].rstrip()


def unquoted(text: str) -> str:
    """A text of letters, digits and signs that mean nothing to hledger or ledger."""
    return " ".join(_UNSAID.sub(" ", one_line(text)).split())
