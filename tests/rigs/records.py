"""What an alliance leaves in the databases and topics, and what is sealed in it, opened."""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from embedded.databases import DATABASES
from events.envelope import Event, parse
from events.sealing import SEALED_KEYS, open_figures
from rigs.operations import Json
from rigs.product import Product

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")


@dataclass(frozen=True)
class SealedLeaf:
    """One value within a sealed figure. `place` is the event's type and the path, without list indices."""

    subject: str
    """Of the event: `campaign/<id>`."""
    place: str
    owner: str
    value: Json


@dataclass(frozen=True)
class Recorded:
    """What was recorded of an alliance, in all services."""

    leaves: Sequence[SealedLeaf]
    places: Mapping[str, Mapping[str, Sequence[str]]]
    """By service and name of a path parameter: all ids that could go into it."""


async def recorded(product: Product, alliance: UUID) -> Recorded:
    """From the ledger, which has everybody's events, and all keys."""
    rows = await product.rows(
        "ledger", "SELECT sequence, body FROM events WHERE alliance_id = $1 ORDER BY sequence", alliance
    )
    leaves: list[SealedLeaf] = []
    places: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    entries = {}
    for sequence, body in rows:
        head = parse(body)
        if sealed := [*opened(product, body)]:
            leaves += sealed
            entries[head.type] = str(sequence - 1)
        kind, _, which = head.envelope["subject"].partition("/")
        own = places[head.service]
        own[kind][which.partition("/")[0]] = None
        for name, value in _named(head.envelope["data"]):
            own[name][value] = None
    # One entry of each type with figures: the feed has all of them.
    places["ledger"]["index"] = dict.fromkeys(entries.values())
    return Recorded(
        leaves, {service: {name: list(ids) for name, ids in of.items()} for service, of in places.items()}
    )


def _named(value: Json) -> Iterator[tuple[str, str]]:
    """What an event calls by a name and an id: documents, payments, companies."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if isinstance(inner, str) and _ID.fullmatch(inner):
                yield name, inner
            yield from _named(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner)


def opened(product: Product, body: bytes) -> Iterator[SealedLeaf]:
    """With the keys of the ledger, which has them all."""
    head = parse(body)
    keyring = product.services["ledger"].keyrings[head.service]
    data = open_figures(head.envelope["data"], alliance=head.alliance, event_id=head.id, keyring=keyring)
    for place, owner, value in _sealed(data, head.type):
        yield SealedLeaf(head.envelope["subject"], place, owner, value)


def _sealed(value: Json, place: str, owner: str = "") -> Iterator[tuple[str, str, Json]]:
    """(place, owner, value) of all that lies within a sealed figure."""
    if isinstance(value, Mapping) and value.keys() >= SEALED_KEYS:
        yield from _sealed(value["open"], place, value["owner"])
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _sealed(inner, f"{place}/{name}", owner)
    elif isinstance(value, list):
        for inner in value:
            yield from _sealed(inner, place, owner)
    elif owner:
        yield place, owner, value


def sealed_places(event: type[Event]) -> Iterator[str]:
    """As `SealedLeaf.place`, out of what is published of the event."""
    schema = event.model_json_schema()
    yield from _places(schema, schema, event.type, within=False)


def _places(whole: Any, schema: Any, place: str, *, within: bool) -> Iterator[str]:
    while "$ref" in schema:
        schema = whole["$defs"][schema["$ref"].rpartition("/")[2]]
    if "x-sealed" in schema:
        yield from _places(whole, schema["x-sealed"], place, within=True)
        return
    parts = [(place, part) for part in schema.get("anyOf", ()) if part.get("type") != "null"]
    parts += [(f"{place}/{name}", part) for name, part in schema.get("properties", {}).items()]
    parts += [(place, schema["items"])] if "items" in schema else []
    if isinstance(schema.get("additionalProperties"), dict):
        parts.append((f"{place}/*", schema["additionalProperties"]))
    for inner, part in parts:
        yield from _places(whole, part, inner, within=within)
    if within and not parts:
        yield place


async def rows(product: Product, alliance: UUID) -> AsyncIterator[tuple[str, bytes]]:
    """`database.table` and every row of it that can be the alliance's, topics and positions included."""
    for database in DATABASES:
        async with product.database(database) as connection:
            tables = await connection.fetch(
                "SELECT c.table_name AS name, array_agg(c.column_name::text) AS columns"
                " FROM information_schema.columns c JOIN information_schema.tables t"
                " USING (table_schema, table_name)"
                " WHERE table_schema = 'public' AND t.table_type = 'BASE TABLE' GROUP BY 1 ORDER BY 1"
            )
            for table in tables:
                # The key of a topic's record is the alliance.
                own = [
                    name for name in ("alliance_id", "key" if database == "log" else "") if name in table[1]
                ]
                where = f' WHERE "{own[0]}" = $1' if own else ""
                found = await connection.fetch(
                    f'SELECT * FROM "{table["name"]}"{where}', *([alliance] if own else [])
                )
                for row in found:
                    yield f"{database}.{table['name']}", b"\n".join(map(_as_bytes, row.values()))


def _as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
