"""Memberships: every step from every status, cards and leaving, without any server."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from events.decision import Placed
from events.envelope import Event
from events.errors import AllianceError, Invalid, Refused
from members.alliance.events import RoleGranted
from members.charter.events import Terms
from members.decision.domain import Decision
from members.decision.events import Matter, Outcome
from members.membership import domain
from members.membership.card import (
    checked_activity_code,
    checked_siren,
    checked_siret,
    checked_vat_number,
)
from members.membership.domain import MEMBER, Basis, Membership, Notice
from samples.charter import charter
from samples.standing import CALLER, FOUNDED_ON, given, recorded
from service.documents import digest
from standing import PRESENT, Status

COMPANY, DECISION = uuid4(), uuid4()
DAY = date(2025, 9, 30)
TEXT = digest(uuid4(), b"0" * 32, b"A text")


def passed(matter: Matter) -> Basis:
    decision = Decision(matter, COMPANY, None, frozenset(), outcome=Outcome.PASSED, closed_on=FOUNDED_ON)
    return Basis(decision, Terms.model_validate(charter()))


COMMANDS: dict[str, tuple[Any, Any, frozenset[Status], Status]] = {
    "apply again": (domain.ApplyAgain(COMPANY), None, domain.GONE, Status.APPLIED),
    "admit": (
        domain.Admit(COMPANY, DECISION),
        passed(Matter.ADMIT_TO_PILOT),
        frozenset({Status.APPLIED}),
        Status.PILOT,
    ),
    "reject": (
        domain.Reject(COMPANY, DECISION),
        passed(Matter.REJECT),
        frozenset({Status.APPLIED}),
        Status.REJECTED,
    ),
    "activate": (
        domain.Activate(COMPANY, DECISION),
        passed(Matter.ACTIVATE),
        frozenset({Status.PILOT}),
        Status.ACTIVE,
    ),
    "expel": (domain.Expel(COMPANY, DECISION), passed(Matter.EXPEL), PRESENT, Status.EXPELLED),
    "suspend": (domain.Suspend(COMPANY, TEXT), None, frozenset({Status.ACTIVE}), Status.SUSPENDED),
    "reinstate": (domain.Reinstate(COMPANY), None, frozenset({Status.SUSPENDED}), Status.ACTIVE),
    "give notice": (domain.GiveNotice(COMPANY), None, PRESENT - {Status.NOTICE}, Status.NOTICE),
}


def run(member: Membership | None, command: object, more: Any = None, **changes: Any) -> list[Event]:
    caller = given([COMPANY], effective_on=DAY, **changes).with_more(more)
    decided = MEMBER.decide(member, command, caller, caller.now)
    return [one.event if isinstance(one, Placed) else one for one in decided]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("status", list(Status))
def test_each_step_is_taken_from_the_statuses_that_allow_it_and_no_other(name: str, status: Status) -> None:
    command, more, statuses, after = COMMANDS[name]
    member = Membership("Lumiel", status)
    if status in statuses:
        (event,) = run(member, command, more)
        assert MEMBER.evolve(member, recorded(event)).status is after
    else:
        with pytest.raises(Refused) as error:
            run(member, command, more)
        assert error.value.code == "status_forbids"


def test_an_applicant_becomes_director_and_a_coordinator_does_not() -> None:
    command = domain.Apply(COMPANY, "Lumiel", CALLER)
    assert [type(event).__name__ for event in run(None, command)] == ["CompanyApplied"]
    _, granted = run(None, command, role="auditor")
    assert granted == RoleGranted(person=CALLER, role="director", company=COMPANY)


def test_one_application_at_a_time() -> None:
    with pytest.raises(Refused) as error:
        run(
            None,
            domain.Apply(uuid4(), "Another", CALLER),
            role="director",
            company=COMPANY,
            status=Status.APPLIED,
        )
    assert error.value.code == "application_pending"


def test_a_decision_is_carried_out_once() -> None:
    member = Membership("Lumiel", Status.APPLIED, used=frozenset({DECISION}))
    with pytest.raises(Refused) as error:
        run(member, domain.Admit(COMPANY, DECISION), passed(Matter.ADMIT_TO_PILOT))
    assert error.value.code == "decision_carried_out_already"


def test_the_pilot_phase_and_the_notice_end_when_the_charter_says() -> None:
    (admitted,) = run(
        Membership("Lumiel", Status.APPLIED),
        domain.Admit(COMPANY, DECISION),
        passed(Matter.ADMIT_TO_PILOT),
    )
    assert admitted.until == date(2025, 12, 29)  # type: ignore[attr-defined]
    (noticed,) = run(Membership("Bocagel", Status.ACTIVE), domain.GiveNotice(COMPANY), notice_days=30)
    assert noticed.ends_on == date(2025, 10, 30)  # type: ignore[attr-defined]


def on_notice(*cleared: str, ends_on: date = DAY) -> Membership:
    return Membership("Bocagel", Status.NOTICE, Notice(uuid4(), ends_on, frozenset(cleared)))


@pytest.mark.parametrize(
    ("member", "owing", "reasons"),
    [
        (on_notice("purchasing", "tenders"), False, []),
        (on_notice("purchasing", "tenders", ends_on=date(2025, 10, 1)), False, ["notice_running"]),
        (on_notice("purchasing"), False, ["open_in_tenders"]),
        (on_notice("tenders"), False, ["open_in_purchasing"]),
        (on_notice("purchasing", "tenders"), True, ["obligations_open"]),
        (
            on_notice(ends_on=date(2025, 12, 29)),
            True,
            ["notice_running", "open_in_purchasing", "open_in_tenders", "obligations_open"],
        ),
    ],
)
def test_leaving_waits_for_notice_services_and_debts_and_says_for_which(
    member: Membership, owing: bool, reasons: list[str]
) -> None:
    assert domain.waiting_for(member, DAY, owing=owing) == reasons
    if not reasons:
        (event,) = run(member, domain.Leave(COMPANY), owing)
        assert MEMBER.evolve(member, recorded(event)).status is Status.LEFT
        return
    with pytest.raises(Refused) as error:
        run(member, domain.Leave(COMPANY), owing)
    assert error.value.parameters["reasons"] == ", ".join(reasons)


def test_a_clearance_counts_for_its_own_notice_and_once() -> None:
    member = on_notice()
    assert member.notice is not None
    command = domain.NoteClearance(COMPANY, member.notice.id, "tenders")
    (noted,) = run(member, command)
    cleared = MEMBER.evolve(member, recorded(noted))
    assert cleared.notice is not None
    assert cleared.notice.cleared == {"tenders"}
    assert run(cleared, command) == []
    assert run(member, domain.NoteClearance(COMPANY, uuid4(), "tenders")) == []
    assert run(Membership("Bocagel", Status.LEFT), command) == []


SIREN = "000002121"


@pytest.mark.parametrize(
    "siren", ["000001008", "000001073", "000001149", "000001214", "000001636", "000 002 055", SIREN]
)
def test_a_siren_with_its_check_digit_is_accepted_spaces_or_not(siren: str) -> None:
    assert checked_siren(siren) == siren.replace(" ", "")


@pytest.mark.parametrize("siren", ["000001637", "00000163", "0000016360", "SIREN", "", "٠٠٠٠٠١٦٣٦"])
def test_any_other_siren_is_refused(siren: str) -> None:
    with pytest.raises(Invalid) as error:
        checked_siren(siren)
    assert (error.value.code, error.value.pointer) == ("siren_wrong", "/siren")


@pytest.mark.parametrize(
    ("vat_number", "siren"),
    [("FR29000001008", "000001008"), ("FR00000001354", "000001354"), ("fr 70 000002121", SIREN)],
)
def test_a_vat_number_is_the_key_and_the_siren(vat_number: str, siren: str) -> None:
    assert checked_vat_number(vat_number, siren) == vat_number.upper().replace(" ", "")


@pytest.mark.parametrize(
    ("check", "typed", "code"),
    [
        (checked_siret, "00000212100018", "siret_wrong"),
        (checked_siret, "00000100800010", "siret_of_other_siren"),
        (checked_vat_number, "FR71000002121", "vat_number_wrong"),
        (checked_vat_number, "DE129273398", "vat_number_wrong"),
        (checked_vat_number, "FR29000001008", "vat_number_of_other_siren"),
    ],
)
def test_siret_and_vat_number_belong_to_the_siren(check: Any, typed: str, code: str) -> None:
    assert checked_siret("000 002 121 00010", SIREN) == "00000212100010"
    with pytest.raises(AllianceError) as error:
        check(typed, SIREN)
    assert error.value.code == code


def test_an_activity_code_is_written_as_insee_does() -> None:
    assert checked_activity_code("2732z") == "27.32Z"
    for wrong in ("27.32", "27-32Z", "27.32ZZ", "٢7.32Z"):
        with pytest.raises(Invalid):
            checked_activity_code(wrong)


def test_an_identity_is_kept_for_ever() -> None:
    member: Membership | None = None
    for event in (
        *run(None, domain.Apply(COMPANY, "Lumiel", CALLER)),
        *run(Membership("Lumiel", Status.APPLIED), domain.Reject(COMPANY, DECISION), passed(Matter.REJECT)),
    ):
        member = MEMBER.evolve(member, recorded(event))
    assert member is not None
    (again,) = run(member, domain.ApplyAgain(COMPANY))
    member = MEMBER.evolve(member, recorded(again))
    assert (member.name, member.status) == ("Lumiel", Status.APPLIED)
    assert member.used == {DECISION}
