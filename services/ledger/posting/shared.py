"""Rules for what all source services publish alike: who owes whom, and hours and means declared."""

from collections.abc import Sequence
from typing import Any, Final

import declarations.events as given
import obligations.events as owing
from events.envelope import Recorded
from ledger.posting.transactions import Form, Line, Nature, Reversal, Rules, contributed, owed
from money import Money, half_even, interest
from obligations.events import Reason

FORMS: Final = {"members": Form.OFFICERS, "purchasing": Form.PURCHASING, "tenders": Form.TENDERS}
"""What prefinancing counts as, by the service in which it was owed."""

_FORMS: Final = {form.value: form for form in Form}
_NATURES: Final = {nature.value: nature for nature in Nature}
"""Looked up, where calling the enumeration took a third of the whole rule."""


def rules_of(service: str) -> Rules:
    """The rules for the shared events of one service, by the classes under its wire names."""
    owes, gives = owing.vocabulary(service), given.vocabulary(service)
    return {
        owes.incurred: incurred,
        owes.payment_attested: payment_attested,
        owes.cancelled: cancelled,
        gives.declared: declared,
        gives.attested: attested,
        gives.arbitrated: arbitrated,
        gives.reversed: reversed_,
    }


def incurred(recorded: Recorded[owing.Incurred]) -> Sequence[Line]:
    event = recorded.event
    return [
        owed(
            event.obligation,
            creditor=event.creditor,
            debtor=event.debtor,
            project=recorded.project,
            amount=event.amount,
            due_on=event.due_on,
        )
    ]


def cancelled(recorded: Recorded[owing.Cancelled]) -> Sequence[Line]:
    return [_no_longer_owed(recorded)]


def payment_attested(recorded: Recorded[owing.PaymentAttested]) -> Sequence[Line]:
    """Dues count when they are paid; what was prefinanced, for the days until it is."""
    event = recorded.event
    lines = [_no_longer_owed(recorded)]
    if event.reason is Reason.DUES and event.debtor is not None:
        lines.append(contributed(event.debtor, Form.DUES, recorded.project, Nature.CASH, event.amount))
    if event.money_rate is not None and event.creditor is not None:
        amount, days = event.amount, (recorded.effective_on - event.incurred_on).days
        exact = interest(amount.amount, days, event.money_rate)
        lent = Money.of(half_even(exact, amount.currency.scale), amount.currency)
        if lent.amount:
            form = FORMS[recorded.service]
            lines.append(contributed(event.creditor, form, recorded.project, Nature.CASH, lent))
    return lines


def _no_longer_owed(recorded: Recorded[Any]) -> Line:
    event: owing.Between = recorded.event
    return owed(
        event.obligation,
        creditor=event.creditor,
        debtor=event.debtor,
        project=recorded.project,
        amount=-event.amount,
    )


def declared(recorded: Recorded[given.Declared]) -> Sequence[Line]:
    """Posts where the declaration is enough; else its attestation does, or its arbitration."""
    event = recorded.event
    return [_gave(recorded, event.work.value.value)] if event.counts else []


def attested(recorded: Recorded[given.Attested]) -> Sequence[Line]:
    return [_gave(recorded, recorded.event.value.value)]


def arbitrated(recorded: Recorded[given.Arbitrated]) -> Sequence[Line]:
    value = recorded.event.work.value.value
    return [_gave(recorded, value)] if value.amount else []


def reversed_(recorded: Recorded[given.Reversed]) -> Sequence[Line | Reversal]:
    event_id = recorded.event.event
    return [] if event_id is None else [Reversal(event_id)]


def _gave(recorded: Recorded[Any], value: Money) -> Line:
    event: given.Contribution = recorded.event
    return contributed(event.company, _FORMS[event.form], recorded.project, _NATURES[event.nature], value)
