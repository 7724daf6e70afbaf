"""`diff`: what a log's entries give against what the ledger serves, line by line, then sum by sum."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from json import loads
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from ledger.audit.findings import DoesNotHold, Unreachable
from ledger.audit.loading import Server
from ledger.audit.recounting import figures_of, forms_of, members_of, reckoning
from ledger.audit.replay import Replay, Replayed
from ledger.audit.replaying import Asked
from ledger.audit.sums import MemberSums
from ledger.audit.tree import Tree
from money import Money

_LARGEST: Final = 4 * 1024 * 1024
"""Bytes of an answer; a page of 200 lines has 150 KB."""
_PAGE: Final = 200

Line = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Compared:
    """What is the same."""

    members: Mapping[UUID, str]
    """Those whose lines and sums the caller may read, and the keys open."""
    lines: int


async def diff(asked: Asked, server: Server, done: Callable[[int], None] = lambda entries: None) -> Compared:
    """`server` serves the alliance; `done` is told how many entries more were looked at.

    Raises DoesNotHold at the first difference, and Unreachable where no ledger answers.
    """
    try:
        return await _diff(asked, server, done)
    except (KeyError, TypeError, ValueError) as error:
        raise Unreachable(f"{server.base} answers in another form than a ledger: {error!r}.") from error


def told(asked: Asked, found: Compared) -> tuple[Mapping[str, Any], str]:
    """In words, and as data for JSON."""
    data = {
        "origin": asked.checkpoint.origin,
        "size": asked.size,
        "members": {str(member): name for member, name in found.members.items()},
        "lines": found.lines,
    }
    whose = ", ".join(found.members.values()) or "nobody: none that this token and these keys may read"
    head = f"Holds: what the ledger serves is what {asked.size} entries of {asked.checkpoint.origin} give"
    return data, f"{head}\n  {found.lines} lines and all sums of {whose}"


async def _diff(asked: Asked, server: Server, done: Callable[[int], None]) -> Compared:
    balances = await _answer(server, asked, "balances")
    readable = {
        UUID(one["member"])
        for one in balances["members"]
        if "sealed" not in one["figures"] and asked.keys.company in (None, UUID(one["member"]))
    }
    statements = {member: _Statement(server, asked, member) for member in sorted(readable)}
    tree = Tree(asked.checkpoint, asked.folder)
    walk = Replay(asked.keys, tree.entry)
    sums, lines = MemberSums(), 0
    for one in walk.over(tree.entries(range(asked.size))):
        if asked.as_of is None or one.posted.effective_on <= asked.as_of:
            sums.add(one.posted)
            for member, line in _lines(one, whole=asked.keys.company is None):
                if member in statements:
                    await statements[member].next_is(line)
                    lines += 1
        done(1)
    for statement in statements.values():
        await statement.ends()
    currency = reckoning(walk.standing)
    forms = await _answer(server, asked, "forms")
    for member in sorted(readable):
        if currency is not None:
            here = figures_of(sums, member, currency).model_dump(mode="json")
            _same(server.address("balances"), member, here, _of(balances, member)["figures"])
            _same(
                server.address("forms"), member, forms_of(sums, member, currency), _of(forms, member)["sums"]
            )
    return Compared({one: name for one, name in members_of(walk.standing) if one in readable}, lines)


class _Statement:
    """A member's lines as the ledger serves them, page after page."""

    def __init__(self, server: Server, asked: Asked, member: UUID) -> None:
        self._member = member
        self._items = _items(server, asked, f"members/{member}/statement")

    async def next_is(self, line: Line) -> None:
        """Raises DoesNotHold where the next line served is another one, or there is none."""
        served = await anext(self._items, None)
        shown = None if served is None else {name: served.get(name) for name in line}
        if shown != line:
            first = line["index"] if served is None else min(line["index"], served["index"])
            raise self._differs(first, line, shown)

    async def ends(self) -> None:
        """Raises DoesNotHold where yet another line is served."""
        if (served := await anext(self._items, None)) is not None:
            raise self._differs(served["index"], None, served)

    def _differs(self, entry: int, line: Line | None, served: Line | None) -> DoesNotHold:
        return DoesNotHold(
            "served_otherwise",
            f"entry {entry}",
            f"the ledger serves another line of {self._member}",
            expected=line or "none",
            found=served or "none",
            entry=entry,
        )


def _lines(one: Replayed, whole: bool) -> Iterable[tuple[UUID, Line]]:
    """As statements show them. `whole`: a line's number in its entry is known too."""
    head, posted = one.head, one.posted
    for number, leg in enumerate(posted.legs):
        if leg.member is not None and leg.side is not None:
            line = {
                "index": posted.entry,
                "event_id": head.id,
                "type": head.type,
                "source": head.service,
                "sequence": head.sequence,
                "effective_on": posted.effective_on.isoformat(),
                "booked_on": posted.booked_on.isoformat(),
                "side": leg.side.value,
                "form": leg.form,
                "project": leg.project,
                "nature": leg.nature,
                "counterparty": leg.counterparty and str(leg.counterparty),
                "obligation": leg.obligation and str(leg.obligation),
                "amount": Money.of(leg.sense, leg.commodity).model_dump(mode="json"),
            }
            yield leg.member, {**line, "line": number} if whole else line


def _of(answer: Any, member: UUID) -> Any:
    return next((one for one in answer["members"] if one["member"] == str(member)), None)


def _same(address: str, member: UUID, here: object, served: object) -> None:
    if here != served:
        raise DoesNotHold("served_otherwise", address, f"other sums of {member}", expected=here, found=served)


async def _items(server: Server, asked: Asked, name: str) -> AsyncIterator[Line]:
    cursor: str | None = None
    while True:
        page = await _answer(server, asked, name, limit=_PAGE, **({"cursor": cursor} if cursor else {}))
        for item in page["items"]:
            yield item
        cursor = page["next"]
        if cursor is None:
            return


async def _answer(server: Server, asked: Asked, name: str, **query: object) -> Any:
    """Raises Unreachable where the ledger serves something else."""
    query["at_size"] = asked.size
    if asked.as_of is not None:
        query["as_of"] = asked.as_of.isoformat()
    body = await server.get(f"{name}?{urlencode(query)}", _LARGEST)
    if body is None:
        raise Unreachable(f"{server.address(name)}: there is no such answer; give …/ledger/v1/alliances/ID.")
    try:
        return loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreachable(f"{server.address(name)}: no JSON: {error}") from error
