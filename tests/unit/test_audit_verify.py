"""`verify`: whatever is changed in a log's folder is found, and named."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from ledger.audit import checking, tree, verifying
from ledger.audit.checking import leaf_hashes
from ledger.audit.findings import DoesNotHold
from ledger.audit.folder import checkpoint_of
from ledger.audit.quorum import Quorum
from ledger.audit.verifying import Verified, verify
from samples.audit import Kept
from samples.logs import KEY, event, files, history, note, signer
from tlog.checkpoints import Checkpoint
from tlog.merkle import EMPTY
from tlog.notes import Kind
from tlog.tiles import Tile

SIZES = (1, 2, 255, 256, 257, 300, 512, 700)
WITNESSES = [signer(f"witness.example/w{number}", 10 + number, Kind.COSIGNATURE) for number in range(3)]


def short(size: int) -> list[bytes]:
    return [b"what entry %d says" % number for number in range(size)]


def kept(entries: Iterable[bytes], *signers: Any, **other: Any) -> Kept:
    return Kept(dict(files(entries, *signers, **other)))


def checked(folder: Kept, **other: Any) -> Verified:
    return verify(folder, tuple(folder.keys), **other)


def fault(folder: Kept, **other: Any) -> DoesNotHold:
    with pytest.raises(DoesNotHold) as caught:
        checked(folder, **other)
    return caught.value


@pytest.mark.parametrize("size", [0, *SIZES, 65_536, 70_000])
def test_a_log_that_nobody_touched_holds(size: int) -> None:
    found: list[int] = []
    verified = checked(kept(b"%d" % number for number in range(size)), done=found.append)
    assert verified.checkpoint.size == sum(found) == size
    assert list(verified.signed_by) == [KEY.verifier]


def test_every_single_changed_byte_of_every_file_is_found_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # Pure functions, remembered: what was not changed is not hashed again forty thousand times.
    for module, names in ((tree, ("check_tile", "check_bundle")), (verifying, ("signed", "cosigned"))):
        for name in names:
            monkeypatch.setattr(module, name, cache(getattr(module, name)))
    quorum = Quorum(tuple(witness.verifier for witness in WITNESSES), 3, "asked for")
    whole = dict(files(short(300), KEY, *WITNESSES))
    folder = Kept(dict(whole))
    checked(folder, quorum=quorum)
    entry_at = [
        number for number, entry in enumerate(short(300)) for _ in range(2 + len(entry))
    ]  # the entry that a byte of the bundles belongs to
    changes = 0
    for name, content in whole.items():
        for at in range(len(content)):
            changed = bytearray(content)
            changed[at] ^= 1 + at % 255
            folder.files[name] = bytes(changed)
            found = fault(folder, quorum=quorum)
            if name.startswith("tile/entries/"):
                first = 0 if name.endswith("000") else entry_at.index(256)
                assert found.entry == entry_at[first + at], (name, at)
                assert found.at == f"entry {found.entry}"
            else:
                assert found.at == name, (name, at)
            changes += 1
        folder.files[name] = content
    assert changes == sum(map(len, whole.values()))
    checked(folder, quorum=quorum)


@pytest.mark.parametrize("size", SIZES)
def test_every_missing_file_is_named(size: int) -> None:
    whole = dict(files(short(size)))
    for name in whole:
        found = fault(Kept({other: content for other, content in whole.items() if other != name}))
        assert (found.code, found.at) == ("missing", name)


@pytest.mark.parametrize("size", SIZES)
def test_every_file_that_is_cut_short_or_goes_on_is_named(size: int) -> None:
    whole = dict(files(short(size)))
    for name, content in whole.items():
        for other in (content[:-1], content[:-32], content[: len(content) // 2], b"", content + b"\x00" * 32):
            found = fault(Kept({**whole, name: other}))
            if name.startswith("tile/entries/") and found.entry is not None:
                assert found.entry // 256 == Tile.parse(name).index
            else:
                assert found.at == name


def test_a_log_that_lost_its_last_entries_is_not_the_one_that_was_signed() -> None:
    whole, cut = dict(files(short(300))), dict(files(short(299)))
    assert fault(Kept({**cut, "checkpoint": whole["checkpoint"]})).code == "missing"
    # Also where its files bear the names of the whole one's.
    forged = {name.replace(".p/43", ".p/44"): content for name, content in cut.items()}
    assert fault(Kept({**forged, "checkpoint": whole["checkpoint"]})).at == "tile/0/001.p/44"


@pytest.mark.parametrize("size", [301, 65_536, 2**32, 2**63 - 1])
def test_a_signed_size_beyond_what_is_there_is_found_at_once(size: int) -> None:
    log = kept(short(300))
    log.files["checkpoint"] = note(replace(checkpoint_of(log.checkpoint), size=size))
    assert fault(log).code == "missing"


@pytest.mark.parametrize("size", ["-1", str(2**63), "1e3", "0300", ""])
def test_what_is_no_size_is_no_checkpoint(size: str) -> None:
    log = kept(short(300))
    log.files["checkpoint"] = log.checkpoint.replace(b"\n300\n", f"\n{size}\n".encode())
    assert fault(log).code == "malformed_checkpoint"


@pytest.mark.parametrize("size", [2, 256, 300, 600])
def test_a_log_in_another_order_or_with_another_entry_is_not_the_one_that_was_signed(size: int) -> None:
    entries = short(size)
    signed = dict(files(entries))["checkpoint"]
    for other in (
        [entries[1], entries[0], *entries[2:]],
        [*entries[:-2], entries[-1], entries[-2]],
        [*entries[:-1], b"forged"],
        [b"forged", *entries[1:]],
    ):
        # All of it is made anew, tiles and all: only the root tells.
        whole = Kept({**dict(files(other)), "checkpoint": signed})
        found = fault(whole)
        assert found.code == "another_root"
        # With the tiles left as they were, the entry is named.
        bundles = {name: content for name, content in files(other) if name.startswith("tile/entries/")}
        changed = fault(Kept({**dict(files(entries)), **bundles}))
        at = next(number for number in range(size) if other[number] != entries[number])
        assert (changed.code, changed.entry) == ("changed_entry", at)


def test_a_log_that_another_key_signed_is_found() -> None:
    forger, stranger = signer(seed=2), signer("log.example/other", 3)
    forged = kept(short(300), forger)
    assert fault(forged).code == "unsigned"
    assert fault(kept(short(300), stranger)).code == "unsigned"
    # What the folder says of itself counts for nothing where the key is pinned.
    forged = kept(short(300), forger, keys=[forger.verifier])
    checked(forged)
    with pytest.raises(DoesNotHold) as caught:
        verify(forged, [KEY.verifier])
    assert caught.value.code == "unsigned"
    spoilt = kept(short(300))
    spoilt.files["keys"] = b"no keys\n"
    with pytest.raises(DoesNotHold, match="keys"):
        verify(spoilt, [KEY.verifier])
    assert str(KEY.verifier) in caught.value.expected
    # A key of another log signs nothing of this one, nor does a witness' key.
    other = kept(short(300), stranger, keys=[stranger.verifier])
    assert fault(other).code == "unsigned"
    witness = signer(kind=Kind.COSIGNATURE)
    assert fault(kept(short(300), witness, keys=[witness.verifier])).code == "unsigned"


def test_after_a_rotation_one_known_key_is_enough_and_a_wrong_signature_of_another_is_not() -> None:
    new = signer(seed=2)
    both = kept(short(300), KEY, new)
    assert list(checked(both).signed_by) == [KEY.verifier]
    lines = note(Checkpoint("log.example/other", 0, EMPTY), new).decode().split("\n\n")[1]
    both = kept(short(300), keys=[KEY.verifier, new.verifier])
    both.files["checkpoint"] += lines.encode()
    assert fault(both).code == "wrong_signature"


def test_a_replayed_old_checkpoint_is_behind_the_one_that_was_kept() -> None:
    old, new = kept(short(300)), kept(short(400))
    checked(new, since=old.checkpoint)
    checked(new, since=new.checkpoint)
    found = fault(old, since=new.checkpoint)
    assert (found.code, found.expected, found.found) == ("rolled_back", "400 entries at least", "300")


@pytest.mark.parametrize("size", [1, 255, 256, 257, 299, 300, 512, 513, 699, 700])
def test_a_fork_is_found_wherever_it_begins(size: int) -> None:
    entries = short(700)
    log = kept(entries)
    earlier = dict(files(entries[:size]))["checkpoint"]
    checked(log, since=earlier)
    for at in {0, size // 2, size - 1}:
        other = [*entries[:at], b"another", *entries[at + 1 : size]]
        found = fault(log, since=dict(files(other))["checkpoint"])
        assert (found.code, found.at) == ("forked", "checkpoint")


def test_a_checkpoint_from_before_must_be_this_logs_own() -> None:
    log = kept(short(300))
    assert fault(log, since=dict(files(short(200), signer(seed=2)))["checkpoint"]).code == "unsigned"
    other = signer("log.example/other", 3)
    foreign = dict(files(short(200), other, origin="log.example/other"))["checkpoint"]
    with pytest.raises(DoesNotHold) as caught:
        verify(log, [KEY.verifier, other.verifier], since=foreign)
    assert caught.value.code == "another_log"


def test_tiles_of_the_log_when_it_was_smaller_may_lie_there_and_must_agree() -> None:
    entries = short(700)
    log = kept(entries)
    earlier = dict(files(entries[:300]))
    both = Kept({**earlier, **log.files})
    assert len(both.files) > len(log.files)
    checked(both)
    for name in set(both.files) - set(log.files):
        changed = bytearray(both.files[name])
        changed[-1] ^= 1
        found = fault(Kept({**both.files, name: bytes(changed)}))
        assert found.at == name or found.at == "entry 299"


@pytest.mark.parametrize(
    "name",
    ["tile/0/001.p/45", "tile/0/001", "tile/0/002", "tile/1/000.p/2", "tile/2/000.p/1", "tile/entries/001",
     "tile/entries/001.p/200", "tile/entries/004.p/1"],
)  # fmt: skip
def test_a_tile_longer_than_the_tree_is_found(name: str) -> None:
    log = kept(short(300))
    larger = dict(files(short(70_000)))
    found = fault(Kept({**log.files, name: larger.get(name, b"x" * 32)}))
    assert (found.code, found.at) == ("beyond_log", name)


@pytest.mark.parametrize(
    "name", ["tile/0/00", "tile/0/000.part", "tile/0/000.p/256", "tile/x", "tile/00/000", "tile/entries/1"]
)
def test_a_file_that_no_log_has_is_found(name: str) -> None:
    assert (fault(Kept({**kept(short(300)).files, name: b""})).code) == "stray_file"


def test_a_fetch_under_way_may_have_gone_beyond_the_log_no_further_than_it_says() -> None:
    log, larger = kept(short(300)), dict(files(short(700)))
    full = {name: larger[name] for name in ("tile/0/001", "tile/entries/001")}
    assert fault(Kept({**log.files, **full})).code == "beyond_log"
    under_way = {**log.files, **full, "checkpoint.next": larger["checkpoint"]}
    checked(Kept(under_way))
    assert fault(Kept({**under_way, "tile/0/003": b""})).code == "beyond_log"
    unsigned = dict(files(short(700), signer(seed=2)))["checkpoint"]
    assert fault(Kept({**under_way, "checkpoint.next": unsigned})).at == "checkpoint.next"


def test_as_many_witnesses_must_have_signed_as_are_asked_for() -> None:
    keys = [witness.verifier for witness in WITNESSES]
    log = kept(short(5), KEY, *WITNESSES[:2])
    found = checked(log, quorum=Quorum(keys, 2, "asked for"))
    assert found.cosigned.times == dict.fromkeys(keys[:2], 1_750_000_000)
    missing = fault(log, quorum=Quorum(keys, 3, "asked for"))
    assert missing.code == "witnesses_missing"
    assert missing.found.startswith("2")
    # One who signs twice is one, and a log's own signature is none of a witness'.
    assert fault(kept(short(5), KEY, WITNESSES[0], WITNESSES[0]), quorum=Quorum(keys, 2, "")).code
    assert fault(kept(short(5)), quorum=Quorum(keys[:1], 1, "")).code == "witnesses_missing"


def test_one_witness_with_two_keys_or_two_names_is_one() -> None:
    again = signer(WITNESSES[0].verifier.name, 77, Kind.COSIGNATURE)
    renamed = signer("witness.example/other", 10, Kind.COSIGNATURE)
    for other in (again, renamed):
        keys = [WITNESSES[0].verifier, other.verifier]
        found = fault(kept(short(5), KEY, WITNESSES[0], other), quorum=Quorum(keys, 2, "asked for"))
        assert (found.code, found.found[:2]) == ("witnesses_missing", "1:")


def charter(version: int, from_day: str, number: int, sequence: int, *witnesses: Any) -> bytes:
    terms = {
        "time_zone": "Europe/Paris",
        "currency": "EUR",
        "witnesses": [str(one.verifier) for one in witnesses],
        "witness_quorum": number,
    }
    return event("members", sequence, "charter_put_in_force", version=version, from_day=from_day, terms=terms)


def test_the_charter_in_force_says_which_witnesses_must_have_signed() -> None:
    one, two, three = WITNESSES
    entries = [
        *history(1),
        charter(1, "2024-01-01", 0, 1),
        charter(2, "2025-01-02", 2, 2, one, two),
        charter(3, "2025-01-03", 1, 3, three),  # the last entry is of the day before
        event("members", 4),
    ]
    found = checked(kept(entries, KEY, one, two))
    assert found.cosigned.quorum == Quorum([one.verifier, two.verifier], 2, "charter version 2")
    assert set(found.cosigned.times) == {one.verifier, two.verifier}
    missing = fault(kept(entries, KEY, one, three))
    assert (missing.code, missing.at) == ("witnesses_missing", "checkpoint")
    # Who checks may ask for others, and a charter may name none.
    checked(kept(entries, KEY, three), quorum=Quorum([three.verifier], 1, "asked for"))
    assert checked(kept(entries[:2])).cosigned.quorum is None
    # What only speaks of a charter is none, and one is one however its type is spelt.
    checked(kept([*entries[:2], event("members", 2, text="alliance.members.charter_put_in_force.v1")]))
    checked(kept([b"\\u no event", *entries[:2]]))
    told = charter(4, "2025-01-01", 0, 1).replace(b"/members/", b"/tenders/")
    assert checked(kept([*entries, told], KEY, one, two)).cosigned == found.cosigned
    spelt = charter(2, "2025-01-02", 1, 2, one).replace(b'"alliance.', b'"\\u0061lliance.')
    assert fault(kept([*entries[:2], spelt])).code == "witnesses_missing"


def test_a_charter_that_cannot_be_read_does_not_pass_for_one_without_witnesses() -> None:
    spoilt = charter(2, "2025-01-02", 2, 2, *WITNESSES).replace(b'"version":2', b'"version":"two"')
    found = fault(kept([*history(1), charter(1, "2024-01-01", 0, 1), spoilt]))
    assert (found.code, found.entry) == ("malformed_entry", 2)


def test_a_bundle_of_a_million_empty_entries_is_told_without_hashing_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = kept(short(300))
    log.files["tile/entries/001.p/44"] = bytes(2_000_000)

    def hashed(entries: list[bytes]) -> bytes:
        assert len(entries) <= 256
        return leaf_hashes(entries)

    monkeypatch.setattr(checking, "leaf_hashes", hashed)
    assert fault(log).entry == 256
