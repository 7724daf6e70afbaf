"""A digest says nothing without its salt, and cannot be met by other bytes."""

from uuid import UUID

import pytest

from service.documents import SALT_SIZE, digest, verify

ID = UUID(int=1)
SALT = bytes(range(SALT_SIZE))


def test_a_digest_is_met_by_its_own_salt_and_bytes_alone() -> None:
    claimed = digest(ID, SALT, b"minutes")
    assert verify(claimed, SALT, b"minutes")
    assert not verify(claimed, SALT, b"minutez")
    assert not verify(claimed, bytes(SALT_SIZE), b"minutes")


def test_a_salt_of_another_size_is_refused_since_its_end_could_pass_for_text() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        digest(ID, SALT[:-1], b"minutes")
