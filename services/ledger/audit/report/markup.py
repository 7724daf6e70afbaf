"""HTML and SVG as a tree of calls: whatever is not markup already is escaped."""

from collections.abc import Iterable
from html import escape
from typing import TypeAlias

Content: TypeAlias = "str | Iterable[Content] | None"


class Markup(str):
    """Text that is markup."""

    __slots__ = ()


def tag(name: str, *content: Content, **attributes: str | int | None) -> Markup:
    """`tag("td", "a < b", scope="row", class_="amount")`; an attribute that is None is left out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{said}>{joined(*content)}</{name}>")


def joined(*content: Content) -> Markup:
    return Markup("".join(map(_one, content)))


def _one(content: Content) -> str:
    if content is None:
        return ""
    if isinstance(content, Markup):
        return content
    if isinstance(content, str):
        return escape(content)
    return "".join(map(_one, content))
