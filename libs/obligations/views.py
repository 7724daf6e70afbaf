"""The table of a service's obligations: its projectors and queries."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
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
    exists,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from events.envelope import Recorded
from events.ids import AllianceId
from events.projection import Projectors
from events.store import Transaction
from money import Money
from obligations.domain import OPEN, Obligation, State
from obligations.events import (
    Cancelled,
    Incurred,
    PaymentAttested,
    PaymentDeclared,
    PaymentWithdrawn,
    Reason,
    Vocabulary,
)


class Views:
    """The table in a service's metadata, and statements over it."""

    def __init__(self, metadata: MetaData) -> None:
        self.table = Table(
            "obligations",
            metadata,
            Column("alliance_id", Uuid, primary_key=True),
            Column("id", Uuid, primary_key=True),
            Column("version", Integer, nullable=False),
            Column("debtor", Uuid),
            Column("creditor", Uuid),
            Column("amount", Numeric, nullable=False),
            Column("currency", Text, nullable=False),
            Column("reason", Text, nullable=False),
            Column("project", Text, nullable=False),
            Column("charter_version", Integer, nullable=False),
            Column("money_rate", Numeric),
            Column("incurred_on", Date, nullable=False),
            Column("due_on", Date, nullable=False),
            Column("vat_rate", Numeric),
            Column("invoice_number", Text),
            Column("state", Text, nullable=False),
            Column("paid_on", Date),
            Column("attested_on", Date),
            Column("why", Uuid),
            Index("obligations_by_due_date", "alliance_id", "due_on", "id"),
            Index("obligations_of_a_project", "alliance_id", "project"),
        )

    def projectors(self, words: Vocabulary) -> Projectors:
        return {
            words.incurred: [self._incurred],
            words.payment_declared: [self._declared],
            words.payment_withdrawn: [self._withdrawn],
            words.payment_attested: [self._attested],
            words.cancelled: [self._cancelled],
        }

    def _incurred(self, recorded: Recorded[Incurred]) -> Sequence[Executable]:
        event = recorded.event
        row = {
            "alliance_id": recorded.alliance,
            "id": event.obligation,
            "version": recorded.version,
            "debtor": event.debtor,
            "creditor": event.creditor,
            "amount": event.amount.amount,
            "currency": event.amount.currency,
            "reason": event.reason,
            "project": recorded.project,
            "charter_version": recorded.charter_version,
            "money_rate": event.money_rate,
            "incurred_on": recorded.effective_on,
            "due_on": event.due_on,
            "vat_rate": event.vat_rate,
            "invoice_number": event.invoice_number,
            "state": State.INCURRED,
        }
        return [insert(self.table).values(row)]

    def _declared(self, recorded: Recorded[PaymentDeclared]) -> Sequence[Executable]:
        return [self._changed(recorded, state=State.DECLARED, paid_on=recorded.effective_on)]

    def _withdrawn(self, recorded: Recorded[PaymentWithdrawn]) -> Sequence[Executable]:
        why = recorded.event.why.document
        return [self._changed(recorded, state=State.INCURRED, paid_on=None, why=why)]

    def _attested(self, recorded: Recorded[PaymentAttested]) -> Sequence[Executable]:
        return [self._changed(recorded, state=State.ATTESTED, attested_on=recorded.effective_on)]

    def _cancelled(self, recorded: Recorded[Cancelled]) -> Sequence[Executable]:
        why = recorded.event.why
        return [self._changed(recorded, state=State.CANCELLED, why=why and why.document)]

    def _changed(self, recorded: Recorded[Any], **values: object) -> Executable:
        changed = update(self.table).where(
            self.table.c.alliance_id == recorded.alliance, self.table.c.id == recorded.event.obligation
        )
        return changed.values(version=recorded.version, **values)

    async def one(
        self, connection: AsyncConnection, alliance: AllianceId, obligation: UUID
    ) -> RowMapping | None:
        query = select(self.table).where(self.table.c.alliance_id == alliance, self.table.c.id == obligation)
        return (await connection.execute(query)).mappings().first()

    async def page(
        self,
        connection: AsyncConnection,
        alliance: AllianceId,
        after: tuple[date, UUID],
        limit: int,
        *,
        readers: Sequence[UUID | None] | None,
        states: Sequence[State] | None,
        party: UUID | None,
        project: str | None,
    ) -> Sequence[RowMapping]:
        """By (due date, id). Only of the parties `readers` (None among them: the purse), unless that is
        None.
        """
        columns = self.table.c
        query = select(self.table).where(
            columns.alliance_id == alliance, tuple_(columns.due_on, columns.id) > after
        )
        if readers is not None:
            companies = [reader for reader in readers if reader is not None]
            mine = [columns.debtor.in_(companies), columns.creditor.in_(companies)]
            if None in readers:
                mine += [columns.debtor.is_(None), columns.creditor.is_(None)]
            query = query.where(or_(*mine))
        if states:
            query = query.where(columns.state.in_(states))
        if party is not None:
            query = query.where(or_(columns.debtor == party, columns.creditor == party))
        if project is not None:
            query = query.where(columns.project == project)
        query = query.order_by(columns.due_on, columns.id).limit(limit)
        return (await connection.execute(query)).mappings().all()

    async def of_project(
        self, transaction: Transaction, alliance: AllianceId, project: str
    ) -> list[Obligation]:
        """All obligations of a project, by id, whatever their state; under the lock they cannot change."""
        query = (
            select(self.table)
            .where(self.table.c.alliance_id == alliance, self.table.c.project == project)
            .order_by(self.table.c.id)
        )
        return [obligation(row) for row in (await transaction.execute(query)).mappings()]

    async def any_open(self, connection: AsyncConnection, alliance: AllianceId, company: UUID) -> bool:
        columns = self.table.c
        query = select(
            exists().where(
                columns.alliance_id == alliance,
                columns.state.in_(OPEN),
                or_(columns.debtor == company, columns.creditor == company),
            )
        )
        return bool((await connection.execute(query)).scalar_one())


def obligation(row: RowMapping) -> Obligation:
    return Obligation(
        id=row["id"],
        debtor=row["debtor"],
        creditor=row["creditor"],
        amount=Money.of(row["amount"], row["currency"]),
        reason=Reason(row["reason"]),
        project=row["project"],
        incurred_on=row["incurred_on"],
        due_on=row["due_on"],
        charter_version=row["charter_version"],
        money_rate=row["money_rate"],
        state=State(row["state"]),
        paid_on=row["paid_on"],
    )
