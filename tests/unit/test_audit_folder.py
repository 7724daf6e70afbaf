"""A log's folder: what is read from it, and what is none."""

import os
from pathlib import Path

import pytest

from ledger.audit.findings import DoesNotHold, Unusable
from ledger.audit.folder import Folder, checkpoint_of, entries_in, keys_of
from ledger.audit.tree import Tree
from samples.logs import KEY, files, history, write
from tlog.merkle import leaf_hash, root_of
from tlog.tiles import Tile, bundles_of, tiles_of

SIZES = (0, 1, 255, 256, 257, 300, 600)


@pytest.mark.parametrize("size", SIZES)
def test_a_folder_gives_back_the_entries_that_it_was_written_from(tmp_path: Path, size: int) -> None:
    entries = list(history(size))
    folder = Folder(write(tmp_path, entries))
    tree = Tree(checkpoint_of(folder.checkpoint), folder)
    assert list(tree.entries(range(size))) == entries
    for first, end in ((0, 10), (255, 257), (256, None), (250, 10_000), (size, None), (10_000, None), (5, 5)):
        assert list(tree.entries(range(size)[first:end])) == entries[first:end]
    checkpoint = checkpoint_of(folder.checkpoint)
    assert (checkpoint.size, checkpoint.root) == (size, root_of(map(leaf_hash, entries)))
    assert folder.keys == [KEY.verifier]


def test_the_sample_has_the_files_of_the_format_and_no_others(tmp_path: Path) -> None:
    for size in (0, 1, 256, 300, 65_536, 70_000):
        names = [name for name, _ in files(b"%d" % number for number in range(size))]
        tiles = [tile.path for tile in (*tiles_of(size), *bundles_of(size))]
        assert sorted(names) == sorted([*tiles, "keys", "checkpoint"])
        assert names[-1] == "checkpoint"


def _code(act) -> tuple[str, str]:
    with pytest.raises(DoesNotHold) as caught:
        act()
    return caught.value.code, caught.value.at


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    folder = Folder(write(tmp_path, history(300)))
    tile = Tile(None, 1, 44)
    (tmp_path / tile.path).unlink()
    tree = Tree(checkpoint_of(folder.checkpoint), folder)
    assert _code(lambda: list(tree.entries(range(300)))) == ("missing", "tile/entries/001.p/44")
    assert len(list(tree.entries(range(256)))) == 256
    os.mkfifo(tmp_path / tile.path)
    assert _code(lambda: folder.read(tile)) == ("missing", tile.path)
    with pytest.raises(Unusable):
        Folder(tmp_path / "nowhere")


def test_a_file_is_not_read_further_than_a_log_could_need(tmp_path: Path) -> None:
    folder = Folder(write(tmp_path, history(300)))
    for name, tile in (("tile/0/000", Tile(0, 0)), ("tile/entries/001.p/44", Tile(None, 1, 44))):
        with (tmp_path / name).open("r+b") as file:
            file.truncate(10_000_000_000)
        assert _code(lambda tile=tile: folder.read(tile)) == ("too_large", name)


@pytest.mark.parametrize("bundle", [b"", b"\x00", b"\x00\x05abc", b"\x00\x01a\x00\x01b\x00\x01c"])
def test_a_bundle_has_as_many_entries_as_it_is_wide(tmp_path: Path, bundle: bytes) -> None:
    folder = Folder(write(tmp_path, [b"a", b"b"]))
    (tmp_path / "tile/entries/000.p/2").write_bytes(bundle)
    tile = Tile(None, 0, 2)
    assert _code(lambda: entries_in(tile, folder.read(tile)))[1] == "tile/entries/000.p/2"


def test_what_is_no_checkpoint_and_what_are_no_keys_is_refused() -> None:
    assert _code(lambda: checkpoint_of(b"\x00nothing")) == ("malformed_checkpoint", "checkpoint")
    assert _code(lambda: keys_of(b"a key\n", "keys")) == ("malformed_keys", "keys")
    assert _code(lambda: keys_of(b"\xff", "keys")) == ("malformed_keys", "keys")
