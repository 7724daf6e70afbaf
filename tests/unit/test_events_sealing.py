"""Sealed figures: what they hide, and what cannot be done with them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.exceptions import InvalidTag
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError

from events.envelope import Event, plain
from events.ids import AllianceId, CompanyId
from events.sealing import Confidential, Masters, Seal, SealedFigure, open_figures
from money import Money
from rigs.counting import price

US = AllianceId(UUID(int=1))
OWNER = CompanyId(UUID(int=2))
RING = Masters((b"m" * 32,))
EVENT = "018f0000-0000-7000-8000-000000000001"


def sealed(figure: Any = "12.34", path: str = "/price", *, event: str = EVENT, owner: UUID = OWNER) -> Any:
    return Seal(RING, US, event).close(owner, path, figure)


def opened(data: Any, **options: Any) -> Any:
    options = {"alliance": US, "event_id": EVENT, "keyring": RING, **options}
    return open_figures(data, **options)


def test_the_owner_finds_its_figure_beside_the_seal() -> None:
    data = {"price": sealed("12.34"), "lines": [{"volume": sealed(7, "/lines/0/volume")}]}
    found = opened(data)
    assert found["price"]["open"] == "12.34"
    assert found["lines"][0]["volume"]["open"] == 7
    assert found["price"]["sealed"] == data["price"]["sealed"]
    assert "open" not in data["price"]


@pytest.mark.parametrize(
    ("data", "options"),
    [
        ({"other": sealed()}, {}),
        ({"price": sealed()}, {"event_id": str(uuid4())}),
        ({"price": sealed(owner=UUID(int=3)) | {"owner": str(OWNER), "key": sealed()["key"]}}, {}),
        ({"price": sealed(event=str(uuid4()))}, {}),
    ],
    ids=["another field", "another event", "another owner", "from another event"],
)
def test_a_figure_moved_elsewhere_does_not_open(data: Any, options: Any) -> None:
    with pytest.raises(InvalidTag):
        opened(data, **options)


@pytest.mark.parametrize("place", [0, 12, -1])
def test_one_changed_bit_is_noticed(place: int) -> None:
    figure = sealed()
    raw = bytearray(urlsafe_b64decode(figure["sealed"]))
    raw[place] ^= 1
    with pytest.raises(InvalidTag):
        opened({"price": figure | {"sealed": urlsafe_b64encode(raw).decode()}})


def test_a_short_and_a_long_price_look_alike() -> None:
    lengths = {len(sealed(figure)["sealed"]) for figure in ("1", "9.99", "1234567890.12")}
    assert len(lengths) == 1
    assert len(sealed("x" * 63)["sealed"]) > lengths.pop()


def test_the_same_figure_never_looks_the_same_twice() -> None:
    assert sealed()["sealed"] != sealed()["sealed"]


def test_the_fingerprint_names_the_key_that_opens() -> None:
    key = RING.opening(US, OWNER, sealed()["key"])
    assert key is not None
    assert key == RING.sealing(US, OWNER)
    assert sealed()["key"] == sha256(key).hexdigest()


def test_each_company_alliance_and_epoch_has_a_key_of_its_own() -> None:
    two = Masters((b"m" * 32, b"m" * 32))
    keys = {
        RING.sealing(US, OWNER),
        RING.sealing(US, CompanyId(UUID(int=9))),
        RING.sealing(AllianceId(UUID(int=9)), OWNER),
        two.sealing(US, OWNER),
        Masters((b"n" * 32,)).sealing(US, OWNER),
    }
    assert len(keys) == 5


def test_an_old_epoch_still_opens_and_the_new_one_seals() -> None:
    renewed = Masters((b"m" * 32, b"n" * 32))
    assert opened({"price": sealed()}, keyring=renewed)["price"]["open"] == "12.34"
    fresh = Seal(renewed, US, EVENT).close(OWNER, "/price", "1.00")
    assert "open" not in opened({"price": fresh})["price"]


def test_who_may_not_read_gets_the_seal_alone() -> None:
    data = {"mine": sealed("1", "/mine"), "theirs": sealed("2", "/theirs", owner=UUID(int=3))}
    found = opened(data, may_read=lambda owner: owner == OWNER)
    assert found["mine"]["open"] == "1"
    assert found["theirs"] == data["theirs"]


def test_what_stands_open_beside_a_seal_is_shown_to_nobody() -> None:
    data = {"price": sealed("12.34") | {"open": "99.99"}}
    assert opened(data)["price"]["open"] == "12.34"
    assert "open" not in opened(data, keyring=Masters((b"n" * 32,)))["price"]


def test_without_the_key_there_is_no_value() -> None:
    figure = Confidential[Money].model_validate(sealed())
    with pytest.raises(SealedFigure) as raised:
        _ = figure.value
    assert str(raised.value) == str(OWNER)
    with pytest.raises(ValidationError):
        Confidential[Money](owner=OWNER)


class Paid(Event, type="alliance.tiny.paid.v1"):
    price: Confidential[Money]


class Anything(BaseModel):
    held: Any


def test_a_figure_is_never_dumped_or_printed_in_the_clear() -> None:
    figure = price("4711.00")
    with pytest.raises(PydanticSerializationError):
        figure.model_dump_json()
    with pytest.raises(PydanticSerializationError):
        Paid(price=figure).model_dump()
    # Where the annotation does not tell that there is a figure inside: refused, not written in the clear.
    with pytest.raises(PydanticSerializationError):
        plain(Anything(held=figure), Seal(RING, US, EVENT))
    assert "4711" not in repr(Paid(price=figure))
    assert "4711" not in str(plain(Paid(price=figure), Seal(RING, US, EVENT)))


def test_what_is_published_is_the_sealed_shape() -> None:
    schema = Paid.model_json_schema()["$defs"]["Confidential_Money_"]
    assert set(schema["properties"]) == {"owner", "key", "sealed"}
    assert schema["x-sealed"] == {"$ref": "#/$defs/Money"}
