"""The sealed log over HTTP and as a folder: C2SP's formats to the byte, and nothing beyond the checkpoint."""

from dataclasses import dataclass
from gzip import decompress
from pathlib import Path

import httpx
import pytest

from events.errors import NotFound
from events.ids import AllianceId
from ledger.log.exporting import OtherLog, export
from rigs.product import Client, Founded, Product
from tlog.checkpoints import Checkpoint, Proof
from tlog.merkle import check_consistency, check_inclusion, leaf_hash, root
from tlog.notes import Note, Verifier, decoded
from tlog.tiles import Tile, bundle_of, entries_of, hashes_from, tiles_of


@dataclass(frozen=True)
class Published:
    """An alliance's log, read by a director."""

    founded: Founded
    reader: Client

    async def get(self, rest: str, status: int = 200, encoding: str = "identity") -> httpx.Response:
        path, headers = self.founded.path("ledger", rest), {"Accept-Encoding": encoding}
        answer = await self.reader.get(path, headers=headers)
        assert answer.status_code == status, answer.text
        return answer

    async def checkpoint(self) -> Checkpoint:
        keys = [Verifier.parse(key) for key in (await self.get("/log")).json()["keys"]]
        note = Note.parse((await self.get("/log/checkpoint")).content)
        assert set(note.times(keys)) == set(keys)
        return Checkpoint.parse(note.text)

    async def entries(self, size: int) -> list[bytes]:
        found: list[bytes] = []
        for number in range(size):
            answer = (await self.get(f"/entries/{number}")).json()
            found.append(decoded(answer["bytes"]))
        return found


@pytest.fixture(scope="module")
async def log(product: Product) -> Published:
    founded = await product.found(companies=3)
    await product.quiet()
    return Published(founded, founded.directors[0])


async def test_the_checkpoint_is_that_of_the_entries_under_the_keys_and_the_name_of_the_log(
    log: Published,
) -> None:
    checkpoint, shown = await log.checkpoint(), (await log.get("/log")).json()
    assert checkpoint.origin == shown["origin"]
    assert checkpoint.size == shown["checkpoint_size"] == shown["log_size"] > 5
    read = {tile: (await log.get(f"/log/{tile.path}")).content for tile in tiles_of(checkpoint.size)}
    assert root(checkpoint.size, hashes_from(read.__getitem__, checkpoint.size)) == checkpoint.root
    entries = await log.entries(checkpoint.size)
    assert read[Tile(0, 0, checkpoint.size)] == b"".join(leaf_hash(entry) for entry in entries)


async def test_tiles_are_the_same_for_ever_and_bundles_are_compressed_where_that_is_taken(
    log: Published,
) -> None:
    entries = await log.entries(3)
    for width in (1, 2, 3):
        answer = await log.get(f"/log/tile/0/000.p/{width}")
        assert answer.content == b"".join(leaf_hash(entry) for entry in entries[:width])
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "application/octet-stream"
    path = "/log/tile/entries/000.p/3"
    plain = await log.get(path)
    assert plain.content == bundle_of(entries)
    assert entries_of(plain.content) == entries
    assert "content-encoding" not in plain.headers
    request = log.reader.build_request(
        "GET", log.founded.path("ledger", path), headers={"Accept-Encoding": "gzip"}
    )
    answer = await log.reader.send(request, stream=True)
    raw = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["vary"]
    assert "Accept-Encoding" in plain.headers["vary"]
    assert len(raw) < len(plain.content)
    assert decompress(raw) == plain.content


@pytest.mark.parametrize(
    "path",
    [
        "0/001", "0/000", "1/000", "1/000.p/1", "0/000.p/0", "0/000.p/256", "0/000.p/200", "0/0", "00/000",
        "0/x000/000", "64/000", "entries/001", "entries/000", "0/000.p/01", "0/000.p/-1",
        "0/x009/x223/x372/x036/x854/x775/x807/000", "0/..%2f..%2fcheckpoint",
        "..%2f..%2f..%2fentries%2f0", "a",
    ],
)  # fmt: skip
async def test_a_tile_that_the_published_log_has_not_is_not_found(log: Published, path: str) -> None:
    answer = await log.get(f"/log/tile/{path}", 404)
    assert answer.json()["code"] in {"tile_unknown", "not_found"}


async def test_an_entry_is_proven_in_a_file_and_in_json_at_any_size(log: Published) -> None:
    checkpoint = await log.checkpoint()
    entries = await log.entries(checkpoint.size)
    for index, entry in enumerate(entries):
        proof = Proof.parse((await log.get(f"/log/proofs/{index}")).content)
        assert proof.index == index
        assert proof.check(entry) == checkpoint
        for size in (index + 1, checkpoint.size):
            shown = (await log.get(f"/log/proofs/inclusion?index={index}&size={size}")).json()
            assert decoded(shown["leaf_hash"]) == leaf_hash(entry)
            hashes = [decoded(one) for one in shown["hashes"]]
            check_inclusion(leaf_hash(entry), index, size, hashes, decoded(shown["root"]))
    assert decoded(shown["root"]) == checkpoint.root


async def test_every_size_begins_every_later_one(log: Published) -> None:
    size = (await log.checkpoint()).size
    for old in range(size + 1):
        shown = (await log.get(f"/log/proofs/consistency?old={old}")).json()
        hashes = [decoded(one) for one in shown["hashes"]]
        check_consistency(old, size, hashes, decoded(shown["old_root"]), decoded(shown["new_root"]))


