"""What projectors return: SQLAlchemy statements, or `Change`s where a view is on every command's path.

Building and caching a statement anew costs SQLAlchemy some 250 µs; a `Change` is built once for a table and
its columns, and runs on the driver itself.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, cast

from sqlalchemy import Executable, Table, bindparam
from sqlalchemy.dialects.postgresql import asyncpg, insert

from events.envelope import Event, Recorded
from events.store import Transaction


@dataclass(frozen=True, slots=True)
class Change:
    """One statement as the driver takes it."""

    sql: str
    values: tuple[Any, ...]


Projector = Callable[[Recorded[Any]], Sequence[Executable | Change]]
"""Pure: an event to the changes that bring a read model up to date."""

Projectors = Mapping[type[Event], Sequence[Projector]]


def upsert(table: Table, **values: Any) -> Change:
    """Inserts a row, or sets the given columns of the one with the same primary key."""
    sql, bound = _upsert(table, tuple(values))
    return Change(sql, tuple(process(values[name]) if process else values[name] for name, process in bound))


@cache
def _upsert(
    table: Table, columns: tuple[str, ...]
) -> tuple[str, tuple[tuple[str, Callable[[Any], Any] | None], ...]]:
    key = [column.name for column in table.primary_key]
    new = insert(table).values({name: bindparam(name, type_=table.c[name].type) for name in columns})
    others = {name: new.excluded[name] for name in columns if name not in key}
    statement = (
        new.on_conflict_do_update(index_elements=key, set_=others) if others else new.on_conflict_do_nothing()
    )
    dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]
    compiled = statement.compile(dialect=dialect)
    names = compiled.positiontup or ()
    return str(compiled), tuple(
        (name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names
    )


async def bring_about(transaction: Transaction, changes: Sequence[Executable | Change]) -> None:
    """In their order; those of one statement that follow on each other in two round trips, however many."""
    for sql, alike in groupby(changes, lambda change: change.sql if isinstance(change, Change) else None):
        if sql is None:
            for statement in alike:
                await transaction.execute(cast(Executable, statement))
            continue
        values = [cast(Change, change).values for change in alike]
        if len(values) == 1:
            await transaction.raw.execute(sql, *values[0])
        else:
            await transaction.raw.executemany(sql, values)
