"""The words of errors: language, texts, pointers."""

import pytest

from service.messages import MESSAGES
from service.problems import Catalogue, Message, language_of
from service.validation import pointer_of


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CA,en;q=0.5", "fr"),
        ("en;q=0.4, fr;q=0.8", "fr"),
        ("de, fr;q=0.2", "fr"),
        ("fr;q=0", "en"),
        ("*, fr;q=0.5", "en"),
        ("de", "en"),
        ("fr;q=nonsense", "en"),
        ("fr;q=nan", "en"),
        ("fr;q=7", "en"),
        (";;;,,,=", "en"),
    ],
)
def test_the_language_with_the_highest_quality_wins_and_english_is_the_default(
    header: str, language: str
) -> None:
    assert language_of(header) == language


def test_a_code_with_two_texts_ends_the_start() -> None:
    with pytest.raises(ValueError, match="not_found"):
        Catalogue(MESSAGES, {"not_found": Message("Gone.", "Parti.")})


def test_a_parameter_left_out_does_not_turn_an_error_into_another() -> None:
    assert Catalogue(MESSAGES).text("too_long", "en", {}) == "At most … characters."


def test_an_unknown_code_still_has_words() -> None:
    assert Catalogue(MESSAGES).text("never_heard_of", "fr", {}) == "La requête n’a pas été exécutée."


def test_every_text_of_the_foundation_takes_the_same_parameters_in_both_languages() -> None:
    class Seen(dict[str, str]):
        def __missing__(self, key: str) -> str:
            self[key] = key
            return key

    for code, message in MESSAGES.items():
        english, french = Seen(), Seen()
        message.en.format_map(english)
        message.fr.format_map(french)
        assert english == french, code
        assert message.en
        assert message.fr


@pytest.mark.parametrize(
    ("location", "body", "pointer"),
    [
        (("name",), {"name": 1}, "/name"),
        (("name",), {}, "/name"),
        (("lines", 1, "price"), {"lines": [{}, {}]}, "/lines/1/price"),
        (("terms", "tiered", "price"), {"terms": {"kind": "tiered", "price": 1}}, "/terms/price"),
        (("amount", "str"), {"amount": 1}, "/amount"),
        (("terms", "function-after[check(), Terms]"), {"terms": {}}, "/terms"),
        (("a/b", "c~d"), {"a/b": {"c~d": 1}}, "/a~1b/c~0d"),
        ((), 5, ""),
    ],
)
def test_a_pointer_names_a_place_that_the_body_has(
    location: tuple[object, ...], body: object, pointer: str
) -> None:
    assert pointer_of(location, body) == pointer
