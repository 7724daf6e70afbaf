"""Topics on a real broker keep everything, or nobody starts on them."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from events.brokers import Brokers
from events.topics_kafka import KEPT_FOR_EVER, WrongTopic, check_topics, create_topics, described, in_sync
from rigs.kafka import Kafka

PARTITIONS = 3


@pytest.fixture
async def admin(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.servers)
    await admin.start()
    yield admin
    await admin.close()


@pytest.fixture
def name() -> str:
    return f"alliance.{uuid4().hex[:8]}"


async def settings_of(admin: AIOKafkaAdminClient, name: str) -> dict[str, str]:
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    [(_, _, _, _, settings)] = answer.resources
    return {key: value for key, value, *_ in settings}


async def test_topics_are_made_with_48_partitions_to_keep_everything(
    name: str, kafka: Kafka, admin: AIOKafkaAdminClient
) -> None:
    await create_topics(kafka.brokers, [name], copies=1)
    await create_topics(kafka.brokers, [name], copies=1)  # a second time changes nothing
    await check_topics(kafka.brokers, [name], copies=1)
    [topic] = await described(admin._client, [name])
    assert topic.replicas == dict.fromkeys(range(48), 1)
    settings = await settings_of(admin, name)
    assert settings["cleanup.policy"] == "delete"
    assert settings["retention.ms"] == settings["retention.bytes"] == "-1"
    assert settings["unclean.leader.election.enable"] == "false"
    assert settings["min.insync.replicas"] == "1"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("cleanup.policy", "compact"),
        ("cleanup.policy", "compact,delete"),
        ("retention.ms", "1000"),
        ("retention.bytes", "1000"),
        ("unclean.leader.election.enable", "true"),
    ],
)
async def test_a_topic_that_forgets_is_refused(
    name: str, kafka: Kafka, admin: AIOKafkaAdminClient, setting: str, value: str
) -> None:
    await admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=KEPT_FOR_EVER | {setting: value})])
    for look in (create_topics, check_topics):  # the first waits until the broker knows of it
        with pytest.raises(WrongTopic, match=f"{name} has {setting}={value}, not"):
            await look(kafka.brokers, [name], copies=1, partitions=PARTITIONS)


async def test_a_topic_with_another_number_of_partitions_is_refused(name: str, kafka: Kafka) -> None:
    await create_topics(kafka.brokers, [name], copies=1, partitions=PARTITIONS)
    with pytest.raises(WrongTopic, match=f"{name} has {PARTITIONS} partitions, not 48"):
        await check_topics(kafka.brokers, [name], copies=1)


async def test_a_topic_with_too_few_replicas_is_refused(name: str, kafka: Kafka) -> None:
    await create_topics(kafka.brokers, [name], copies=1, partitions=PARTITIONS)
    with pytest.raises(WrongTopic, match=f"{name} has too few replicas: 1, not 3"):
        await check_topics(kafka.brokers, [name], copies=3, partitions=PARTITIONS)


async def test_a_topic_that_acknowledges_what_lies_on_one_broker_of_several_is_refused(
    name: str, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create_topics(kafka.brokers, [name], copies=1, partitions=PARTITIONS)
    monkeypatch.setattr("events.topics_kafka.in_sync", lambda copies: 2)
    with pytest.raises(WrongTopic, match=r"min\.insync\.replicas=1, not 2"):
        await check_topics(kafka.brokers, [name], copies=1, partitions=PARTITIONS)


def test_of_several_copies_two_are_there_before_an_event_counts_as_written() -> None:
    assert [in_sync(copies) for copies in (1, 2, 3)] == [1, 2, 2]


async def test_a_topic_that_is_not_there_is_refused_and_not_made_by_looking(
    name: str, kafka: Kafka, admin: AIOKafkaAdminClient
) -> None:
    with pytest.raises(WrongTopic, match=f"The topic {name} is not there"):
        await check_topics(kafka.brokers, [name], copies=1)
    assert name not in await admin.list_topics()


async def test_a_topic_made_again_has_another_id(name: str, kafka: Kafka, admin: AIOKafkaAdminClient) -> None:
    await create_topics(kafka.brokers, [name], copies=1, partitions=PARTITIONS)
    [before] = await described(admin._client, [name])
    assert await described(admin._client, [name]) == [before]
    await admin.delete_topics([name])
    await create_topics(kafka.brokers, [name], copies=1, partitions=PARTITIONS)
    [after] = await described(admin._client, [name])
    assert after.id != before.id


async def test_brokers_that_are_not_there_are_no_wrong_topic(name: str) -> None:
    with pytest.raises(KafkaError):
        await check_topics(Brokers("127.0.0.1:1"), [name], copies=1)
