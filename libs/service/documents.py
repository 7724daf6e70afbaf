"""Free texts, evidence and notices: kept beside the events, so that they can be erased (architecture.md).

An event holds a `Digest` alone: the document's id and SHA-256(salt ‖ bytes). Erasing deletes the bytes and
the salt together; what remains in the event then says nothing, since without the salt no guess can be tried
against it. Every erasure leaves a row in `erasures`, which a restored backup replays: what was forgotten
stays forgotten.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    Executable,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
    cast,
    delete,
    select,
)
from sqlalchemy.dialects.postgresql import insert

from events.digest import Digest
from events.ids import AllianceId, CompanyId

SALT_SIZE: Final = 32
"""Bytes of salt: made at the edge, with the document's id."""


def digest(document: UUID, salt: bytes, body: bytes) -> Digest:
    """The digest of a document; raises ValueError for a salt of another size than `SALT_SIZE`."""
    if len(salt) != SALT_SIZE:
        raise ValueError(f"a salt has {SALT_SIZE} bytes")
    return Digest(document=document, sha256=hashlib.sha256(salt + body).hexdigest())


def verify(claimed: Digest, salt: bytes, body: bytes) -> bool:
    """Whether these are the salt and the bytes that the event spoke of."""
    return hmac.compare_digest(claimed.sha256, digest(claimed.document, salt, body).sha256)


class Documents:
    """The two tables in a service's metadata, and statements over them; the caller executes and commits."""

    def __init__(self, metadata: MetaData) -> None:
        self.documents = Table(
            "documents",
            metadata,
            Column("id", Uuid, primary_key=True),
            Column("alliance_id", Uuid, nullable=False, index=True),
            Column("owner", Uuid, nullable=True),
            Column("kind", Text, nullable=False),
            Column("salt", LargeBinary, nullable=False),
            Column("body", LargeBinary, nullable=False),
            Column("media_type", Text, nullable=False),
            Column("created_at", DateTime(timezone=True), nullable=False),
        )
        self.erasures = Table(
            "erasures",
            metadata,
            Column("subject", Text, primary_key=True),
            Column("at", DateTime(timezone=True), nullable=False),
        )

    def put(
        self,
        document: UUID,
        alliance: AllianceId,
        *,
        kind: str,
        body: bytes,
        salt: bytes,
        media_type: str,
        at: datetime,
        owner: CompanyId | None = None,
    ) -> tuple[Digest, Executable]:
        """The digest for the event, and the insert that belongs into the transaction which appends it."""
        row = {
            "id": document,
            "alliance_id": alliance,
            "owner": owner,
            "kind": kind,
            "salt": salt,
            "body": body,
            "media_type": media_type,
            "created_at": at,
        }
        return digest(document, salt, body), insert(self.documents).values(row)

    def read(self, alliance: AllianceId, document: UUID) -> Executable:
        """Selects the whole row, if it has not been erased."""
        table = self.documents
        return select(table).where(table.c.alliance_id == alliance, table.c.id == document)

    def erase(self, document: UUID, at: datetime) -> Sequence[Executable]:
        """Deletes bytes and salt, and notes it; a second time changes nothing."""
        return (
            delete(self.documents).where(self.documents.c.id == document),
            self.note(str(document), at),
        )

    def note(self, subject: str, at: datetime) -> Executable:
        """Notes that a document or a person, by id, was erased (the directory has a table of its own)."""
        return insert(self.erasures).values(subject=subject, at=at).on_conflict_do_nothing()

    def replay(self) -> Executable:
        """After a restore: deletes every document that the list of erasures names."""
        erased = select(self.erasures.c.subject)
        return delete(self.documents).where(cast(self.documents.c.id, Text).in_(erased))
