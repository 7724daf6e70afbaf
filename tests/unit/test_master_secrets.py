"""A new epoch adds a secret to those that are there: nothing that was sealed becomes unreadable by it."""

from pathlib import Path
from uuid import UUID

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from embedded.folder import CannotStart, InUse, held
from embedded.secrets import begin_epoch, load_or_make
from events.ids import AllianceId, CompanyId
from events.sealing import Masters
from processes.keys import rotate
from service.masters import Master, epochs

OLD, NEW = "ab" * 32, "CD" * 32
ALLIANCE, COMPANY = AllianceId(UUID(int=1)), CompanyId(UUID(int=2))


class Told(BaseModel):
    master: Master


def test_the_newest_of_several_secrets_seals_and_all_of_them_open() -> None:
    both = epochs(Told(master=SecretStr(f"{OLD}, {NEW}")).master)
    assert both == [bytes.fromhex(OLD), bytes.fromhex(NEW)]
    before, after = Masters(tuple(both[:1])), Masters(tuple(both))
    assert after.sealing(ALLIANCE, COMPANY) != before.sealing(ALLIANCE, COMPANY)
    [(fingerprint, key)] = before._keys(ALLIANCE, COMPANY)
    assert after.opening(ALLIANCE, COMPANY, fingerprint) == key


@pytest.mark.parametrize(
    "wrong",
    ["", "ab" * 31, "ab" * 33, "xy" * 32, f"{OLD},", f"{OLD},{OLD.upper()}", f"{OLD} {NEW}", f"{OLD};{NEW}"],
)
def test_what_is_no_secret_or_one_twice_is_refused_and_not_shown(wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Told(master=SecretStr(wrong))
    assert not wrong or wrong not in str(caught.value)


def test_a_folder_keeps_its_old_secrets_when_an_epoch_begins(tmp_path: Path) -> None:
    with held(tmp_path / "data") as folder:
        before = load_or_make(folder)
        file = folder.secrets / "sealing-ledger"
        file.chmod(0o444)  # as it is for containers
        assert begin_epoch(folder, "ledger") == 1
        after = load_or_make(folder)
        assert len(after.sealing["ledger"]) == 2
        assert after.sealing["ledger"][:1] == before.sealing["ledger"]
        assert {**after.sealing, "ledger": []} == {**before.sealing, "ledger": []}
        assert file.stat().st_mode & 0o777 == 0o444


def test_an_operator_begins_an_epoch_where_nothing_runs(tmp_path: Path) -> None:
    with held(tmp_path / "data") as folder:
        load_or_make(folder)
        with pytest.raises(InUse):
            rotate(tmp_path / "data", "members")
    assert rotate(tmp_path / "data", "members").startswith("members: epoch 1 begins with the next start")
    with held(tmp_path / "data") as folder:
        counts = {name: len(secrets) for name, secrets in load_or_make(folder).sealing.items()}
    assert counts == {"members": 2, "purchasing": 1, "tenders": 1, "ledger": 1}
    with pytest.raises(CannotStart, match="no data"):
        rotate(tmp_path / "elsewhere", "members")
    assert not (tmp_path / "elsewhere").exists()


def test_a_secret_that_has_no_epochs_is_one_value(tmp_path: Path) -> None:
    with held(tmp_path / "data") as folder:
        load_or_make(folder)
        (folder.secrets / "deployment").write_text(f"{OLD},{NEW}\n")
        with pytest.raises(CannotStart, match="damaged"):
            load_or_make(folder)