async def test_nothing_is_proven_beyond_the_checkpoint(log: Published) -> None:
    size = (await log.checkpoint()).size
    for rest, status, code in (
        (f"/log/proofs/{size}", 404, "entry_unknown"),
        (f"/log/proofs/{2**63 - 1}", 404, "entry_unknown"),
        (f"/log/proofs/{2**63}", 422, "invalid_request"),
        ("/log/proofs/-1", 422, "invalid_request"),
        (f"/log/proofs/inclusion?index={size}", 404, "entry_unknown"),
        (f"/log/proofs/inclusion?index=0&size={size + 1}", 422, "size_beyond_log"),
        ("/log/proofs/inclusion?index=0&size=0", 404, "entry_unknown"),
        (f"/log/proofs/inclusion?index={2**63}", 422, "invalid_request"),
        ("/log/proofs/inclusion?index=-1", 422, "invalid_request"),
        ("/log/proofs/inclusion", 422, "invalid_request"),
        (f"/log/proofs/consistency?old={size + 1}", 422, "sizes_reversed"),
        (f"/log/proofs/consistency?old=0&new={size + 1}", 422, "size_beyond_log"),
        ("/log/proofs/consistency?old=2&new=1", 422, "sizes_reversed"),
        (f"/log/proofs/consistency?old={2**63}", 422, "invalid_request"),
    ):
        assert (await log.get(rest, status)).json()["code"] == code, rest


async def test_a_log_is_shown_to_nobody_outside_its_alliance(log: Published, product: Product) -> None:
    for rest in ("/log/checkpoint", "/log/tile/0/000.p/1", "/log/tile/entries/000.p/1", "/log/proofs/0"):
        path = log.founded.path("ledger", rest)
        assert (await product.anonymous.get(path)).status_code == 401
        assert (await product.as_("nobody-here").get(path)).status_code == 404


async def test_an_exported_folder_has_the_bytes_of_http_and_goes_on_where_it_was(
    log: Published, product: Product, tmp_path: Path
) -> None:
    store, alliance = product.services["ledger"].store, AllianceId(log.founded.id)

    async def exported() -> tuple[int, set[str]]:
        size = await export(store, alliance, tmp_path, lambda done, whole: None)
        files = {str(one.relative_to(tmp_path)) for one in tmp_path.rglob("*") if one.is_file()}
        for file in files - {"keys"}:
            assert (tmp_path / file).read_bytes() == (await log.get(f"/log/{file}")).content
        keys = (await log.get("/log")).json()["keys"]
        assert (tmp_path / "keys").read_text() == "".join(f"{key}\n" for key in keys)
        return size, files

    size, files = await exported()
    assert files == {"checkpoint", "keys", f"tile/0/000.p/{size}", f"tile/entries/000.p/{size}"}
    await product.grant(log.founded, "another", "auditor")
    await product.quiet()
    grown, files = await exported()
    assert grown > size
    assert files == {"checkpoint", "keys", f"tile/0/000.p/{grown}", f"tile/entries/000.p/{grown}"}
    with pytest.raises(NotFound):
        await export(store, AllianceId(log.founded.companies[0]), tmp_path, lambda done, whole: None)


async def test_an_export_that_is_cut_short_leaves_the_one_before_whole(
    log: Published, product: Product, tmp_path: Path
) -> None:
    store, alliance = product.services["ledger"].store, AllianceId(log.founded.id)
    await export(store, alliance, tmp_path, lambda done, whole: None)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    await product.grant(log.founded, "one-more", "auditor")
    await product.quiet()

    def cut_short(done: int, whole: int) -> None:
        if done == whole:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await export(store, alliance, tmp_path, cut_short)
    assert {file: file.read_bytes() for file in before} == before


async def test_a_log_is_exported_over_no_other_and_over_no_more_of_itself(
    log: Published, product: Product, tmp_path: Path
) -> None:
    store, another = product.services["ledger"].store, await product.found(companies=2)
    await product.quiet()
    await export(store, AllianceId(log.founded.id), tmp_path, lambda done, whole: None)
    checkpoint = tmp_path / "checkpoint"
    published, size = checkpoint.read_text(), (await log.checkpoint()).size
    with pytest.raises(OtherLog):
        await export(store, AllianceId(another.id), tmp_path, lambda done, whole: None)
    assert checkpoint.read_text() == published
    checkpoint.write_text(published.replace(f"\n{size}\n", f"\n{size + 1}\n"))
    with pytest.raises(OtherLog):
        await export(store, AllianceId(log.founded.id), tmp_path, lambda done, whole: None)
    # Tiles without a checkpoint may be anybody's.
    checkpoint.unlink()
    tile = tmp_path / f"tile/0/000.p/{size}"
    whole = tile.read_bytes()
    tile.write_bytes(bytes(len(whole)))
    await export(store, AllianceId(log.founded.id), tmp_path, lambda done, whole: None)
    assert tile.read_bytes() == whole


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip", True), ("br, GZIP;q=0.5", True), ("*", False), ("gzip;q=0", False), ("gzip; q=0.000", False)],
)
async def test_entries_are_packed_for_whom_it_suits(log: Published, accepted: str, packed: bool) -> None:
    answer = await log.get("/log/tile/entries/000.p/1", encoding=accepted)
    assert (answer.headers.get("content-encoding") == "gzip") == packed
