"""Who may do what in Kafka: each service writes its own topic and reads what it consumes, and no more.

Its own topic it reads too: a service restored from a backup takes back from there what it had lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.admin import CreateAclsRequest

from events.brokers import Brokers
from events.log import topic_of
from events.topics_kafka import create_topics

READS: Final[Mapping[str, Sequence[str]]] = {
    "members": ("purchasing", "tenders"),
    "purchasing": ("members",),
    "tenders": ("members",),
    "ledger": ("members", "purchasing", "tenders"),
}
"""Service → the services whose events it applies; stated here so that granting need not import them all."""


class Kind(IntEnum):
    """Of a resource, by Kafka's protocol (org.apache.kafka.common.resource.ResourceType)."""

    TOPIC = 2
    GROUP = 3


class Operation(IntEnum):
    """By Kafka's protocol (org.apache.kafka.common.acl.AclOperation)."""

    READ = 3
    WRITE = 4
    DESCRIBE = 8
    DESCRIBE_CONFIGS = 10


_LITERAL: Final = 3
_ALLOW: Final = 3


@dataclass(frozen=True)
class Right:
    """A Kafka user has the name of its service."""

    user: str
    kind: Kind
    name: str
    operation: Operation


def rights() -> Iterator[Right]:
    for service, sources in READS.items():
        own = topic_of(service)
        yield Right(service, Kind.TOPIC, own, Operation.WRITE)
        yield Right(service, Kind.GROUP, service, Operation.READ)
        for topic in (own, *(topic_of(source) for source in sources)):
            for operation in (Operation.READ, Operation.DESCRIBE, Operation.DESCRIBE_CONFIGS):
                yield Right(service, Kind.TOPIC, topic, operation)


async def prepare_topics(brokers: Brokers, copies: int) -> None:
    """Makes the topics that are missing and grants what is missing. Raises WrongTopic or KafkaError."""
    await create_topics(brokers, [topic_of(service) for service in READS], copies=copies)
    await grant(brokers)


async def grant(brokers: Brokers) -> None:
    """Grants what is missing; `brokers` are reached as a user who may. Raises KafkaError."""
    admin = AIOKafkaAdminClient(**brokers.options())
    try:
        await admin.start()
        for right in rights():
            answer = await admin._send_to_controller(
                CreateAclsRequest(
                    right.kind,
                    right.name,
                    _LITERAL,
                    f"User:{right.user}",
                    "*",
                    right.operation,
                    _ALLOW,
                )
            )
            for code, reason in answer.creation_responses:
                if (error := for_code(code)) is not NoError:
                    raise error(reason)
    finally:
        await admin.close()
