"""The tables of a service's declarations: projectors, and queries for answers and decisions."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Executable,
    Index,
    Integer,
    MetaData,
    Numeric,
    RowMapping,
    Table,
    Text,
    Uuid,
    delete,
    exists,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from declarations.domain import COUNTING, Declaration, Other, Replaced, State
from declarations.events import (
    Arbitrated,
    Attested,
    Contested,
    Declared,
    Line,
    Nature,
    Reversed,
    Vocabulary,
    Work,
)
from events.envelope import Recorded
from events.ids import AllianceId
from events.projection import Change, Projectors, upsert
from events.store import Transaction
from money import Money

_LINE = ("person", "first_day", "last_day", "hours")


class Views:
    """The tables in a service's metadata, and statements over them."""

    def __init__(self, metadata: MetaData) -> None:
        self.table = Table(
            "declarations",
            metadata,
            Column("alliance_id", Uuid, primary_key=True),
            Column("id", Uuid, primary_key=True),
            Column("version", Integer, nullable=False),
            Column("company", Uuid, nullable=False),
            Column("project", Text, nullable=False),
            Column("charter_version", Integer, nullable=False),
            Column("form", Text, nullable=False),
            Column("nature", Text, nullable=False),
            Column("kind", Text, nullable=False),
            Column("rate", Numeric),
            Column("value", Numeric, nullable=False),
            Column("currency", Text, nullable=False),
            Column("posted_on", Date, nullable=False),
            Column("independent_only", Boolean, nullable=False),
            Column("counterparty", Uuid),
            Column("evidence", Uuid),
            Column("replaces", Uuid),
            Column("state", Text, nullable=False),
            Column("why", Uuid),
            Index("declarations_of_a_project", "alliance_id", "project", "company"),
            Index("declarations_replaced", "alliance_id", "replaces"),
        )
        self.lines = Table(
            "declaration_lines",
            metadata,
            Column("alliance_id", Uuid, primary_key=True),
            Column("declaration", Uuid, primary_key=True),
            Column("position", Integer, primary_key=True),
            Column("person", Text, nullable=False),
            Column("first_day", Date, nullable=False),
            Column("last_day", Date, nullable=False),
            Column("hours", Numeric, nullable=False),
            Column("stands", Boolean, nullable=False),
            Index("declaration_lines_of_a_person", "alliance_id", "person"),
        )

    def projectors(self, words: Vocabulary) -> Projectors:
        return {
            words.declared: [self._declared],
            words.attested: [self._attested],
            words.contested: [self._contested],
            words.arbitrated: [self._arbitrated],
            words.reversed: [self._reversed],
        }

    def _declared(self, recorded: Recorded[Declared]) -> Sequence[Change]:
        event = recorded.event
        work = event.work.value
        row = {
            "alliance_id": recorded.alliance,
            "id": event.declaration,
            "version": recorded.version,
            "company": event.company,
            "project": recorded.project,
            "charter_version": recorded.charter_version,
            "form": event.form,
            "nature": event.nature,
            "kind": event.kind,
            "rate": work.rate and work.rate.amount,
            "value": work.value.amount,
            "currency": work.value.currency,
            "posted_on": recorded.effective_on,
            "independent_only": event.independent_only,
            "counterparty": event.counterparty,
            "evidence": event.evidence and event.evidence.document,
            "replaces": event.replaces,
            "state": State.COUNTED if event.counts else State.DECLARED,
        }
        return [upsert(self.table, **row), *self._lines(recorded, work.lines)]

    def _attested(self, recorded: Recorded[Attested]) -> Sequence[Executable]:
        return [self._changed(recorded, state=State.ATTESTED)]

    def _contested(self, recorded: Recorded[Contested]) -> Sequence[Executable]:
        return [self._changed(recorded, state=State.CONTESTED, why=recorded.event.why.document)]

    def _arbitrated(self, recorded: Recorded[Arbitrated]) -> Sequence[Executable | Change]:
        work, why = recorded.event.work.value, recorded.event.why.document
        return [
            self._changed(recorded, state=State.ARBITRATED, why=why, value=work.value.amount),
            delete(self.lines).where(*self._of(recorded)),
            *self._lines(recorded, work.lines),
        ]

    def _reversed(self, recorded: Recorded[Reversed]) -> Sequence[Executable]:
        return [
            self._changed(recorded, state=State.REVERSED, why=recorded.event.why.document),
            update(self.lines).where(*self._of(recorded)).values(stands=False),
        ]

    def _lines(self, recorded: Recorded[Any], lines: Sequence[Line]) -> Sequence[Change]:
        about = {
            "alliance_id": recorded.alliance,
            "declaration": recorded.event.declaration,
            "stands": True,
        }
        return [upsert(self.lines, **about, position=index, **dict(line)) for index, line in enumerate(lines)]

    def _of(self, recorded: Recorded[Any]) -> Sequence[Any]:
        return (
            self.lines.c.alliance_id == recorded.alliance,
            self.lines.c.declaration == recorded.event.declaration,
        )

    def _changed(self, recorded: Recorded[Any], **values: object) -> Executable:
        changed = update(self.table).where(
            self.table.c.alliance_id == recorded.alliance, self.table.c.id == recorded.event.declaration
        )
        return changed.values(version=recorded.version, **values)

    async def page(
        self,
        connection: AsyncConnection,
        alliance: AllianceId,
        after: UUID,
        limit: int,
        *,
        company: UUID | None = None,
        project: str | None = None,
        states: Sequence[State] | None = None,
        ids: Sequence[UUID] | None = None,
    ) -> list[tuple[RowMapping, Declaration]]:
        """By id, so in the order of their making; each row beside the declaration that it stands for."""
        columns = self.table.c
        query = select(self.table).where(columns.alliance_id == alliance, columns.id > after)
        if company is not None:
            query = query.where(columns.company == company)
        if project is not None:
            query = query.where(columns.project == project)
        if states:
            query = query.where(columns.state.in_(states))
        if ids is not None:
            query = query.where(columns.id.in_(ids))
        rows = (await connection.execute(query.order_by(columns.id).limit(limit))).mappings().all()
        lines = select(self.lines).where(
            self.lines.c.alliance_id == alliance, self.lines.c.declaration.in_([row["id"] for row in rows])
        )
        of: dict[UUID, list[Line]] = {row["id"]: [] for row in rows}
        ordered = lines.order_by(self.lines.c.declaration, self.lines.c.position)
        for line in (await connection.execute(ordered)).mappings():
            of[line["declaration"]].append(_line(line))
        return [(row, _declaration(row, of[row["id"]])) for row in rows]

    async def others(
        self, transaction: Transaction, alliance: AllianceId, persons: Iterable[str], but: UUID
    ) -> tuple[Other, ...]:
        """The hours of these people in all declarations that stand, but for one."""
        lines, table = self.lines.c, self.table.c
        query = (
            select(self.lines, table.company, table.state)
            .join(self.table, (table.alliance_id == lines.alliance_id) & (table.id == lines.declaration))
            .where(
                lines.alliance_id == alliance,
                lines.person.in_(sorted(set(persons))),
                lines.stands,
                lines.declaration != but,
            )
        )
        rows = (await transaction.execute(query)).mappings()
        return tuple(Other(row["company"], row["state"] in COUNTING, _line(row)) for row in rows)

    async def spent(
        self, transaction: Transaction, alliance: AllianceId, project: str, company: UUID
    ) -> Decimal:
        """The hours of a company for a project in declarations that stand."""
        lines, table = self.lines.c, self.table.c
        query = (
            select(func.coalesce(func.sum(lines.hours), 0))
            .join(self.table, (table.alliance_id == lines.alliance_id) & (table.id == lines.declaration))
            .where(
                lines.alliance_id == alliance,
                lines.stands,
                table.project == project,
                table.company == company,
            )
        )
        return Decimal((await transaction.execute(query)).scalar_one())

    async def replaced(
        self, transaction: Transaction, alliance: AllianceId, declaration: UUID
    ) -> Replaced | None:
        columns, others = self.table.c, self.table.alias()
        query = select(
            columns.company,
            columns.project,
            columns.state,
            exists()
            .where(others.c.alliance_id == alliance, others.c.replaces == declaration)
            .label("replaced"),
        ).where(columns.alliance_id == alliance, columns.id == declaration)
        row = (await transaction.execute(query)).one_or_none()
        return row and Replaced(row.company, row.project, State(row.state), row.replaced)


def _line(row: RowMapping) -> Line:
    return Line(**{name: row[name] for name in _LINE})


def _declaration(row: RowMapping, lines: Sequence[Line]) -> Declaration:
    currency = row["currency"]
    rate = None if row["rate"] is None else Money.of(row["rate"], currency)
    return Declaration(
        id=row["id"],
        company=row["company"],
        project=row["project"],
        charter_version=row["charter_version"],
        form=row["form"],
        nature=Nature(row["nature"]),
        kind=row["kind"],
        work=Work(lines=tuple(lines), rate=rate, value=Money.of(row["value"], currency)),
        posted_on=row["posted_on"],
        independent_only=row["independent_only"],
        counterparty=row["counterparty"],
        state=State(row["state"]),
    )
