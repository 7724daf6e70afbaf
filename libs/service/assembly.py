"""The composition root that all services share: from a description and settings to a running application."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, Final

import structlog
from fastapi import APIRouter, FastAPI
from sqlalchemy import MetaData

from events.again import followed_events, own_events
from events.begin import Begun
from events.deadlines import Deadlines
from events.decision import Call
from events.envelope import parse
from events.errors import DatabaseUnavailable
from events.execute import Commands
from events.follow import Arrived, Follower
from events.freezing import frozen
from events.gate import Gate
from events.ids import AllianceId
from events.log import Log, topic_of
from events.pausing import pause
from events.projection import Projectors
from events.registry import Registry
from events.relay import Relay
from events.restore import Restoration
from events.sealing import Keyring, Masters
from events.store import Store, Transaction
from service import feed_api
from service.application import Loop, application
from service.auth import Keys, Verifier
from service.documents import Documents
from service.migrations import Form, NotMigrated
from service.permissions import Rule, permit
from service.problems import Message
from service.runtime import Service
from service.settings import Settings
from service.standing import Standings
from service.tickets import Tickets
from standing import Given, Told, given

MEMBERS = "members"

React = Callable[[Service, Transaction, AllianceId, Sequence[Arrived]], Awaitable[None]]
"""Answers others' events, in the transaction that moves the position past them."""

_MIGRATED_SECONDS: Final = 0.5
"""How often is looked whether the migrations are applied, until they are."""

_log = structlog.get_logger(__name__)

Due = Callable[[Service, Call, str, str], Awaitable[None]]
"""Issues the command of a deadline: `due(service, call, stream, name)`."""


@dataclass(frozen=True)
class Description:
    """What makes a service this one. `follows` names the services whose events it applies."""

    name: str
    title: str
    registry: Registry
    metadata: MetaData
    documents: Documents
    rules: Mapping[type, Rule]
    projectors: Projectors
    routers: Sequence[APIRouter]
    messages: Sequence[Mapping[str, Message]]
    migrations: Path
    """The folder of the service's own."""
    follows: Sequence[str] = (MEMBERS,)
    react: React | None = None
    due: Due | None = None
    commands: Callable[..., Commands[Given]] = Commands
    """Made with the arguments of `Commands`: another way of recording."""
    log_of: Sequence[str] = ()
    """Services whose events, as followed, are this one's log beside its own."""
    loops: Callable[[Service], Sequence[Loop]] = lambda service: ()
    """What runs in the background beside what all services run."""
    gauges: str = "SELECT"
    """A query for one row: the service's own metrics."""
    details: Mapping[str, str] = field(default_factory=dict)
    """What `/readyz` shows of the service's own: name → a query for rows, not many."""
    bodies: Mapping[str, int] = field(default_factory=dict)
    """Larger body limits in bytes, by the end of the path."""


def assemble(
    description: Description,
    settings: Settings,
    log: Log,
    drain: asyncio.Event,
    masters: Mapping[str, Sequence[bytes]],
) -> FastAPI:
    """`masters` are the sealing secrets by source service, as far as this service may hold them."""
    gate = Gate()
    store = Store.connect(settings.database(), pool_size=settings.database_pool, gate=gate)
    standings = Standings()
    keyrings: dict[str, Keyring] = {source: Masters(tuple(secrets)) for source, secrets in masters.items()}
    relay = Relay(store, log, topic_of(description.name))
    own_standing = description.name == MEMBERS

    async def given_in(transaction: Transaction, call: Call, begun: Begun | None) -> Given:
        # Who has no role yet may apply for membership, and nothing else: permissions say so.
        if begun is None:
            return await service.given_in(transaction, call, strangers=own_standing)
        return given(begun.beside, call, strangers=own_standing)

    async def stand(transaction: Transaction, alliance: AllianceId, bodies: Sequence[bytes]) -> None:
        await standings.apply(transaction, alliance, [Told.by(parse(body)) for body in bodies])

    async def apply(transaction: Transaction, alliance: AllianceId, events: Sequence[Arrived]) -> None:
        transaction.writable(alliance)
        told = [Told.by(event.head) for event in events if event.head.service == MEMBERS]
        if told and not own_standing:
            await standings.apply(transaction, alliance, told)
        if description.react is not None:
            await description.react(service, transaction, alliance, events)

    follower = (
        Follower(
            store, log, {topic_of(source): source for source in description.follows}, description.name, apply
        )
        if description.follows
        else None
    )
    commands = description.commands(
        store,
        description.registry,
        keyrings[description.name],
        given=given_in,
        permit=permit(description.rules),
        projectors=description.projectors,
        follow_own=stand if own_standing else None,
        recorded=relay.wake,
        begin=standings.begin,
    )
    service = Service(
        description.name, store, commands, standings, description.documents, keyrings, relay, follower
    )

    def forget() -> None:
        commands.forget()
        standings.forget()

    restoration = Restoration(
        store,
        gate,
        log,
        topic_of(description.name),
        description.name,
        followed_events(description.name, apply) if description.log_of else own_events(commands.record_again),
        sources=description.log_of,
        forget=forget,
    )
    loops: list[Loop] = [restoration.run, relay.run]
    if follower is not None:
        loops.append(follower.run)
    if description.due is not None:
        due = description.due
        loops.append(Deadlines(store, lambda call, stream, name: due(service, call, stream, name)).run)
    loops += description.loops(service)
    return build(description, settings, service, restoration, loops, drain)


