"""A log as its topic has it (`alliance.ledger`): entries without tiles and signatures, some of them twice.

Whoever reads it needs the brokers and a user that may, and nothing of the ledger's. aiokafka is imported
when a topic is read: every other command does without.
"""

import asyncio
import logging
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID

from events.envelope import MalformedEvent, parse
from ledger.audit.findings import DoesNotHold, Unreachable, Unusable
from ledger.audit.folder import Folder
from ledger.audit.progress import Bar
from ledger.audit.tree import Tree
from tlog.checkpoints import Checkpoint
from tlog.merkle import HASH_BYTES, Frontier
from tlog.tiles import LARGEST_ENTRY, laid_out

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, TopicPartition

_PLACE: Final = re.compile(r"(?P<servers>[^/\s]+:\d{1,5})/(?P<topic>[A-Za-z0-9._-]{1,249})")
_AT_ONCE: Final = 2000
_SECONDS: Final = 30
"""Without a record where there should be one."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One alliance's entries in a topic."""

    servers: str
    name: str
    alliance: UUID

    @classmethod
    def parse(cls, text: str, alliance: UUID | None) -> Self:
        """`host:port,host:port/topic`. Raises Unusable."""
        match = _PLACE.fullmatch(text)
        if match is None:
            raise Unusable(f"--kafka {text}: host:port,host:port/topic.")
        if alliance is None:
            raise Unusable("A topic has the logs of all alliances: --alliance ID.")
        return cls(match["servers"], match["topic"], alliance)


@contextmanager
def gathered(topic: Topic, bar: Bar) -> Iterator[Tree]:
    """The tree over a topic's entries, in a folder for as long as it is looked at; no checkpoint signs it.

    Raises Unreachable, and DoesNotHold where the topic has two events in one's place.
    """
    with TemporaryDirectory(prefix="alliance-audit-") as place:
        folder, frontier = Path(place), Frontier()
        for tile, content in laid_out(_entries(topic, bar), frontier):
            (folder / tile.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / tile.path).write_bytes(content)
        yield Tree(Checkpoint(topic.name, frontier.size, frontier.root()), Folder(folder))


def _entries(topic: Topic, bar: Bar) -> Iterator[bytes]:
    once = _Once(topic)
    key = str(topic.alliance).encode()
    with _reading(topic) as (runner, consumer, partition):
        end = runner.run(consumer.end_offsets([partition]))[partition]
        first = runner.run(consumer.beginning_offsets([partition]))[partition]
        bar.of(end - first)
        consumer.seek(partition, first)
        while (at := runner.run(consumer.position(partition))) < end:
            found = runner.run(consumer.getmany(partition, timeout_ms=_SECONDS * 1000, max_records=_AT_ONCE))
            if not found:
                raise Unreachable(f"{topic.servers}: nothing came of {topic.name} for {_SECONDS} seconds.")
            for record in found[partition]:
                if (
                    record.offset < end
                    and record.key == key
                    and once.is_new(record.offset, record.value or b"")
                ):
                    yield record.value or b""
            bar(runner.run(consumer.position(partition)) - at)


class _Once:
    """A relay that was killed sends again: what is there already is passed over, and must be the same."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic
        self._known: defaultdict[str, bytearray] = defaultdict(bytearray)
        """By service, the hashes of its events so far."""

    def is_new(self, offset: int, body: bytes) -> bool:
        """Raises DoesNotHold."""
        if len(body) > LARGEST_ENTRY:
            raise self._fault(offset, "too_large", "larger than an entry can be", LARGEST_ENTRY, len(body))
        try:
            head = parse(body)
        except MalformedEvent:
            return True  # whoever reads on names it
        known, found = self._known[head.service], sha256(body).digest()
        place = (head.sequence - 1) * HASH_BYTES
        if place >= len(known):
            if place == len(known):  # after a hole nothing is kept: it ends there
                known += found
            return True
        before = bytes(known[place : place + HASH_BYTES])
        if before != found:
            said = f"another event {head.sequence} of {head.service} than before"
            raise self._fault(offset, "forked", said, before.hex(), found.hex())
        return False

    def _fault(self, offset: int, code: str, said: str, expected: object, found: object) -> DoesNotHold:
        return DoesNotHold(code, f"{self._topic.name} offset {offset}", said, expected=expected, found=found)


@contextmanager
def _reading(topic: Topic) -> Iterator[tuple[asyncio.Runner, "AIOKafkaConsumer", "TopicPartition"]]:
    from aiokafka import AIOKafkaConsumer, TopicPartition  # noqa: PLC0415
    from aiokafka.errors import KafkaError  # noqa: PLC0415
    from aiokafka.partitioner import DefaultPartitioner  # noqa: PLC0415

    # What it tells of brokers that are away is said once, by what is raised here.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

    async def started() -> tuple[AIOKafkaConsumer, Sequence[int]]:
        options = _options(topic.servers)
        # Asked for by its name, a topic that is not there would be waited for.
        asking = AIOKafkaConsumer(**options)
        try:
            await asking.start()
            known = await asking.topics()
        finally:
            await asking.stop()
        if topic.name not in known:
            raise Unreachable(f"{topic.servers} has no topic {topic.name}, or none that you may read.")
        consumer = AIOKafkaConsumer(
            topic.name, **options, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            await consumer.start()
        except BaseException:
            await consumer.stop()  # it leaks otherwise
            raise
        return consumer, sorted(consumer.partitions_for_topic(topic.name) or ())

    with asyncio.Runner() as runner:
        try:
            consumer, partitions = runner.run(started())
            try:
                number = DefaultPartitioner()(str(topic.alliance).encode(), partitions, partitions)
                partition = TopicPartition(topic.name, number)
                consumer.pause(*(consumer.assignment() - {partition}))
                yield runner, consumer, partition
            finally:
                runner.run(consumer.stop())
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unreachable(f"{topic.servers}: {error!r}") from error


def _options(servers: str) -> Mapping[str, Any]:
    """As whom, by the environment: ALLIANCE_KAFKA_USER, _PASSWORD, and _AUTHORITY, a file of certificates.

    With a user the way is encrypted unless ALLIANCE_KAFKA_PROTOCOL is SASL_PLAINTEXT. Raises OSError.
    """
    from events.brokers import Brokers  # noqa: PLC0415

    given = {name: os.environ.get(f"ALLIANCE_KAFKA_{name}") for name in ("USER", "PASSWORD", "AUTHORITY")}
    plain = given["USER"] is None or os.environ.get("ALLIANCE_KAFKA_PROTOCOL") == "SASL_PLAINTEXT"
    authority = given["AUTHORITY"] and Path(given["AUTHORITY"]).read_text(encoding="ascii")
    return Brokers(servers, given["USER"], given["PASSWORD"], not plain, authority).options()
