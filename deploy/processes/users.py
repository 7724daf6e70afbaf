"""The services' users in Kafka: their names, and passwords of which the brokers keep SCRAM's proof alone."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import pbkdf2_hmac
from typing import Any, Final

import stamina
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

from events.brokers import Brokers, Contact, NotLetIn

_SCRAM_SHA_512: Final = 2
"""By Kafka's protocol (org.apache.kafka.clients.admin.ScramMechanism)."""

_ITERATIONS: Final = 8192
_SECONDS: Final = 30


async def make_users(brokers: Brokers, passwords: Mapping[str, str]) -> None:
    """Makes each user, or sets its password; returns once the brokers let it in. Raises KafkaError.

    `brokers` are reached as a user who may.
    """
    if not passwords:
        return
    admin = AIOKafkaAdminClient(**brokers.options())
    try:
        await admin.start()
        answer = await admin._send_to_controller(_Alter(passwords))
        for _user, code, reason, _ in answer.results:
            if (error := for_code(code)) is not NoError:
                raise error(reason)
    finally:
        await admin.close()
    for user, password in passwords.items():
        await _let_in(replace(brokers, user=user, password=password))


async def _let_in(brokers: Brokers) -> None:
    # Not every broker knows of a new user at once.
    async for attempt in stamina.retry_context(
        on=NotLetIn, attempts=None, timeout=_SECONDS, wait_initial=0.05, wait_max=1
    ):
        with attempt:
            contact = Contact(brokers)
            try:
                await contact.require()
            finally:
                contact.close()


class _Altered(Response):  # type: ignore[misc]
    """AlterUserScramCredentials, version 0 (https://kafka.apache.org/protocol), which aiokafka has not."""

    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString("utf-8")),
                ("error_code", Int16),
                ("error_message", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterStruct(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 51
    API_VERSION = 0
    RESPONSE_TYPE = _Altered
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(("name", CompactString("utf-8")), ("mechanism", Int8), ("tags", TaggedFields)),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString("utf-8")),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Alter(Request[_AlterStruct]):  # type: ignore[misc]
    API_KEY = 51

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = passwords

    def build(self, request_struct_class: type[_AlterStruct]) -> _AlterStruct:
        no_deletions: Sequence[object] = []
        upsertions = [_upsertion(user, password) for user, password in self._passwords.items()]
        return request_struct_class(no_deletions, upsertions, {})


def _upsertion(user: str, password: str) -> tuple[Any, ...]:
    salt = secrets.token_bytes(32)
    salted = pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)  # RFC 5802, 2.2: Hi()
    return user, _SCRAM_SHA_512, _ITERATIONS, salt, salted, {}
