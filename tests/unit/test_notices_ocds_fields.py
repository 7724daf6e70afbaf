"""What is made of each field of a notice in OCDS, as publishers fill it."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from money import Money
from samples.notices import LYCEES, lycees, places, read, read_with, tender_of


class TestAmounts:
    @pytest.mark.parametrize(
        ("value", "amount", "code"),
        [
            ('{"amount": 193817.38999999999, "currency": "EUR"}', "193817.39", "amount_rounded"),
            ('{"amount": 0.1, "currency": "EUR"}', "0.10", None),
            ('{"amount": 3e6, "currency": "EUR"}', "3000000.00", None),
            ('{"amount": "3000000.00", "currency": "EUR"}', "3000000.00", "amount_text"),
            ('{"amount": 12, "currency": "eur"}', "12.00", "currency_case"),
            ('{"amount": "3 M€", "currency": "EUR"}', None, "amount_unreadable"),
            ('{"amount": true, "currency": "EUR"}', None, "amount_unreadable"),
            ('{"amount": null, "currency": "EUR"}', None, "amount_missing"),
            ('{"amount": 0, "currency": "EUR"}', None, "amount_zero"),
            ('{"amount": -1, "currency": "EUR"}', None, "amount_negative"),
            ('{"amount": 1e999999999, "currency": "EUR"}', None, "amount_out_of_range"),
            ('{"amount": 1e-999999999, "currency": "EUR"}', None, "amount_out_of_range"),
            ('{"amount": 1e99999999999999999999, "currency": "EUR"}', None, "number_out_of_range"),
            ('{"amount": 12, "currency": null}', None, "currency_missing"),
            ('{"amount": 12}', None, "currency_missing"),
            ('{"amount": 12, "currency": "euros"}', None, "currency_unknown"),
            ('{"amount": 12, "currency": ["EUR"]}', None, "currency_unknown"),
            ("12", None, "schema_type"),
        ],
    )
    def test_values_are_exact_or_absent_never_guessed(
        self, value: str, amount: str | None, code: str | None
    ) -> None:
        package = lycees()
        tender_of(package)["value"] = "VALUE"
        notice = read(json.dumps(package).replace('"VALUE"', value).encode())
        assert notice.value == (Money.of(amount, "EUR") if amount else None)
        found = {
            fault.code for fault in notice.warnings if fault.pointer.startswith("/releases/0/tender/value")
        }
        assert code in found if code else not found

    def test_no_amount_passes_through_a_binary_float(self) -> None:
        package = json.dumps(LYCEES).replace("3000000.0", "9007199254740.93", 1)
        notice = read(package.encode())
        assert notice.value is None or notice.value.amount == Decimal("9007199254740.93")
        smaller = read(json.dumps(LYCEES).replace("3000000.0", "900719925474.93", 1).encode())
        assert smaller.value == Money.of("900719925474.93", "EUR")


class TestDates:
    @pytest.mark.parametrize(
        ("text", "expected", "code"),
        [
            (
                "2025-02-28T12:00:00+01:00",
                datetime(2025, 2, 28, 12, tzinfo=timezone(timedelta(hours=1))),
                None,
            ),
            ("2025-02-28t12:00:00z", datetime(2025, 2, 28, 12, tzinfo=UTC), None),
            ("2025-02-28T12:00:00", datetime(2025, 2, 28, 12, tzinfo=UTC), "date_without_zone"),
            ("2025-02-28", datetime(2025, 2, 28, 23, 59, 59, tzinfo=UTC), "date_without_time"),
            ("28/02/2025", None, "date_unreadable"),
            ("2025-02-30T12:00:00Z", None, "date_unreadable"),
            ("0001-01-01T00:00:00+14:00", None, "date_unreadable"),
            ("9999-12-31T23:59:59-12:00", None, "date_unreadable"),
            ("", None, "date_unreadable"),
            (20250228, None, "date_unreadable"),
            (None, None, None),
        ],
    )
    def test_deadlines_have_a_time_zone_or_are_absent(
        self, text: Any, expected: Any, code: str | None
    ) -> None:
        notice = read_with(tenderPeriod={"endDate": text})
        assert notice.submission_deadline == expected
        assert code is None or ("/releases/0/tender/tenderPeriod/endDate", code) in places(notice.warnings)


class TestClassifications:
    @pytest.mark.parametrize(
        ("scheme", "id", "code", "check", "fault"),
        [
            ("CPV", "45214200", "45214200", None, None),
            ("CPV", "45214200-2", "45214200", "2", None),
            ("cpv", "45214200-2", "45214200", "2", None),
            ("CPV2008", "45214200.0", "45214200", None, "cpv_normalised"),
            ("CPV", "45214200 2", "45214200", "2", "cpv_normalised"),
            ("CPV", 45214200, "45214200", None, "cpv_normalised"),
            ("CPV", 3111000, "03111000", None, "cpv_normalised"),
        ],
    )
    def test_cpv_codes_are_eight_digits(
        self, scheme: str, id: Any, code: str, check: str | None, fault: str | None
    ) -> None:
        notice = read_with(items=[{"id": "1", "additionalClassifications": [{"scheme": scheme, "id": id}]}])
        (found,) = notice.classifications
        assert (found.scheme, found.code, found.check) == ("CPV", code, check)
        assert fault is None or fault in {warning.code for warning in notice.warnings}

    @pytest.mark.parametrize("id", ["4521", "travaux", True, None, {}])
    def test_what_is_no_cpv_code_is_left_out(self, id: Any) -> None:
        notice = read_with(items=[{"id": "1", "classification": {"scheme": "CPV", "id": id}}])
        assert notice.classifications == ()
        assert {"cpv_unreadable", "classification_incomplete"} & {fault.code for fault in notice.warnings}

    def test_codes_of_other_schemes_are_kept_by_scheme(self) -> None:
        codes = [
            {"scheme": "UNSPSC", "id": "72121400"},
            {"scheme": "CPV", "id": "45214200"},
            None,
            {"id": "1"},
        ]
        notice = read_with(items=[None, {"id": "1", "additionalClassifications": codes}])
        assert [(found.scheme, found.code) for found in notice.classifications] == [
            ("UNSPSC", "72121400"),
            ("CPV", "45214200"),
        ]

    def test_nuts_codes_are_told_from_names_of_regions(self) -> None:
        addresses = [{"region": region} for region in ("FRK26", "FRK2", "ROMA", "Île-de-France", "", None)]
        gazetteer = {"gazetteer": {"scheme": "NUTS", "identifiers": ["FRI"]}}
        notice = read_with(items=[{"id": "1", "deliveryAddresses": addresses, "deliveryLocation": gazetteer}])
        assert notice.nuts == ("FRK26", "FRK2", "FRI")
        assert notice.regions == ("ROMA", "Île-de-France")


class TestLots:
    def test_a_notice_without_lots_is_one_lot(self) -> None:
        notice = read_with(lots=[])
        assert [(lot.id, lot.title, lot.value) for lot in notice.lots] == [("1", notice.title, notice.value)]
        assert ("/releases/0/tender/lots", "lots_missing") in places(notice.warnings)

    def test_every_lot_has_an_identifier_of_its_own(self) -> None:
        notice = read_with(lots=[{"id": 1}, {"id": "1"}, {}, None, {"id": None, "title": "B"}])
        assert [lot.id for lot in notice.lots] == ["1", "2", "3", "4"]
        assert [lot.title for lot in notice.lots] == [notice.title] * 3 + ["B"]
        assert {"identifier_number", "lot_id_missing", "lot_id_repeated", "lot_title_missing"} <= {
            fault.code for fault in notice.warnings
        }


class TestBuyers:
    def buyer(self, **fields: Any) -> tuple[str, str | None, set[str]]:
        package = lycees()
        release = package["releases"][0]
        del release["buyer"]
        release.update(fields)
        notice = read(package)
        return notice.buyer.name, notice.buyer.id, {fault.code for fault in notice.warnings}

    def test_a_reference_is_looked_up_in_the_parties(self) -> None:
        name, identifier, faults = self.buyer(buyer={"id": "FR-SIRET-00000910000017"})
        assert (name, identifier, faults) == ("Région des Trois-Rives", "FR-SIRET-00000910000017", set())

    def test_without_a_reference_the_party_with_the_role_is_taken(self) -> None:
        name, identifier, faults = self.buyer()
        assert (name, identifier) == ("Région des Trois-Rives", "FR-SIRET-00000910000017")
        assert faults == {"buyer_from_parties"}

    def test_failing_a_buyer_the_procuring_entity_is_taken(self) -> None:
        tender = {**tender_of(LYCEES), "procuringEntity": {"id": 7, "name": "Service commun"}}
        name, identifier, faults = self.buyer(parties=[], tender=tender)
        assert (name, identifier) == ("Service commun", "7")
        assert {"buyer_from_procuring_entity", "identifier_number"} <= faults

    def test_an_inline_identifier_of_ocds_1_0_is_taken_with_its_scheme(self) -> None:
        buyer = {"name": "Ville", "identifier": {"scheme": "FR-SIRET", "id": "00000910000017"}}
        name, identifier, faults = self.buyer(buyer=buyer, parties=[])
        assert (name, identifier) == ("Ville", "FR-SIRET-00000910000017")
        assert {"buyer_inline", "schema_deprecated"} <= faults


class TestTexts:
    @pytest.mark.parametrize(
        ("written", "kept", "code"),
        [
            ("Deux lycées", "Deux lycées", None),
            ("  Deux\r\n\tlycées ", "Deux lycées", None),
            ("Deux\x00 lycées\x1b", "Deux lycées", "control_characters"),
            ("Deux \ud800lycées\u202e", "Deux lycées", "control_characters"),
            ("<p>Deux <b class='x'>lycées</b></p>", "Deux lycées", "markup"),
            ("Deux lyc&eacute;es &amp; un mur", "Deux lycées & un mur", "markup"),
            ("&lt;script&gt;Deux lycées", "Deux lycées", "markup"),
            ("Puissance < 36 kVA et > 3 kVA", "Puissance < 36 kVA et > 3 kVA", None),
            ("x" * 600, "x" * 500, "text_too_long"),
        ],
    )
    def test_titles_are_fit_to_keep_and_show(self, written: str, kept: str, code: str | None) -> None:
        notice = read_with(title=written)
        assert notice.title == kept
        assert places(notice.warnings) == ([("/releases/0/tender/title", code)] if code else [])
        notice.model_dump_json().encode()

    @pytest.mark.parametrize(
        "person",
        [
            "camille.aubepin@region-trois-rives.example",
            "marches@autre.example",
            "CAMILLE AUBÉPIN",
            "+33 1 99 00 12 34",
            "01 99 00 56 78",
            "tél. : 0199005678",
        ],
    )
    def test_people_are_taken_out_of_texts(self, person: str) -> None:
        notice = read_with(description=f"S'adresser à {person} avant le 14 février.")
        assert notice.description is not None
        assert person not in notice.description
        assert notice.description.endswith("avant le 14 février.")
        assert ("/releases/0/tender/description", "personal_data") in places(notice.warnings)

    def test_figures_are_not_taken_for_telephone_numbers(self) -> None:
        text = (
            "Marché 2025-0117, 3 000 000,00 EUR, 01/02/2025 au 28/02/2026, SIRET 00000910000017, 45214200-2"
        )
        assert read_with(description=text).description == text

    def test_a_translation_stands_in_for_a_missing_title(self) -> None:
        notice = read_with(title=None, title_en="Renovation of two schools")
        assert notice.title == "Renovation of two schools"
        assert ("/releases/0/tender/title_en", "translation_taken") in places(notice.warnings)

    def test_the_items_tell_what_is_asked_where_no_description_does(self) -> None:
        notice = read_with(description="")
        assert notice.description == (
            "Rénovation du lycée Hélène-Bourdal, Valmeraine\n"
            "Rénovation du lycée Antoine-Gravières, Port-Sélune"
        )

    def test_a_title_alone_tells_what_is_asked(self) -> None:
        package = lycees()
        package["releases"][0]["tender"] = {"id": "1", "title": "Adquisición de Scanner"}
        notice = read(package)
        assert notice.description is None
        assert ("/releases/0/tender/description", "description_missing") in places(notice.warnings)
