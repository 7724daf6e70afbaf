"""Parts of a log in processes of their own: what they give, and what is wrong in them, in the log's order."""

from pathlib import Path

import pytest

from ledger.audit import replaying, spreading, verifying
from ledger.audit.checking import root_of_full
from ledger.audit.findings import DoesNotHold
from ledger.audit.folder import Folder, checkpoint_of
from ledger.audit.keys import KeyFile
from ledger.audit.replaying import Asked
from samples.logs import ALLIANCE, ORIGIN, event, history, note, opened, write
from tlog.checkpoints import Checkpoint
from tlog.merkle import HASH_BYTES
from tlog.tiles import WIDTH, tile_at


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a large log on two processors."""
    monkeypatch.setattr(spreading, "LITTLE", 0)
    monkeypatch.setattr(spreading, "PART", WIDTH)
    monkeypatch.setattr("os.cpu_count", lambda: 2)


def numbers() -> list[int]:
    return [1, 2]


def numbered(kept: list[int], part: range) -> tuple[list[int], range]:
    return kept, part


def test_each_part_is_worked_on_with_what_its_process_keeps() -> None:
    spans = spreading.parts(10, 3)
    assert spans == [range(4), range(4, 8), range(8, 10)]
    for count in (1, 2):
        with spreading.workers(10, numbers, processes=count) as pool:
            assert list(pool.each(numbered, spans)) == [([1, 2], span) for span in spans]


def test_each_process_has_as_many_parts_and_none_is_larger_than_one_may_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(spreading, "PART", 100)
    for size in (1, 199, 200, 201, 399, 1000):
        spans = spreading.parts(size, 2)
        assert [one for span in spans for one in span] == list(range(size))
        assert max(map(len, spans)) <= 100
        assert abs(sum(map(len, spans[::2])) - sum(map(len, spans[1::2]))) <= len(spans)


def test_a_signed_size_of_which_only_the_right_edge_is_there_is_found_at_once(tmp_path: Path) -> None:
    size, edge = 2**62, bytes(64 * HASH_BYTES)
    write(tmp_path, [])
    tile = tile_at(7, 0, size)
    (tmp_path / tile.path).parent.mkdir(parents=True)
    (tmp_path / tile.path).write_bytes(edge)
    (tmp_path / "checkpoint").write_bytes(note(Checkpoint(ORIGIN, size, root_of_full(edge))))
    folder = Folder(tmp_path)
    with pytest.raises(DoesNotHold) as caught:
        verifying.verify(folder, folder.keys)
    assert (caught.value.code, caught.value.at) == ("missing", "tile/entries/000")


def test_the_first_changed_entry_is_named_whichever_process_finds_one_first(
    processes: None, tmp_path: Path
) -> None:
    folder = Folder(write(tmp_path, history(2000)))
    assert verifying.verify(folder, folder.keys).checkpoint.size == 2000
    for number in (1500, 700, 300):
        path = tmp_path / f"tile/entries/{number // WIDTH:03d}"
        path.write_bytes(path.read_bytes().replace(b'"number":%d}' % number, b'"number":%d}' % (number + 1)))
        with pytest.raises(DoesNotHold) as caught:
            verifying.verify(folder, folder.keys)
        assert (caught.value.code, caught.value.entry) == ("changed_entry", number + 1)


def test_the_first_entry_that_cannot_be_replayed_is_named_too(processes: None, tmp_path: Path) -> None:
    log = [opened(), *(event("members", number) for number in range(1, 600))]
    folder = Folder(write(tmp_path, log))
    keys = KeyFile(alliance=ALLIANCE, company=None, keys={})
    with pytest.raises(DoesNotHold) as caught:
        replaying.replay(Asked(folder, checkpoint_of(folder.checkpoint), keys, 600))
    assert (caught.value.code, caught.value.entry) == ("unknown_type", 1)
