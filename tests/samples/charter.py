"""The first charter of the Alliance des Trois-Rives, as a founding sends it."""

from typing import Any


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def charter(**terms: Any) -> dict[str, Any]:
    """The charter, with `terms` in place of its own."""
    return {
        "currency": "EUR",
        "time_zone": "Europe/Paris",
        "hourly_rates": {
            "meeting": euros("40.00"),
            "administration": euros("40.00"),
            "coordination": euros("45.00"),
            "technician": euros("45.00"),
            "bid_preparation": euros("60.00"),
            "engineer": euros("70.00"),
        },
        "dues": [
            {"from_staff": 0, "amount": euros("300.00")},
            {"from_staff": 100, "amount": euros("500.00")},
            {"from_staff": 250, "amount": euros("800.00")},
        ],
        "pilot_phase": {"days": 90, "cap": euros("5000.00")},
        "tariffs": {"reference": euros("500.00")},
        "declaration_limit": euros("200.00"),
        "floor": {"threshold": euros("1000.00")},
        "coordinator_independent": False,
        **terms,
    }
