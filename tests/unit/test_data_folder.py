"""A data folder says where the log between the services is, and neither form runs on the other's."""

from pathlib import Path

import pytest

from embedded.folder import CannotStart, LogKind, held


@pytest.mark.parametrize(
    ("kept", "wanted", "said"),
    [
        ("kafka", "embedded", "is on Kafka: run it with make run-kafka."),
        ("embedded", "kafka", "is the embedded one: move it to Kafka with alliance move-log"),
    ],
)
def test_a_folder_whose_log_is_elsewhere_is_refused_in_one_sentence(
    tmp_path: Path, kept: LogKind, wanted: LogKind, said: str
) -> None:
    with held(tmp_path / "data") as folder:
        assert folder.log is None
        folder.require_log_in(kept)
        folder.require_log_in(kept)
        with pytest.raises(CannotStart, match=said):
            folder.require_log_in(wanted)
        assert folder.log == kept


def test_a_folder_of_a_program_that_knew_no_other_log_has_the_embedded_one(tmp_path: Path) -> None:
    with held(tmp_path / "data") as folder:
        folder.postgres.mkdir()
        with pytest.raises(CannotStart, match="is the embedded one"):
            folder.require_log_in("kafka")
        folder.require_log_in("embedded")


def test_a_log_that_was_moved_stays_where_it_is(tmp_path: Path) -> None:
    with held(tmp_path / "data") as folder:
        folder.require_log_in("embedded")
        folder.keep_log_in("kafka")
    with held(tmp_path / "data") as folder:
        folder.require_log_in("kafka")
