"""Released posting rules are frozen: `tests/data/golden/<service>.json` says what each event posts.

A rule that posts something else is a new version of its event, never a change of these files.
"""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from events.envelope import Recorded
from events.ids import AllianceId, PersonId
from ledger.posting.rules import SOURCES, sources
from ledger.posting.shared import rules_of
from ledger.posting.transactions import Line, Reversal

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
KNOWN = sources()


def cases(service: str) -> list[dict[str, Any]]:
    file = GOLDEN / f"{service}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else []


CASES = [
    pytest.param(service, case, id=f"{service}: {case['case']}")
    for service in SOURCES
    for case in cases(service)
]


def recorded(service: str, case: dict[str, Any]) -> Recorded[Any]:
    return Recorded(
        id="0198c1f0-0000-7000-8000-00000000e001",
        service=service,
        alliance=AllianceId(UUID(int=1)),
        stream=case["stream"],
        version=1,
        sequence=1,
        time=datetime(2025, 7, 1, tzinfo=UTC),
        actor=PersonId("0" * 32),
        correlation="",
        causation=None,
        effective_on=date.fromisoformat(case["effective_on"]),
        charter_version=1,
        project=case["project"],
        event=KNOWN[service].registry.classes[case["type"]].model_validate(case["data"]),
    )


def written(line: Line | Reversal) -> dict[str, Any]:
    if isinstance(line, Reversal):
        return {"reverses": line.event_id}
    values: dict[str, Any] = {
        "side": line.side.value,
        "amount": f"{line.amount.amount:.{line.amount.currency.scale}f} {line.amount.currency}",
        "project": line.project,
        "member": line.member and str(line.member),
        "form": line.form and line.form.value,
        "nature": line.nature and line.nature.value,
        "debtor": line.debtor and str(line.debtor),
        "obligation": line.obligation and str(line.obligation),
        "due_on": line.due_on and line.due_on.isoformat(),
    }
    return {name: value for name, value in values.items() if value is not None}


@pytest.mark.parametrize(("service", "case"), CASES)
def test_an_event_posts_what_its_golden_file_says(service: str, case: dict[str, Any]) -> None:
    event = recorded(service, case)
    assert [written(line) for line in KNOWN[service].rules[type(event.event)](event)] == case["lines"]


@pytest.mark.parametrize("service", SOURCES)
def test_every_rule_has_a_golden_case(service: str) -> None:
    # The rules that services share are the same functions: the members service's cases stand for all.
    shared = set() if service == "members" else set(rules_of(service))
    frozen = {KNOWN[service].registry.classes[case["type"]] for case in cases(service)}
    assert set(KNOWN[service].rules) - shared <= frozen
