"""Which files in OCDS become notices, what is kept of their faults, and what is refused."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from money import Money
from samples.notices import LYCEES, file, lycees, places, publication, read, read_with
from tenders.notices import NoticeRefused
from tenders.notices.document import MOST_BYTES
from tenders.notices.faults import MOST_FAULTS

READ = (
    "lifecycle-01-planning",
    "lifecycle-02-tender",
    "lifecycle-03-tenderAmendment",
    "lifecycle-04-award",
    "lycees",
    "real-compiled-release-2",
    "real-record-package-1",
    "real-record-package_1.0",
    "real-record-package_linked-releases",
    "real-release-package_encoding-utf-8",
    "real-release-package_record-package",
)


def refusal(value: Any) -> list[tuple[str, str]]:
    with pytest.raises(NoticeRefused) as refused:
        publication(value)
    return places(refused.value.faults)


def contacts(value: Any, found: set[str] | None = None) -> set[str]:
    """Whatever a notice says of its contacts."""
    found = set() if found is None else found
    if isinstance(value, dict):
        found.update(str(said) for said in value.get("contactPoint", {}).values() if said)
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        contacts(inner, found)
    return found


class TestTheStorysTender:
    def test_it_gives_all_that_an_opportunity_needs(self) -> None:
        notice = read(LYCEES)
        assert notice.ocid == "ocds-trf001-2025-0117"
        assert notice.release_ids == ("ocds-trf001-2025-0117-01-tender",)
        assert (notice.buyer.name, notice.buyer.id) == ("Région des Trois-Rives", "FR-SIRET-00000910000017")
        assert notice.title == "Rénovation des lycées Hélène-Bourdal et Antoine-Gravières"
        assert notice.value == Money.of("3000000.00", "EUR")
        assert [(lot.id, lot.value) for lot in notice.lots] == [("1", Money.of("3000000.00", "EUR"))]
        assert notice.cpv == ("45214200",)
        assert notice.regions == ("Trois-Rives",)
        assert notice.submission_deadline == datetime(2025, 2, 28, 11, tzinfo=UTC)
        assert notice.enquiry_deadline == datetime(2025, 2, 14, 11, tzinfo=UTC)
        assert notice.published == notice.updated == datetime(2025, 1, 10, 8, tzinfo=UTC)
        assert (notice.tags, notice.status, notice.language) == (("tender",), "active", "fr")
        assert (notice.procurement_method, notice.procurement_category) == ("open", "works")

    def test_it_is_without_fault(self) -> None:
        assert read(LYCEES).warnings == ()

    def test_amounts_are_fixed_point_texts_in_json(self) -> None:
        assert read(LYCEES).model_dump(mode="json")["value"] == {"amount": "3000000.00", "currency": "EUR"}


class TestPublications:
    @pytest.mark.parametrize("name", READ)
    def test_every_file_with_a_tender_goes_in(self, name: str) -> None:
        notices = publication(file(name)).notices
        assert notices
        assert all(notice.title and notice.buyer.name and notice.lots for notice in notices)

    @pytest.mark.parametrize("name", READ)
    def test_nothing_said_of_a_contact_comes_out(self, name: str) -> None:
        said = contacts(json.loads(file(name)))
        answer = publication(file(name)).model_dump_json()
        assert not [secret for secret in said if secret in answer]

    def test_a_real_record_package_keeps_its_faults_as_warnings(self) -> None:
        notice = read(file("real-record-package-1"))
        assert notice.ocid == "ocds-07smqs-993235"
        assert notice.buyer.id == "INAH-195"
        assert notice.value is None
        tender = "/records/0/releases/0/tender"
        compiled = "/records/0/compiledRelease/tender"
        assert set(places(notice.warnings)) == {
            ("/_id", "schema_unknown_field"),
            (f"{tender}/submissionMethod/0", "schema_type"),
            (f"{compiled}/submissionMethod/0", "schema_type"),
            (f"{compiled}/value/amount", "amount_zero"),
            (f"{compiled}/value/currency", "currency_missing"),
            (f"{compiled}/lots", "lots_missing"),
            ("/records/0/compiledRelease/parties/1/address/region", "region_of_buyer"),
        }

    def test_real_releases_of_ocds_1_0_are_merged_and_keep_their_faults_as_warnings(self) -> None:
        notice = read(file("real-release-package_encoding-utf-8"))
        assert notice.release_ids == ("01", "02", "03")
        assert notice.published == datetime(2016, 1, 7, 6, tzinfo=UTC)
        assert notice.updated == datetime(2017, 6, 1, 6, tzinfo=UTC)
        assert (notice.buyer.name, notice.buyer.id) == ("SECRETARÍA DE FINANZAS", "GDF9712054NA")
        assert notice.value == Money.of("193817.39", "MXN")
        found = places(notice.warnings)
        assert ("/version", "schema_required") in found
        assert ("/releases/2/buyer/identifier", "buyer_inline") in found
        assert ("/releases/0/tender/tenderers/0/identifier", "schema_deprecated") in found
        assert ("/releases/0/awards/0/value/dateexchangeRate", "schema_unknown_field") in found

    def test_a_package_of_several_processes_gives_a_notice_each(self) -> None:
        found = publication(file("real-release-package_record-package"))
        assert [notice.ocid for notice in found.notices] == ["ocds-07smqs-993235", "ocds-07smqs-1542970"]
        assert found.refused == ()

    def test_a_process_of_which_nothing_can_be_made_does_not_keep_the_others_out(self) -> None:
        package = lycees()
        package["releases"] += [{"ocid": "ocds-trf001-other", "tag": ["contract"]}, 3, {"id": "nameless"}]
        found = publication(package)
        assert [notice.ocid for notice in found.notices] == ["ocds-trf001-2025-0117"]
        assert places(found.refused) == [
            ("/releases/2", "not_an_object"),
            ("/releases/3/ocid", "ocid_missing"),
            ("/releases/1/buyer", "buyer_missing"),
            ("/releases/1/tender", "tender_missing"),
        ]

    @pytest.mark.parametrize("shape", ["release", "record", "record of a compiled release"])
    def test_what_stands_alone_is_read_without_its_package(self, shape: str) -> None:
        release = lycees()["releases"][0]
        alone = {
            "release": release,
            "record": {"ocid": release["ocid"], "releases": [release]},
            "record of a compiled release": {"ocid": release["ocid"], "compiledRelease": release},
        }[shape]
        notice = read(alone)
        assert notice.title == read(LYCEES).title
        assert places(notice.warnings)[0] == ("", "package_missing")

    def test_the_compiled_release_goes_before_the_releases_and_is_filled_from_them(self) -> None:
        release = lycees()["releases"][0]
        compiled = {"ocid": release["ocid"], "tender": {**release["tender"], "title": "Titre consolidé"}}
        notice = read(
            {"records": [{"ocid": release["ocid"], "releases": [release], "compiledRelease": compiled}]}
        )
        assert notice.title == "Titre consolidé"
        assert notice.buyer.name == "Région des Trois-Rives"


class TestMerging:
    def later(self, **fields: Any) -> dict[str, Any]:
        """A package whose second release, put first, was published two days later with these fields."""
        package = lycees()
        first = package["releases"][0]
        second = {"ocid": first["ocid"], "id": "2", "date": "2025-01-12T09:00:00Z", "tag": ["tenderUpdate"]}
        package["releases"].insert(0, {**second, "initiationType": "tender", **fields})
        return package

    def test_the_latest_release_wins_and_earlier_ones_fill_what_it_lacks(self) -> None:
        notice = read(self.later(tender={"id": "2025-0117", "value": {"amount": 3100000}}))
        assert notice.value == Money.of("3100000.00", "EUR")
        assert notice.title == read(LYCEES).title
        assert notice.release_ids == ("ocds-trf001-2025-0117-01-tender", "2")
        assert notice.tags == ("tender", "tenderUpdate")

    def test_lots_are_merged_by_their_identifier(self) -> None:
        lots = [{"id": "1", "title": "Lot unique, corrigé"}, {"id": "2", "title": "Lot ajouté"}]
        notice = read(self.later(tender={"lots": lots}))
        assert [(lot.id, lot.title) for lot in notice.lots] == [
            ("1", "Lot unique, corrigé"),
            ("2", "Lot ajouté"),
        ]
        assert notice.lots[0].value == Money.of("3000000.00", "EUR")

    def test_null_takes_a_field_away(self) -> None:
        assert read(self.later(tender={"value": None})).value is None

    def test_a_release_without_a_date_counts_as_the_oldest(self) -> None:
        package = self.later(tender={"title": "Titre sans date"})
        del package["releases"][0]["date"]
        notice = read(package)
        assert notice.title == read(LYCEES).title
        assert ("/releases/0/date", "release_date_missing") in places(notice.warnings)


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("lifecycle-05-contract", ("/releases/0/tender", "tender_missing")),
            ("lifecycle-06-implementation", ("/releases/0/tender", "tender_missing")),
            ("real-release-package_1.0-2", ("/releases/0/buyer", "buyer_missing")),
            ("real-release-package_encoding-iso-8859-1", ("", "encoding_unreadable")),
            ("real-release-package_split", ("", "not_json")),
            ("real-versioned-release-2", ("/tender/title", "title_missing")),
        ],
    )
    def test_files_that_cannot_become_an_opportunity(self, name: str, expected: tuple[str, str]) -> None:
        assert expected in refusal(file(name))[:3]

    @pytest.mark.parametrize(
        ("raw", "code"),
        [
            (b"", "not_json"),
            (b"{", "not_json"),
            (b'{"ocid": "a",}', "not_json"),
            (b"null", "not_ocds"),
            (b"[]", "not_ocds"),
            (b'"text"', "not_ocds"),
            (b'{"a": 1}', "not_ocds"),
            (b'{"releases": {}}', "not_a_list"),
            (b'{"records": 3}', "not_a_list"),
            (b'{"releases": []}', "package_empty"),
            (b'{"records": []}', "package_empty"),
            (b"[" * 100_000, "too_deep"),
            (b"[" * 100 + b"]" * 100, "too_deep"),
            (b" " * (MOST_BYTES + 1), "too_large"),
            ("é".encode("latin-1"), "encoding_unreadable"),
        ],
    )
    def test_what_is_no_ocds_at_all(self, raw: bytes, code: str) -> None:
        assert code in [found for _, found in refusal(raw)]

    def test_all_that_is_missing_is_listed_at_once_and_where(self) -> None:
        package = lycees()
        release = package["releases"][0]
        del release["buyer"], release["parties"]
        release["tender"] = {"id": "2025-0117", "title": " "}
        assert refusal(package)[:3] == [
            ("/releases/0/buyer", "buyer_missing"),
            ("/releases/0/tender/title", "title_missing"),
            ("/releases/0/tender/description", "asked_missing"),
        ]

    def test_the_reasons_come_before_other_faults(self) -> None:
        package = lycees()
        del package["uri"], package["releases"][0]["ocid"]
        assert refusal(package) == [("/releases/0/ocid", "ocid_missing"), ("/uri", "schema_required")]

    def test_numbers_that_json_does_not_have_are_pointed_at(self) -> None:
        raw = json.dumps(LYCEES).replace("3000000.0", "NaN").encode()
        assert refusal(raw) == [
            ("/releases/0/tender/value/amount", "not_a_number"),
            ("/releases/0/tender/lots/0/value/amount", "not_a_number"),
        ]

    def test_a_record_that_only_links_to_its_releases(self) -> None:
        link = {"url": "https://a.example/1", "date": "2025-01-10T09:00:00Z", "tag": ["tender"]}
        assert refusal({"ocid": "a", "releases": [link]})[0] == ("", "releases_linked_only")


class TestSchema:
    def faults(self, package: dict[str, Any]) -> list[tuple[str, str]]:
        return places(read(package).warnings)

    def test_each_kind_of_fault_is_kept_with_its_place(self) -> None:
        package = lycees()
        package["extensions"] = "https://a.example/"
        package["version"] = "1.1.5"
        release = package["releases"][0]
        release["tag"] = []
        release["date"] = "10/01/2025"
        release["initiationType"] = "offer"
        del release["id"]
        release["tender"]["status"] = "open"
        release["tender"]["colour"] = "blue"
        release["tender"]["items"][1] = release["tender"]["items"][0]
        assert set(self.faults(package)) == {
            ("/extensions", "schema_type"),
            ("/version", "schema_pattern"),
            ("/version", "version_unknown"),
            ("/releases/0/id", "schema_required"),
            ("/releases/0/tag", "schema_minitems"),
            ("/releases/0/date", "schema_format"),
            ("/releases/0/date", "date_unreadable"),
            ("/releases/0/date", "release_date_missing"),
            ("/releases/0/initiationType", "schema_enum"),
            ("/releases/0/tender/status", "schema_enum"),
            ("/releases/0/tender/colour", "schema_unknown_field"),
            ("/releases/0/tender/items", "schema_uniqueitems"),
        }

    def test_translated_fields_are_known(self) -> None:
        assert read_with(title_en="Renovation of two schools").warnings == ()

    def test_what_a_message_tells_is_never_the_value(self) -> None:
        package = lycees()
        release = package["releases"][0]
        release["parties"][0]["contactPoint"]["name"] = ["Camille Aubépin"]
        release["parties"][0]["Camille Aubépin"] = 1
        release["tender"]["status"] = "Camille Aubépin"
        release["tender"]["procurementMethod"] = "camille.aubepin@region-trois-rives.example"
        notice = read(package)
        assert ("/releases/0/parties/0/?", "schema_unknown_field") in places(notice.warnings)
        assert "ubépin" not in notice.model_dump_json()
        assert "aubepin" not in notice.model_dump_json()

    def test_the_number_of_warnings_is_bounded_and_tells_how_many_are_left_out(self) -> None:
        notice = read_with(**{f"colour{number}": "blue" for number in range(MOST_FAULTS + 50)})
        assert len(notice.warnings) == MOST_FAULTS + 1
        assert notice.warnings[-1].code == "more_faults"
        assert "50" in notice.warnings[-1].message


class TestEncoding:
    def test_a_byte_order_mark_is_passed_over(self) -> None:
        notice = read(b"\xef\xbb\xbf" + json.dumps(LYCEES).encode())
        assert places(notice.warnings) == [("", "byte_order_mark")]

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
    def test_other_encodings_of_unicode_are_read(self, encoding: str) -> None:
        notice = read(json.dumps(LYCEES, ensure_ascii=False).encode(encoding))
        assert notice.title == read(LYCEES).title
        assert places(notice.warnings) == [("", "encoding_not_utf8")]

    def test_of_a_repeated_key_the_last_value_is_taken(self) -> None:
        raw = json.dumps(LYCEES).replace('"status": "active"', '"status": "planned", "status": "active"', 1)
        notice = read(raw.encode())
        assert notice.status == "active"
        assert places(notice.warnings) == [("/releases/0/tender/status", "key_repeated")]

    def test_a_number_of_a_million_digits_is_taken_as_absent(self) -> None:
        raw = json.dumps(LYCEES).replace("3000000.0", "9" * 1_000_000, 1).encode()
        notice = read(raw)
        assert notice.value is None
        assert ("/releases/0/tender/value/amount", "number_out_of_range") in places(notice.warnings)
