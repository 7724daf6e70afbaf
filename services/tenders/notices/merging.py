"""Releases of one process merged into one, as OCDS 1.1 has it ("Merging"), as far as a notice needs it.

- The newer release's value replaces the older one's, null takes the field away, objects are merged by member.
- Lists whose entries all are objects with an `id` are merged by it; other lists, and those that the schema
  marks `wholeListMerge`, are replaced. (The standard appends entries without `id`: the same item, twice.)
"""

from collections.abc import Iterable

from tenders.notices.document import Node

_REPLACED_WHOLE = frozenset({"additionalClassifications", "additionalIdentifiers"})


def merged(releases: Iterable[Node]) -> Node:
    """One release that holds the latest of everything; `releases` are objects, the oldest first."""
    oldest, *newer = releases
    compiled = oldest
    for release in newer:
        compiled = _merged(compiled, release, "")
    return compiled


def _merged(older: Node | None, newer: Node, name: str) -> Node:
    if newer.is_object:
        members = dict(older.members) if older else {}
        for key, value in newer.members.items():
            members[key] = _merged(members.get(key), value, key)
        return Node(newer.pointer, {key: value for key, value in members.items() if value.value is not None})
    if older and name not in _REPLACED_WHOLE:
        before, after = _by_id(older), _by_id(newer)
        if before is not None and after is not None:
            entries = before | {key: _merged(before.get(key), entry, "") for key, entry in after.items()}
            return Node(newer.pointer, list(entries.values()))
    return newer


def _by_id(node: Node) -> dict[str, Node] | None:
    """The entries by `id`, None unless this is a list of objects that all have one of their own."""
    entries: dict[str, Node] = {}
    for entry in node.entries:
        identifier = entry.get("id")
        if identifier is None or not isinstance(identifier.value, (str, int)):
            return None
        entries[str(identifier.value)] = entry
    return entries if node.is_list and len(entries) == len(node.entries) else None