def build(
    description: Description,
    settings: Settings,
    service: Service,
    restoration: Restoration,
    loops: Sequence[Loop],
    drain: asyncio.Event,
) -> FastAPI:
    """The application around a service that has been put together."""
    form = Form(description.migrations)

    @asynccontextmanager
    async def resources(app: FastAPI) -> AsyncIterator[None]:
        app.state.service = service
        try:
            with suppress(DatabaseUnavailable, NotMigrated):
                await form.require(service.store)
                await restoration.begin()
            yield
        finally:
            await service.store.close()

    async def database() -> None:
        async with service.store.single() as transaction:
            await transaction.raw.fetchval("SELECT 1")

    async def migrations() -> None:
        await form.require(service.store)

    async def details() -> dict[str, Any]:
        waiting = await gauges()
        outbox = {
            "pending": int(waiting["outbox_pending"]),
            "oldest_age_seconds": round(waiting["outbox_oldest_age_seconds"], 3),
        }
        shown: dict[str, Any] = {"outbox": outbox, "restoration": restoration.standing()}
        for name, query in description.details.items():
            async with service.store.single() as transaction:
                shown[name] = [dict(row) for row in await transaction.raw.fetch(query)]
        if service.follower is None:
            return shown
        stands = await frozen(service.store)
        return {
            **shown,
            "frozen": [
                {
                    "alliance": str(one.alliance),
                    "source": one.source,
                    "sequence": one.sequence,
                    "code": one.code,
                }
                for one in stands
            ],
        }

    async def gauges() -> dict[str, float]:
        async with service.store.single() as transaction:
            row = await transaction.raw.fetchrow(_GAUGES)
            own = await transaction.raw.fetchrow(description.gauges)
        assert row is not None
        assert own is not None
        lag = service.follower.lag if service.follower is not None else 0
        return {**row, **own, **restoration.gauges(), "consumer_lag": float(lag)}

    secret = settings.deployment_secret.get_secret_value().encode()
    return application(
        description.title,
        version="1",
        routers=[*description.routers, feed_api.stream_router, feed_api.router],
        messages=description.messages,
        verifier=Verifier(
            Keys.at(settings.jwks),
            issuer=settings.issuer,
            audience=settings.audience,
            secret=secret,
            algorithms=settings.algorithms,
        ),
        tickets=Tickets(secret),
        limits=settings.limits(description.bodies),
        cors_origins=settings.cors_origins,
        checks={"database": database, "migrations": migrations},
        details=details,
        gauges=gauges,
        loops=[_once_migrated(form, service.store, loop) for loop in loops],
        resources=resources,
        drain=drain,
    )


def _once_migrated(form: Form, store: Store, loop: Loop) -> Loop:
    """The loop, begun when its tables are there: the job that makes them may be at work still."""

    @wraps(loop)
    async def begun(drain: asyncio.Event) -> None:
        told = False
        while not drain.is_set():
            try:
                await form.require(store)
                break
            except (DatabaseUnavailable, NotMigrated) as error:
                if not told:
                    _log.warning("loop_waits", loop=loop.__qualname__, error=type(error).__name__)
                    told = True
            await pause(drain, _MIGRATED_SECONDS)
        await loop(drain)

    return begun


_GAUGES = """
SELECT (SELECT count(*) FROM frozen)::float8 AS frozen_alliances,
    (SELECT count(*) FROM frozen WHERE code = 'fork')::float8 AS forked_alliances,
    (SELECT count(*) FROM frozen WHERE code = 'topic_lost')::float8 AS lost_alliances,
    coalesce(sum(h.last_sequence - h.relayed_sequence), 0)::float8 AS outbox_pending,
    coalesce(extract(epoch FROM clock_timestamp() - min(e.recorded_at)), 0)::float8
        AS outbox_oldest_age_seconds
FROM heads h JOIN events e ON e.alliance_id = h.alliance_id AND e.sequence = h.relayed_sequence + 1
WHERE h.relayed_sequence < h.last_sequence
"""
