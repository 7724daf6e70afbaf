"""`alliance documents`: made from the code, compared with what is kept, breaking nothing published."""

import json
from pathlib import Path

import pytest

from embedded.documents import made, publish


@pytest.fixture(scope="module")
def present() -> dict[str, str]:
    return made()


def test_everything_is_there_and_the_same_each_time(present: dict[str, str]) -> None:
    services = ("members", "purchasing", "tenders", "ledger")
    assert set(present) == {
        "permissions.md",
        *(f"openapi/{name}.json" for name in (*services, "alliance")),
        *(f"asyncapi/{name}.json" for name in services),
    }
    assert made() == present
    merged = json.loads(present["openapi/alliance.json"])
    assert all(path.split("/")[1] in services for path in merged["paths"])
    assert "| Grant | coordinator |" in present["permissions.md"]


def test_what_was_written_passes_the_check_and_a_change_does_not(tmp_path: Path) -> None:
    assert publish(tmp_path, check=False) == []
    assert publish(tmp_path, check=True) == []
    (tmp_path / "permissions.md").write_text("Anyone may do anything.")
    (tmp_path / "openapi" / "other.json").write_text("{}")
    (tmp_path / "asyncapi" / "ledger.json").unlink()
    assert [fault.split()[0] for fault in publish(tmp_path, check=True)] == [
        "asyncapi/ledger.json",
        "openapi/other.json",
        "permissions.md",
    ]


def test_what_breaks_a_published_event_is_neither_passed_nor_written_over(tmp_path: Path) -> None:
    publish(tmp_path, check=False)
    file = tmp_path / "asyncapi" / "members.json"
    published = json.loads(file.read_text())
    schema = published["components"]["schemas"]["alliance.members.alliance_founded.v1"]
    schema["properties"]["motto"] = {"type": "string"}
    kept = json.dumps(published)
    file.write_text(kept)
    for check in (True, False):
        faults = publish(tmp_path, check=check)
        assert "asyncapi/members.json: alliance.members.alliance_founded.v1/motto is gone" in faults
    assert file.read_text() == kept
