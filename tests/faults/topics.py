"""What the topics hold, read from their start: each event of a source and alliance, and what came again."""

from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256

from aiokafka import AIOKafkaConsumer, TopicPartition

from events.brokers import Brokers
from events.envelope import parse


@dataclass
class Line:
    """The events of one source, in one topic, of one alliance. `digests[n - 1]` is of the number n."""

    digests: list[bytes] = field(default_factory=list)
    repeated: int = 0
    """Events that came again with the same bytes: a relay may send twice."""
    faults: list[str] = field(default_factory=list)

    def add(self, sequence: int, digest: bytes) -> None:
        if sequence == len(self.digests) + 1:
            self.digests.append(digest)
        elif sequence > len(self.digests):
            self.faults.append(f"{sequence} comes after {len(self.digests)}")
        elif self.digests[sequence - 1] == digest:
            self.repeated += 1
        else:
            self.faults.append(f"{sequence} comes again with other bytes")


class Topics:
    """Reads on at each `read` from where it stopped."""

    def __init__(self, brokers: Brokers, topics: list[str]) -> None:
        self._brokers = brokers
        self._topics = topics
        self._at: dict[TopicPartition, int] = {}
        self.lines: dict[tuple[str, str, str], Line] = defaultdict(Line)
        """By topic, source and alliance."""

    async def read(self) -> None:
        """To the end as it is now."""
        consumer = AIOKafkaConsumer(**self._brokers.options(), auto_offset_reset="none")
        await consumer.start()
        try:
            places = [
                TopicPartition(topic, number)
                for topic in self._topics
                for number in await _partitions(consumer, topic)
            ]
            consumer.assign(places)
            for place in places:
                consumer.seek(place, self._at.setdefault(place, 0))
            ends = await consumer.end_offsets(places)
            while any(self._at[place] < end for place, end in ends.items()):
                for place, records in (await consumer.getmany(timeout_ms=200)).items():
                    for record in records:
                        self._add(place.topic, record.value)
                        self._at[place] = record.offset + 1
        finally:
            await consumer.stop()

    def _add(self, topic: str, body: bytes) -> None:
        head = parse(body)
        self.lines[topic, head.service, str(head.alliance)].add(head.sequence, sha256(body).digest())


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[int]:
    await consumer._client._wait_on_metadata(topic)
    return sorted(consumer.partitions_for_topic(topic))
