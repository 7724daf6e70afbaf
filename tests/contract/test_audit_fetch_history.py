"""`fetch` again: a log goes on from what was kept of it, under the keys kept then, or is found out."""

from pathlib import Path

import pytest

from rigs.fetching import TILE, fault, fetched, is_in_trouble, lying_in
from rigs.files import Asked, Files
from samples.logs import KEY, event, files, history, signer

pytestmark = pytest.mark.usefixtures("no_pauses")


def test_a_log_that_is_shorter_than_before_is_found(served: Files, tmp_path: Path) -> None:
    fetched(served, tmp_path)
    served.files = dict(files(history(299)))
    found = fault(served, tmp_path)
    assert (found["code"], found["expected"], found["found"]) == (
        "rolled_back",
        "300 entries at least",
        "299",
    )
    assert found["at"] == f"{served.url}/checkpoint"


def forked(size: int, at: int) -> dict[str, bytes]:
    entries = list(history(size))
    entries[at] = entries[at].replace(b'"data":{', b'"data":{"forged":true,')
    return dict(files(entries))


@pytest.mark.parametrize(("size", "at"), [(300, 0), (300, 299), (700, 0), (700, 255), (700, 299)])
def test_a_fork_of_what_was_kept_is_found_before_anything_is_overwritten(
    served: Files, tmp_path: Path, size: int, at: int
) -> None:
    fetched(served, tmp_path)
    before = lying_in(tmp_path)
    served.files = forked(size, at)
    found = fault(served, tmp_path)
    assert (found["code"], found["at"]) == ("forked", f"{served.url}/checkpoint")
    assert lying_in(tmp_path) == before
    served.files = dict(files(history(700)))
    fetched(served, tmp_path)


def test_a_server_that_changes_its_mind_after_a_broken_fetch_is_found(served: Files, tmp_path: Path) -> None:
    served.instead["tile/entries/001.p/44"] = is_in_trouble
    fault(served, tmp_path, exit_code=3)
    served.instead.clear()
    for other in (forked(700, 1), forked(300, 299)):
        served.files = other
        assert fault(served, tmp_path)["code"] == "forked"
    served.files = dict(files(history(299)))
    assert fault(served, tmp_path)["code"] == "rolled_back"
    served.files = dict(files(history(700)))
    fetched(served, tmp_path)


def test_a_server_that_changes_its_mind_in_the_middle_is_found(served: Files, tmp_path: Path) -> None:
    other = forked(300, 280)

    def change(asked: Asked) -> None:
        served.files = other
        asked.give(other[TILE])

    served.instead[TILE] = change
    served.files["tile/entries/001.p/44"] = other["tile/entries/001.p/44"]
    found = fault(served, tmp_path)
    assert (found["code"], found["at"]) == ("changed_entry", f"{served.url}/tile/entries/001.p/44")
    assert "entry 280" in found["said"]


def test_a_log_that_grows_while_it_is_fetched_is_fetched_as_it_is_then(served: Files, tmp_path: Path) -> None:
    def grow(asked: Asked) -> None:
        served.files = dict(files(history(400)))  # an export into the same folder: no tile is as narrow now
        asked.give(b"", 404)

    served.instead["tile/entries/001.p/44"] = grow
    assert fetched(served, tmp_path)["size"] == 400
    # And where narrow tiles went because they are full.
    larger = dict(files(history(600)))
    served.files = {"keys": served.files["keys"], "checkpoint": dict(files(history(500)))["checkpoint"]}
    served.files |= {name: content for name, content in larger.items() if name.startswith("tile/")}
    served.files["tile/1/000.p/1"] = larger["tile/1/000.p/2"][:32]
    assert fetched(served, tmp_path)["size"] == 500
    assert lying_in(tmp_path) == dict(files(history(500)))


def test_the_keys_of_the_first_fetch_are_held_to(served: Files, tmp_path: Path) -> None:
    fetched(served, tmp_path)
    new, forger = signer(seed=2), signer(seed=3)
    served.files = dict(files(history(400), forger, keys=[forger.verifier]))
    assert fault(served, tmp_path)["code"] == "unsigned"
    # A new key is taken over while the old one signs too.
    rotated = event("ledger", 2, "key_rotated", epoch=1, verifier_key=str(new.verifier))
    entries, signers = [*history(400), rotated], (KEY, new, forger)
    served.files = dict(files(entries, *signers, keys=[one.verifier for one in signers]))
    fetched(served, tmp_path)
    # But not one that no entry records: anybody adds a signature.
    assert (tmp_path / "keys").read_text().split() == [str(KEY.verifier), str(new.verifier)]
    more = [event("purchasing", number) for number in range(200, 300)]
    served.files = dict(files([*entries, *more], new, keys=[new.verifier]))
    fetched(served, tmp_path)
    assert fault(served, tmp_path, "--key", forger.verifier)["code"] == "unsigned"
