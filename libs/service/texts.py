"""Free texts that come with a command: digests for its events, rows for its transaction."""

import os
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Executable
from uuid_utils.compat import uuid7

from events.decision import Call
from events.digest import Digest
from events.ids import CompanyId
from events.store import Transaction
from service.documents import SALT_SIZE, Documents


class Texts:
    """The texts of one command. Give `store` as its `load`: a refusal or a dry run takes the rows back."""

    def __init__(self, documents: Documents, call: Call) -> None:
        self._documents = documents
        self._call = call
        self._puts: list[Callable[[UUID | None], tuple[Digest, Executable]]] = []

    def keep(self, kind: str, text: str, owner: UUID | None = None) -> Digest:
        """`kind` says what the text is (`reason`); `owner` whose it is, where it is one company's."""
        document, salt = uuid7(), os.urandom(SALT_SIZE)

        def put(whose: UUID | None) -> tuple[Digest, Executable]:
            return self._documents.put(
                document,
                self._call.alliance,
                kind=kind,
                body=text.encode(),
                salt=salt,
                media_type="text/plain; charset=utf-8",
                at=self._call.now,
                owner=CompanyId(whose) if whose else None,
            )

        self._puts.append(lambda concerned: put(owner or concerned))
        digest, _ = put(owner)
        return digest

    def keep_if(self, kind: str, text: str | None, owner: UUID | None = None) -> Digest | None:
        return None if text is None else self.keep(kind, text, owner)

    async def store(
        self, transaction: Transaction, state: Any, given: Any, concerned: UUID | None = None
    ) -> Any:
        """`concerned` owns what was kept without an owner: the state, read under the lock, may say who."""
        for put in self._puts:
            _, insert = put(concerned)
            await transaction.execute(insert)
        return given
