"""The job that makes the topics and grants each service's Kafka user what it needs, before services start."""

from collections.abc import Mapping
from typing import Final

from aiokafka.errors import InvalidReplicationFactorError, KafkaError

from events.brokers import Contact, NotLetIn
from events.log import topic_of
from events.topics_kafka import WrongTopic, check_topics
from processes.faults import of_brokers
from processes.rights import READS, prepare_topics
from processes.users import make_users
from service.settings import TopicsSettings, load

PREFIX: Final = "TOPICS_"


async def run(*, check: bool) -> None:
    """As `alliance topics`. Ends the program with one sentence where a setting or a topic is wrong."""
    settings = load(TopicsSettings, PREFIX)
    try:
        brokers = settings.brokers()
    except ValueError as error:
        raise SystemExit(f"{PREFIX}{error}.") from None
    contact = Contact(brokers)
    try:
        await contact.require()
        if check:
            topics = [topic_of(service) for service in READS]
            await check_topics(brokers, topics, copies=settings.log_copies)
        else:
            await make_users(brokers, _passwords(settings))
            await prepare_topics(brokers, settings.log_copies)
    except NotLetIn as error:
        raise SystemExit(str(of_brokers(error, PREFIX))) from None
    except WrongTopic as error:
        raise SystemExit(f"{error} ({PREFIX}LOG_COPIES is {settings.log_copies})") from None
    except InvalidReplicationFactorError:
        raise SystemExit(
            f"There are fewer brokers than {PREFIX}LOG_COPIES, which is {settings.log_copies}."
        ) from None
    except (KafkaError, OSError, TimeoutError) as error:
        raise SystemExit(
            f"The brokers that {PREFIX}LOG_URL names do not do it: {type(error).__name__}."
        ) from None
    finally:
        contact.close()


def _passwords(settings: TopicsSettings) -> Mapping[str, str]:
    told = {service: getattr(settings, f"{service}_password") for service in READS}
    return {
        service: password.get_secret_value() for service, password in told.items() if password is not None
    }
