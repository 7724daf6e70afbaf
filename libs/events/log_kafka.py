"""The log between services on Apache Kafka: for many machines and many alliances.

The key is the alliance's id, so an alliance lies in one partition, whose number never changes.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError, ProducerClosed
from aiokafka.partitioner import DefaultPartitioner

from events.brokers import Brokers
from events.log import Record, Start
from events.reader_kafka import KafkaReader

BATCH_BYTES = 512 * 1024
"""Half of what a broker takes by default (`max.message.bytes`), and room for events of 60,000 bytes."""

logger = structlog.get_logger(__name__)


class KafkaLog:
    """`events.log.Log` on `brokers`, which have the topics already (events.topics_kafka).

    `publish` takes `delivery_seconds` for each batch at most, and half of it to end what is under way.
    """

    def __init__(self, brokers: Brokers, *, delivery_seconds: float = 10) -> None:
        self._brokers = brokers
        self._delivery_seconds = delivery_seconds
        self._sender: _Sender | None = None
        self._changing = asyncio.Lock()

    async def publish(self, topic: str, records: Sequence[Record]) -> int:
        acknowledged = 0
        sender = None
        try:
            # A batch waits for the one before it. Sent together, the second could be taken where the first is
            # refused, and a follower would find a hole.
            while acknowledged < len(records):
                sender = await self._started()
                acknowledged += await sender.send(topic, records[acknowledged:])
        except (KafkaError, OSError) as error:
            logger.warning("not_published", topic=topic, error=repr(error))
            if sender is not None:
                await self._drop(sender)
        return acknowledged

    async def _started(self) -> "_Sender":
        async with self._changing:
            if self._sender is None:
                self._sender = await _Sender.start(self._brokers, self._delivery_seconds)
            return self._sender

    async def _drop(self, sender: "_Sender") -> None:
        async with self._changing:
            # Several alliances find out together: the first one drops it, and a new one may be there already.
            if self._sender is sender:
                await sender.abandon()
                self._sender = None

    def reader(self, topics: Sequence[str], group: str | None, start: Start) -> KafkaReader:
        return KafkaReader(self._brokers, topics, group, start)

    async def close(self) -> None:
        if self._sender is not None:
            await self._drop(self._sender)


class _Sender:
    """A producer until its first failure.

    It does not find its sequence numbers again after a batch that failed, and one that timed out it would
    repeat for ever: whoever sees it fail abandons it.
    """

    def __init__(self, producer: AIOKafkaProducer, seconds: float) -> None:
        self._producer = producer
        self._seconds = seconds
        self._abandoned: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # aiokafka lets the batches of a partition wait for one another in no order, and gives up on some.
        self._turns: defaultdict[tuple[str, int], asyncio.Lock] = defaultdict(asyncio.Lock)

    @classmethod
    async def start(cls, brokers: Brokers, seconds: float) -> "_Sender":
        producer = AIOKafkaProducer(
            **brokers.options(),
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            request_timeout_ms=int(seconds * 500),
        )
        try:
            async with asyncio.timeout(seconds):
                await producer.start()
        except BaseException:
            await producer.stop()  # it leaks otherwise
            raise
        return cls(producer, seconds)

    async def send(self, topic: str, records: Sequence[Record]) -> int:
        """Sends as many of the leading records as a batch takes; returns how many, once they are durable."""
        async with asyncio.timeout(self._seconds):
            partitions = sorted(await self._producer.partitions_for(topic))
        key = str(records[0].key).encode()
        partition = DefaultPartitioner()(key, partitions, partitions)
        batch = self._producer.create_batch()
        count = 0
        while count < len(records) and batch.append(key=key, value=records[count].value, timestamp=None):
            count += 1
        batch.close()
        async with self._turns[topic, partition]:
            if self._abandoned.done():
                raise ProducerClosed
            sent = await self._producer.send_batch(batch, topic, partition=partition)
            sent.add_done_callback(_noticed)
            await asyncio.wait(
                [sent, self._abandoned], timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED
            )
        if not sent.done():
            raise KafkaTimeoutError(f"not acknowledged by {topic}")
        sent.result()
        return count

    async def abandon(self) -> None:
        """Ends it with what it could not deliver; the producer's own `stop` would wait for that for ever."""
        if not self._abandoned.done():
            self._abandoned.set_result(None)
        task = self._producer._sender.sender_task
        while not task.done():
            # What is under way ends within the time of a request; cancelled again, it ends at once.
            task.cancel()
            await asyncio.wait([task], timeout=self._seconds / 2)
        self._producer._closed = True
        await self._producer.client.close()


def _noticed(sent: "asyncio.Future[object]") -> None:
    """Keeps the failure of a batch that nobody waits for any more out of the event loop's complaints."""
    if not sent.cancelled():
        sent.exception()
