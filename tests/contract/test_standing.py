"""What the libraries know of members' events by wire name, held to what members publishes."""

from datetime import date
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from events.envelope import Event
from events.ids import AllianceId, PersonId
from members.app import REGISTRY
from members.charter.events import Terms
from members.membership.domain import STATUS_AFTER
from members.membership.events import NoticeGiven
from members.membership.reactions import CLEARED
from purchasing.clearing import events as purchasing_clearing
from purchasing.clearing import reactions as purchasing_reactions
from samples.charter import charter
from standing import Role, Standing, Status, Told, evolve
from standing.alliance import CARD, CHARTER, FOUNDED, GRANTED, STATUS_EVENTS, WITHDRAWN, Charter, Granted
from tenders.clearing import events as tenders_clearing
from tenders.clearing import reactions as tenders_reactions

ALLIANCE, COMPANY, DECISION = (AllianceId(uuid4()), uuid4(), uuid4())
DAY = date(2025, 1, 2)


def properties(wire_name: str) -> dict[str, Any]:
    """The fields that the published JSON Schema of an event requires."""
    schema = REGISTRY.classes[wire_name].model_json_schema(mode="serialization")
    return {name: schema["properties"][name] for name in schema.get("required", [])}


@pytest.mark.parametrize("wire_name", [*STATUS_EVENTS, CARD])
def test_every_event_of_a_membership_names_its_company(wire_name: str) -> None:
    assert properties(wire_name)["company"] == {"format": "uuid", "title": "Company", "type": "string"}


def test_every_change_of_status_is_known_and_means_the_same() -> None:
    published = {event.type: status for event, status in STATUS_AFTER.items()}
    assert published == STATUS_EVENTS


@pytest.mark.parametrize(
    "wire_name", ["alliance.members.founder_joined.v1", "alliance.members.company_applied.v1", CARD, FOUNDED]
)
def test_names_are_where_they_are_looked_for(wire_name: str) -> None:
    assert properties(wire_name)["name"]["type"] == "string"


@pytest.mark.parametrize("wire_name", [GRANTED, WITHDRAWN])
def test_a_role_has_the_fields_that_are_read(wire_name: str) -> None:
    assert properties(wire_name).keys() == Granted.model_fields.keys()


def test_a_charter_has_the_fields_that_are_read() -> None:
    assert properties(CHARTER).keys() >= {"version", "from_day", "terms"}
    assert Terms.model_fields.keys() >= Charter.model_fields.keys() - {"version", "from_day"}


@pytest.mark.parametrize(
    ("cleared", "asked_by"),
    [
        (purchasing_clearing.MemberCleared, purchasing_reactions.NOTICE_GIVEN),
        (tenders_clearing.MemberCleared, tenders_reactions.NOTICE_GIVEN),
    ],
)
def test_a_notice_and_its_answers_are_known_by_the_names_that_are_published(
    cleared: type[Event], asked_by: str
) -> None:
    assert asked_by == NoticeGiven.type
    assert cleared.type in CLEARED
    assert cleared.model_json_schema()["required"] == ["company", "notice"]


def test_the_standing_follows_published_events_through_a_membership() -> None:
    terms = Terms.model_validate(charter()).model_dump(mode="json")
    standing = told(None, FOUNDED, {"name": "Trois-Rives", "founder": "0" * 32})
    standing = told(
        standing,
        CHARTER,
        {"version": 1, "from_day": DAY.isoformat(), "terms": terms, "preamble": None, "decision": None},
    )
    standing = told(standing, "alliance.members.company_applied.v1", {"name": "Lumiel"})
    standing = told(standing, GRANTED, {"person": "a" * 32, "role": "director"})
    assert standing is not None
    assert standing.charter_on(DAY) is not None
    assert standing.roles_of(PersonId("a" * 32)) == ()  # it only applies
    for wire_name, status in STATUS_EVENTS.items():
        assert standing is not None
        standing = told(standing, wire_name, {"name": "Lumiel"})
        assert standing is not None
        assert standing.members[COMPANY].status is status
        assert standing.members[COMPANY].name == "Lumiel"
    standing = told(standing, WITHDRAWN, {"person": "a" * 32, "role": "director"})
    assert standing is not None
    assert standing.roles == ()


def told(standing: Standing | None, wire_name: str, data: dict[str, Any]) -> Standing | None:
    """Folds an event in, once its published class has taken the data."""
    kind = REGISTRY.classes[wire_name]
    full = {
        "company": str(COMPANY),
        "decision": str(DECISION),
        "until": "2025-04-16",
        "ends_on": "2025-12-29",
        "reason": {"document": str(uuid4()), "sha256": "0" * 64},
        **data,
    }
    event = kind.model_validate({name: full[name] for name in kind.model_fields})
    return evolve(standing, Told(ALLIANCE, 1, wire_name, DAY, event.model_dump(mode="json")))


def test_roles_and_statuses_are_those_that_members_publishes() -> None:
    role = REGISTRY.classes[GRANTED].model_fields["role"].annotation
    assert role is Role
    assert set(STATUS_EVENTS.values()) == set(Status)
    assert UUID in get_args(REGISTRY.classes[GRANTED].model_fields["company"].annotation)
