"""Reading the log between services on Apache Kafka, as a member of a consumer group or alone."""

import asyncio
import math
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from types import TracebackType
from typing import Self
from uuid import UUID

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from events.brokers import Brokers
from events.log import SAME_TOPIC_SECONDS, Position, PositionLost, Received, Start
from events.topics_kafka import WrongTopic, described

REQUEST_SECONDS = 15.0
"""How long a reader waits for a broker's answer before it connects again."""

HINT_SECONDS = 2.0
"""How long a reader tries to tell how far it is: nothing rests on that, and what is read is waiting."""

STUCK_SECONDS = 30
"""How much longer than asked a poll may take, while a group shares out its partitions, until it is stuck."""

ALONE_SECONDS = 300
"""How long a reader of a group that shared nothing out reads everything itself, before it joins again."""

logger = structlog.get_logger(__name__)


class KafkaReader:
    """`events.log.Reader` as a member of a consumer group, or alone; the group's own commits are never read.

    After a broker was killed, its coordinator of a group may stay out of order until the broker is started
    again (KAFKA-19862 and others): the group shares nothing out, while topics are read as ever. Then each
    reader reads all partitions alone for a while.

    The consumer is made by the first `poll`, and again after trouble: one that is stuck (aiokafka's can hang
    after a broker's restart) or in error is dropped.
    """

    def __init__(self, brokers: Brokers, topics: Sequence[str], group: str | None, start: Start) -> None:
        self._brokers = brokers
        self._topics = list(topics)
        self._group = group
        self._alone_until = math.inf if group is None else 0.0
        """On the loop's clock."""
        self._start = start
        self._consumer: AIOKafkaConsumer | None = None
        self._placed = _Placed()

    async def poll(self, seconds: float, limit: int) -> Sequence[Received]:
        try:
            async with asyncio.timeout(seconds + STUCK_SECONDS) as patience:
                return await self._read(seconds, limit)
        except OffsetOutOfRangeError as error:
            [(lost, offset)] = error.args[0].items()
            await self._lost(lost, offset)
        except (KafkaError, WrongTopic) as error:
            await self._trouble(error)
            await asyncio.sleep(seconds)
        except TimeoutError as error:
            if not patience.expired():
                raise  # by `start`
            if self._consumer is not None and not self._placed.shared_out.is_set():
                logger.error("group_shares_nothing_out", topics=self._topics, group=self._group)
                self._alone_until = asyncio.get_running_loop().time() + ALONE_SECONDS
            await self._trouble(error)
        return []

    async def _read(self, seconds: float, limit: int) -> Sequence[Received]:
        if self._placed.alone and not self._is_alone():
            await self._leave()
        consumer = await self._joined()
        placed = self._placed
        if not placed.partitions:
            # Waits while the partitions are shared out, and raises what stands in the way of that: not that
            # aiokafka has nowhere to begin by itself.
            with suppress(OffsetOutOfRangeError, NoOffsetForPartitionError):
                await consumer.getmany(timeout_ms=0)
            await placed.shared_out.wait()
        if not all(map(consumer.partitions_for_topic, self._topics)):
            # A broker that starts knows no topics yet, and lets nobody at them: the group has then shared out
            # none, and aiokafka would not look again for five minutes.
            await consumer._client.force_metadata_update()
        await self._place(consumer)
        if not placed.partitions or self._placed is not placed:
            await asyncio.sleep(seconds)  # more readers than partitions, or shared out anew this moment
            return []
        # Named, because aiokafka also has records, and errors, of partitions that are not placed.
        found = await consumer.getmany(*placed.partitions, timeout_ms=int(seconds * 1000), max_records=limit)
        return [
            Received(record.topic, record.partition, record.offset, record.key, record.value)
            for partition, records in found.items()
            if partition in placed.partitions  # still: what another reader has now is not to be applied here
            for record in records
        ]

    async def _joined(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            placed = _Placed(alone=self._is_alone())
            consumer = AIOKafkaConsumer(
                **self._brokers.options(),
                group_id=None if placed.alone else self._group,
                enable_auto_commit=False,
                auto_offset_reset="none",
                request_timeout_ms=int(REQUEST_SECONDS * 1000),
                fetch_max_bytes=16 * 1024 * 1024,
            )
            try:
                await consumer.start()
                if placed.alone:
                    consumer.assign(await self._all(consumer))
                    placed.shared_out.set()
                else:
                    consumer.subscribe(self._topics, listener=placed)
            except BaseException:
                await consumer.stop()  # it leaks otherwise
                raise
            self._placed, self._consumer = placed, consumer
        return self._consumer

    def _is_alone(self) -> bool:
        return asyncio.get_running_loop().time() < self._alone_until

    async def _all(self, consumer: AIOKafkaConsumer) -> Sequence[TopicPartition]:
        topics = await described(consumer._client, self._topics)
        return [TopicPartition(topic.name, number) for topic in topics for number in topic.replicas]

    async def _lost(self, place: TopicPartition, offset: int) -> None:
        """Raises PositionLost, unless the topic was made again meanwhile, or the brokers do not say."""
        self._placed.look_at = 0.0
        consumer = self._consumer
        assert consumer is not None
        try:
            if await self._look(consumer) != self._placed.ids:
                await self._leave()
                return
            [first] = (await consumer.beginning_offsets([place])).values()
            [end] = (await consumer.end_offsets([place])).values()
        except (KafkaError, WrongTopic) as error:
            await self._trouble(error)
            return
        raise PositionLost(place.topic, place.partition, offset, goes_on=first if offset < first else end)

    async def _look(self, consumer: AIOKafkaConsumer) -> Mapping[str, UUID]:
        """The ids of the topics, asked for every few seconds."""
        now = asyncio.get_running_loop().time()
        if now < self._placed.look_at:
            return self._placed.ids
        topics = await described(consumer._client, self._topics)
        self._placed.look_at = now + SAME_TOPIC_SECONDS
        return {topic.name: topic.id for topic in topics}

    async def _place(self, consumer: AIOKafkaConsumer) -> None:
        """Moves what was assigned to where the follower stands.

        Not in the listener: what is raised there aiokafka passes over, and reads on from anywhere; and the
        group waits for the listener, a deadlock if that waits for a lock of ours.
        """
        placed = self._placed
        if not placed.shared_out.is_set():
            return
        ids = await self._look(consumer)
        if placed.ids and ids != placed.ids:
            # A topic was made again. Read by name, it would be read on in, past what it holds up to the
            # position; and a group that shared out its partitions while it was away has none for minutes.
            await self._leave()
            return
        placed.ids = ids
        for partition in consumer.assignment() - placed.partitions:
            assignment = placed.assignment
            offset = await self._start(partition.topic, partition.partition, ids[partition.topic])
            if assignment != placed.assignment:
                return  # taken away meanwhile: another reader may have read on
            consumer.seek(partition, offset)
            placed.partitions.add(partition)

    def assigned(self) -> Set[Position]:
        return {(place.topic, place.partition) for place in self._placed.partitions}

    def seek(self, topic: str, partition: int, offset: int) -> None:
        place = TopicPartition(topic, partition)
        if self._consumer is not None and place in self._placed.partitions:
            self._consumer.seek(place, offset)

    def restart(self) -> None:
        self._placed.partitions.clear()
        self._placed.look_at = 0.0

    async def ends(self) -> Mapping[Position, int]:
        if self._consumer is None:
            return {}
        try:
            ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        except KafkaError as error:
            logger.warning("log_not_read", topics=self._topics, error=repr(error))
            return {}
        return {(place.topic, place.partition): end for place, end in ends.items()}

    async def committed(self, offsets: Mapping[Position, int]) -> None:
        known = {TopicPartition(*place): offset for place, offset in offsets.items()}
        known = {place: offset for place, offset in known.items() if place in self._placed.partitions}
        if self._consumer is None or self._placed.alone or not known:
            return
        try:
            async with asyncio.timeout(HINT_SECONDS):
                await self._consumer.commit(known)
        except (KafkaError, IllegalStateError, TimeoutError) as error:
            logger.info("lag_not_told", group=self._group, error=repr(error))

    async def _trouble(self, error: Exception) -> None:
        logger.warning("log_not_read", topics=self._topics, group=self._group, error=repr(error))
        await self._leave()

    async def _leave(self) -> None:
        consumer, self._consumer, self._placed = self._consumer, None, _Placed()
        if consumer is None:
            return
        try:
            async with asyncio.timeout(STUCK_SECONDS):
                await consumer.stop()
        except asyncio.CancelledError:
            # While its fetching waits to try again, aiokafka lets out that it has cancelled that itself.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            await consumer._client.close()
        except (KafkaError, TimeoutError) as error:
            logger.warning("consumer_not_stopped", group=self._group, error=repr(error))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._leave()


class _Placed(ConsumerRebalanceListener):  # type: ignore[misc]
    """The assigned partitions that stand at the follower's position; `assignment` counts the sharings-out."""

    def __init__(self, alone: bool = False) -> None:
        self.alone = alone
        """Whether all partitions are read, in no group."""
        self.shared_out = asyncio.Event()
        self.assignment = 0
        self.partitions: set[TopicPartition] = set()
        self.ids: Mapping[str, UUID] = {}
        """Of the topics, as they were when the partitions were placed."""
        self.look_at = 0.0

    def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self.shared_out.clear()
        self.assignment += 1
        self.partitions.clear()
        self.look_at = 0.0

    def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self.shared_out.set()
