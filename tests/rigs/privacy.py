"""What must stay private, in whatever spelling, and where it was seen.

A figure is known by its significant digits: 7331.17, "7 331,17" and 733117 cents are one. Only figures of
five digits and more count, which nothing else has by chance. A text is known by the mark in it, a person of a
walk by the name in its token.
"""

import re
from base64 import b64decode
from binascii import Error
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

FEWEST_DIGITS = 5
_MARK = re.compile(rb"intime[0-9a-f]{16}|(?<![0-9a-z])[a-z]+-[0-9a-f]{8}(?![0-9a-f-])")
# Not the digits of an id (first and last part), nor the fraction of a second of a time.
_NUMBER = re.compile(
    rb"(?<![0-9A-Za-z])(?<![0-9]\.)(?<!:[0-9][0-9]\.)(?<!-[0-9a-f]{4}-)"
    rb"(?:[0-9]{1,3}(?:(?: |\xc2\xa0|\xe2\x80\xaf)[0-9]{3})+(?![0-9])(?:[.,][0-9]+)?|[0-9]+(?:[.,][0-9]+)*)"
    rb"(?![0-9A-Za-z])(?!-[0-9a-f]{4}-)"
)
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{12,}={0,2}")
_TIME = re.compile(rb"[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+")


def significant(number: bytes | str) -> str:
    """The digits of a number without zeros at either end: the same in every spelling."""
    text = number if isinstance(number, str) else number.decode("ascii", "ignore")
    return "".join(filter(str.isdecimal, text)).strip("0")


def seen_in(text: bytes) -> frozenset[str]:
    """Every figure and mark in it that could be a private one, also within what is in base64."""
    return frozenset(_seen(text, 2))


def _seen(text: bytes, depth: int) -> Iterator[str]:
    for mark in _MARK.findall(text):
        yield mark.decode()
    for number in _NUMBER.findall(_TIME.sub(b"", text)):
        for part in {number, *number.split(b",")}:
            if len(digits := significant(part)) >= FEWEST_DIGITS:
                yield digits
    if depth:
        for encoded in _BASE64.findall(text):
            yield from _encoded(encoded, depth - 1)


@lru_cache(maxsize=100_000)
def _encoded(text: bytes, depth: int) -> frozenset[str]:
    standard = text.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        plain = b64decode(standard + b"=" * (-len(standard) % 4))
    except Error:
        return frozenset()
    return frozenset(_seen(plain, depth))


@dataclass
class Secret:
    """A figure or a text: whose it is, and in which fields of which events or bodies it stood."""

    owners: set[str] = field(default_factory=set)
    fields: set[str] = field(default_factory=set)


class Secrets:
    """By their digits or marks."""

    def __init__(self) -> None:
        self.known: dict[str, Secret] = defaultdict(Secret)

    def add(self, spelling: str, owners: Iterable[str], *fields: str) -> None:
        secret = self.known[spelling]
        secret.owners.update(owners)
        secret.fields.update(fields)

    def among(self, seen: frozenset[str]) -> Mapping[str, Secret]:
        return {spelling: self.known[spelling] for spelling in seen & self.known.keys()}
