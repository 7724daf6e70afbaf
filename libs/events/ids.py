"""The identifiers that every service shares."""

from typing import NewType
from uuid import UUID

AllianceId = NewType("AllianceId", UUID)
"""The tenant: every event belongs to exactly one alliance."""

CompanyId = NewType("CompanyId", UUID)
"""One company in one alliance: ids are per alliance, so that two alliances cannot be joined by them."""

PersonId = NewType("PersonId", str)
"""32 hexadecimal digits: HMAC-SHA256(secret of the deployment, issuer ‖ subject), cut to 128 bits."""

SYSTEM = PersonId("system")
"""The actor of what no person asked for: deadlines, reactions to other services' events."""

NO_ALLIANCE = AllianceId(UUID(int=0))
"""Founding has no alliance yet: it locks, and keeps its receipt, under the nil UUID."""
