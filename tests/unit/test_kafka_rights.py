"""What each service's Kafka user is granted is what its service needs: held to the services themselves."""

from events.log import topic_of
from ledger.posting.rules import SOURCES
from members.app import DESCRIPTION as MEMBERS
from processes.rights import READS, Kind, Operation, rights
from purchasing.app import DESCRIPTION as PURCHASING
from tenders.app import DESCRIPTION as TENDERS


def test_each_service_may_read_whom_it_follows_and_itself() -> None:
    follows = {one.name: set(one.follows) for one in (MEMBERS, PURCHASING, TENDERS)} | {
        "ledger": set(SOURCES)
    }
    assert {service: set(sources) for service, sources in READS.items()} == follows
    for service, sources in follows.items():
        assert {
            right.name for right in rights() if (right.user, right.operation) == (service, Operation.READ)
        } >= {topic_of(source) for source in (service, *sources)}


def test_nobody_but_its_service_may_write_a_topic() -> None:
    writers = {
        (right.user, right.name)
        for right in rights()
        if right.kind is Kind.TOPIC and right.operation is Operation.WRITE
    }
    assert writers == {(service, topic_of(service)) for service in READS}
