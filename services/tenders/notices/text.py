"""Texts made fit to keep and to show: no control characters, no markup, nobody's address or number."""

import html
import re
from collections.abc import Iterable
from typing import Final

from tenders.notices.document import Node

_TAKEN_OUT: Final = "[…]"

_UNFIT: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
"""Control characters but tab and line ends, lone surrogates, non-characters, marks that turn text around."""

_TAG: Final = re.compile(
    r"</?(a|abbr|b|blockquote|br|center|code|div|em|font|form|h[1-6]|hr|i|iframe|img|input|li|link|meta|object|ol|p|pre"
    r"|s|script|small|span|strong|style|sub|sup|svg|table|tbody|td|th|thead|tr|u|ul)(\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_BLOCKS: Final = frozenset(
    {"blockquote", "br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "p", "tr"}
)
_ENTITY: Final = re.compile(r"&(#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.IGNORECASE)

_PERSONAL: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
        # Numbers with an international prefix, and French ones as they are written: pairs of digits
        r"(?<![\w+])(?:\+|00(?=\d\d[\s.()-]))\d{1,3}(?:[\s.()/-]{0,3}\d){7,12}(?!\w)",
        r"(?<!\d)0[1-9](?:[\s.-]\d{2}){4}(?!\d)",
        r"\b(?:t[ée]l(?:[ée]phone)?|phone|fax|t[ée]l[ée]copie|mobile)\b[\s.:°n]{0,5}\+?\d(?:[\s.()/-]{0,3}\d){5,14}",
    )
)
_ABOUT_PEOPLE: Final = frozenset(
    {"contactPoint", "contactPoints", "additionalContactPoints", "people", "persones"}
)
_ORGANISATIONS: Final = frozenset({"buyer", "procuringEntity", "parties", "suppliers", "tenderers"})
_SHORTEST_SECRET: Final = 6
_MOST_SECRETS: Final = 500


def fit(text: str, *, one_line: bool) -> tuple[str, list[str]]:
    """The text without what is unfit, and the codes of what was taken out."""
    codes = []
    shown = _without_markup(text)
    if shown != text:
        codes.append("markup")
    clean = _UNFIT.sub("", shown)
    if clean != shown:
        codes.append("control_characters")
    lines = [" ".join(line.split()) for line in clean.splitlines()]
    joined = " ".join(lines) if one_line else re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    return joined.strip(), codes


def without_people(text: str, people: Iterable[str]) -> str:
    """The text without e-mail addresses, telephone numbers and the `people` of the notice's contacts."""
    lower = text.lower()
    for secret in people:
        if secret in lower:
            text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", _TAKEN_OUT, text, flags=re.IGNORECASE)
    for pattern in _PERSONAL:
        text = pattern.sub(_TAKEN_OUT, text)
    return text


def people_named(releases: Iterable[Node]) -> tuple[str, ...]:
    """The names, addresses and numbers in the notice's contacts, in lower case, the longest first.

    Single words and names of organisations do not count: contacts are offices as often as people.
    """
    found: set[str] = set()
    organisations: set[str] = set()
    for release in releases:
        for key, node in release.walk():
            several = node.entries or [node]
            if key in _ABOUT_PEOPLE:
                found.update(_texts(several, ("name", "email", "telephone", "faxNumber")))
            elif key in _ORGANISATIONS:
                organisations.update(_texts(several, ("name",)))
    telling = [
        secret
        for secret in sorted(found - organisations, key=lambda secret: (-len(secret), secret))
        if len(secret) >= _SHORTEST_SECRET and (" " in secret or not secret.isalpha())
    ]
    return tuple(telling[:_MOST_SECRETS])


def _texts(nodes: Iterable[Node], keys: Iterable[str]) -> Iterable[str]:
    for node in nodes:
        for key in keys:
            member = node.get(key)
            if member and isinstance(member.value, str):
                yield fit(member.value, one_line=True)[0].lower()


def _without_markup(text: str) -> str:
    """Escaped once more than it should be is common, so references are resolved before tags are taken out."""
    if _ENTITY.search(text):
        text = html.unescape(text)
    return _TAG.sub(lambda tag: "\n" if tag[1].lower() in _BLOCKS else "", text)
