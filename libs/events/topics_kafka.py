"""The topics of the log on Kafka: made, looked at when a service starts, and told apart when made again.

48 partitions for ever, nothing deleted, nothing compacted, each acknowledged event on more than one broker
where there is more than one.

    WrongTopic              a topic is not there, or not as it must be: what only an operator can change
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Protocol
from uuid import UUID

import stamina
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    KafkaError,
    LeaderNotAvailableError,
    NoError,
    TopicAlreadyExistsError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    for_code,
)
from aiokafka.protocol.abstract import AbstractType
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from events.brokers import Brokers

PARTITIONS = 48
"""Of every topic, for ever: an alliance's partition is its key modulo this."""

KEPT_FOR_EVER = {
    "cleanup.policy": "delete",  # compaction would keep one event an alliance
    "retention.ms": "-1",  # what is deleted no new follower can read
    "retention.bytes": "-1",
    "unclean.leader.election.enable": "false",  # a replica that lags would drop what was acknowledged
}

_IN_SYNC = "min.insync.replicas"


class WrongTopic(Exception):
    """One sentence for an operator: which topic, which setting, what it is and what it must be."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What the brokers tell about a topic. `id` is another one once it was deleted and made again."""

    name: str
    id: UUID
    replicas: Mapping[int, int]
    """On how many brokers each partition lies."""


def in_sync(copies: int) -> int:
    """On how many of `copies` brokers an event lies before it is acknowledged; of three, one may be away."""
    return min(copies, 2)


async def create_topics(
    brokers: Brokers, topics: Sequence[str], *, copies: int, partitions: int = PARTITIONS
) -> None:
    """Makes the topics that are missing, on `copies` brokers each; raises WrongTopic, or KafkaError."""
    settings = KEPT_FOR_EVER | {_IN_SYNC: str(in_sync(copies))}
    admin = AIOKafkaAdminClient(**brokers.options())
    try:
        await admin.start()
        made = await admin.create_topics(
            [NewTopic(topic, partitions, copies, topic_configs=settings) for topic in topics]
        )
        for topic, code, *reason in made.topic_errors:
            if (error := for_code(code)) not in (NoError, TopicAlreadyExistsError):
                raise error(topic, *reason)
        async for attempt in stamina.retry_context(on=_NotYet, timeout=30, wait_initial=0.05, wait_max=1):
            with attempt:  # not every broker knows of a new topic at once
                await _check(admin, topics, copies, partitions)
    finally:
        await admin.close()


async def check_topics(
    brokers: Brokers, topics: Sequence[str], *, copies: int, partitions: int = PARTITIONS
) -> None:
    """Raises WrongTopic unless each topic is there, lies on at least `copies` brokers and keeps everything.

    Takes no more than the rights to describe topics and their settings. Raises KafkaError, or OSError, while
    no broker is reached.
    """
    admin = AIOKafkaAdminClient(**brokers.options())
    try:
        await admin.start()
        await _check(admin, topics, copies, partitions)
    finally:
        await admin.close()


class _NotYet(WrongTopic):
    """Not known to the broker that was asked."""


async def _check(admin: AIOKafkaAdminClient, topics: Sequence[str], copies: int, partitions: int) -> None:
    for topic in await described(admin._client, topics):
        if len(topic.replicas) != partitions:
            raise WrongTopic(
                f"The topic {topic.name} has {len(topic.replicas)} partitions, not {partitions}: an"
                " alliance's events would lie in two of them."
            )
        if (fewest := min(topic.replicas.values())) < copies:
            raise WrongTopic(
                f"The topic {topic.name} has too few replicas: {fewest}, not {copies}. Events would be lost"
                " with a broker's disk."
            )
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, topic, dict.fromkeys([*KEPT_FOR_EVER, _IN_SYNC]))
        for topic in topics
    ]
    for answer in await admin.describe_configs(resources):
        for code, _reason, _kind, topic, settings in answer.resources:
            _raise(topic, code, "DescribeConfigs")
            _check_settings(topic, {name: value for name, value, *_ in settings}, copies)


def _check_settings(topic: str, found: Mapping[str, str], copies: int) -> None:
    for name, wanted in KEPT_FOR_EVER.items():
        if found.get(name) != wanted:
            raise WrongTopic(
                f"The topic {topic} has {name}={found.get(name)}, not {wanted}: events would be lost."
            )
    if int(found[_IN_SYNC]) < in_sync(copies):
        raise WrongTopic(
            f"The topic {topic} has {_IN_SYNC}={found[_IN_SYNC]}, not {in_sync(copies)}: what is acknowledged"
            " could be on one broker alone."
        )


def _raise(topic: str, code: int, right: str) -> None:
    error = for_code(code)
    if error is NoError:
        return
    if error in (UnknownTopicOrPartitionError, LeaderNotAvailableError):
        raise _NotYet(f"The topic {topic} is not there: it has to be made first.")
    if error is TopicAuthorizationFailedError:
        raise WrongTopic(f"The topic {topic} may not be looked at by this user: grant it {right}.")
    raise error(topic)


class Client(Protocol):
    """As much of aiokafka's client as is needed here; it has no name for it that is public."""

    def get_random_node(self) -> int | None: ...

    async def send(self, node: int, request: "Request[Any]") -> Any: ...


async def described(client: Client, topics: Sequence[str]) -> Sequence[Topic]:
    """The topics; asking makes none. Raises WrongTopic for one that is missing, or KafkaError."""
    node = client.get_random_node()
    if node is None:
        raise KafkaError("no broker is known")
    answer = await client.send(node, _Describe(topics))
    found = []
    for code, name, id_, _internal, partitions, *_ in answer.topics:
        _raise(name, code, "Describe")
        found.append(
            Topic(name, id_, {number: len(replicas) for _, number, _, _, replicas, *_ in partitions})
        )
    return found


class _Id(AbstractType[UUID]):  # type: ignore[misc]
    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


class _Described(Response):  # type: ignore[misc]
    """Metadata, version 12 (https://kafka.apache.org/protocol): aiokafka's own version knows no ids."""

    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32),
                ("host", CompactString("utf-8")),
                ("port", Int32),
                ("rack", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("cluster_id", CompactString("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", CompactString("utf-8")),
                ("topic_id", _Id),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition_index", Int32),
                        ("leader_id", Int32),
                        ("leader_epoch", Int32),
                        ("replica_nodes", CompactArray(Int32)),
                        ("isr_nodes", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("topic_authorized_operations", Int32),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = _Described
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(("topic_id", _Id), ("name", CompactString("utf-8")), ("tags", TaggedFields)),
        ),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        ("tags", TaggedFields),
    )


class _Describe(Request[_DescribeStruct]):  # type: ignore[misc]
    API_KEY = 3

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_DescribeStruct]) -> _DescribeStruct:
        no_tags: dict[int, bytes] = {}
        asked = [(UUID(int=0), topic, no_tags) for topic in self._topics]
        return request_struct_class(asked, False, False, no_tags)
