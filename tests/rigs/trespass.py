"""While an alliance is walked through: each call tried first with one thing wrong about who gives it, what it
is about or which version it is for, everything else being right, in the very state in which it will succeed.
"""

import re
from collections.abc import Iterator
from uuid import UUID, uuid4

from events.ids import AllianceId
from rigs.operations import Json
from rigs.walk import Call, Onlooker, Walk

OPEN_TO_STRANGERS = frozenset(
    {"members.found_alliance", "members.list_alliances", "members.read_me", "members.apply_for_membership"}
)
"""What anybody with a token may ask for. The reads show their caller its own and nothing else."""

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
STALE = '"4096"'


def with_other_ids(call: Call, other: Call) -> Iterator[tuple[str, Call]]:
    """The call with one id of the path or the body in place of its own: the other's, then one of nothing."""
    for name, own in call.ids.items():
        # The other alliance itself is no wrong place for these people: its things here are, and the reverse.
        foreign = () if name == "alliance" else (other.ids[name],)
        for wrong in (*foreign, "f" * 32 if len(own) == 32 else str(uuid4())):
            if wrong != own and not own.isdecimal():
                yield f"path {name}", call.changed(ids={**call.ids, name: wrong})
    if isinstance(call.body, dict):
        for pointer, body in _bodies(call.body, other.body):
            yield pointer, call.changed(body=body)


def _bodies(value: Json, other: Json, pointer: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict) and isinstance(other, dict):
        for name, inner in value.items():
            for place, changed in _bodies(inner, other.get(name), f"{pointer}/{name}"):
                yield place, {**value, name: changed}
    elif isinstance(value, list) and isinstance(other, list):
        for index, inner in enumerate(value[: len(other)]):
            for place, changed in _bodies(inner, other[index], f"{pointer}/{index}"):
                yield place, [*value[:index], changed, *value[index + 1 :]]
    elif isinstance(value, str) and _ID.search(value):
        yield pointer, _ID.sub(str(uuid4()), value)
        if isinstance(other, str) and value != other:
            yield pointer, other


class Trespasser(Onlooker):
    """`other` has been walked by the same people, who may do in either alliance what they may do here."""

    def __init__(self, other: Walk) -> None:
        self.other = other
        self.faults: list[str] = []
        self.refused: list[str] = []
        """`operation what`, of every attempt that was refused as it should be."""

    async def before(self, walk: Walk, call: Call) -> None:
        if not walk.founded:
            return
        operation = call.operation
        before = await self._recorded(walk, operation.service)
        if operation.name in self.other.calls:
            for what, wrong in with_other_ids(call, self.other.calls[operation.name]):
                await self._try(walk, wrong, what)
        if "if-match" in operation.parameters("header"):
            stale = call.changed(headers={**call.changed().headers, "If-Match": STALE})
            await self._try(walk, stale, "stale version", 412)
        if operation.name not in OPEN_TO_STRANGERS:
            await self._try(walk, call.changed(by="stranger"), "stranger", 404)
        if operation.records and operation.name not in OPEN_TO_STRANGERS:
            await self._try(walk, call.changed(by="auditor"), "auditor", 403)
            await self._try_as_assistant(walk, call)
        if operation.records and await self._recorded(walk, operation.service) != before:
            # From here on the walk is another than the one meant.
            raise AssertionError(f"{operation.name} was recorded:\n" + "\n".join(self.faults))

    async def _try_as_assistant(self, walk: Walk, call: Call) -> None:
        """A delegate of another company. What it may do, a dry run says; where there is none, nothing."""
        attempt = call.changed(by="assistant")
        if "dry_run" in call.operation.parameters("query"):
            dry = await walk.send(attempt.changed(query={**call.query, "dry_run": "true"}))
            if dry.is_success:
                return
        await self._try(walk, attempt, "assistant")

    async def _try(self, walk: Walk, wrong: Call, what: str, *expected: int) -> None:
        answer = await walk.send(wrong)
        faults = wrong.operation.faults_of(answer, *expected)
        self.faults += [f"{what}: {fault}" for fault in faults]
        if not faults:
            self.refused.append(f"{wrong.operation.name} {what}")

    async def _recorded(self, walk: Walk, service: str) -> list[int]:
        store = walk.product.services[service].store
        both = (walk.known["alliance"], self.other.known["alliance"])
        return [await store.last_sequence(AllianceId(UUID(alliance))) for alliance in both]
