"""What an operator may do to a Kafka topic by mistake."""

import stamina
from aiokafka.admin import AIOKafkaAdminClient

from events.brokers import Brokers


class _StillThere(Exception):
    """The topic is not gone yet."""


async def delete_topic(brokers: Brokers, topic: str) -> None:
    """Returns once it is gone and may be made anew."""
    admin = AIOKafkaAdminClient(**brokers.options())
    await admin.start()
    try:
        await admin.delete_topics([topic])
        async for attempt in stamina.retry_context(on=_StillThere, timeout=30, attempts=None, wait_max=0.2):
            with attempt:
                if topic in await admin.list_topics():
                    raise _StillThere
    finally:
        await admin.close()
