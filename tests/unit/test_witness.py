"""A witness signs one history, whatever it is asked and whenever it dies."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.witness.api import application
from ledger.witness.domain import Answer, Witness
from ledger.witness.memory import Damaged, Memory
from samples.tlog import history
from tlog.checkpoints import Checkpoint
from tlog.merkle import Hashes, consistency_proof, root
from tlog.notes import Kind, Note, Signer, encoded

NOW = 1_700_000_000
ORIGIN = "alliance.local/0123"


def private(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


LOG = Signer(ORIGIN, private(1))
COSIGNER = Signer("witness.example/w1", private(2), Kind.COSIGNATURE)


OURS, FORK = history("ours", 64), history("fork", 64)


def request(
    old: int, size: int, hashes: Hashes = OURS, *, signer: Signer = LOG, proof: list[bytes] | None = None
) -> bytes:
    checkpoint = Checkpoint(signer.verifier.name, size, root(size, hashes))
    lines = consistency_proof(old, size, hashes) if proof is None and old <= size else proof or []
    head = "".join(f"{line}\n" for line in (f"old {old}", *map(encoded, lines)))
    return f"{head}\n{checkpoint.text}\n{signer.line(checkpoint.text)}".encode()


def witness_in(folder: Path) -> Witness:
    return Witness(COSIGNER, Memory(folder), lambda: [LOG.verifier], lambda: NOW)


def assert_signed(answer: Answer, size: int, hashes: Hashes = OURS) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root(size, hashes))
    assert answer.status == 200, answer
    note = Note.parse(f"{checkpoint.text}\n{answer.text}".encode())
    assert note.times([COSIGNER.verifier]) == {COSIGNER.verifier: NOW}


def test_it_signs_what_goes_on_from_the_last_one_it_signed(tmp_path: Path) -> None:
    witness = witness_in(tmp_path)
    for old, size in ((0, 1), (1, 7), (7, 8), (8, 64), (64, 64)):
        assert_signed(witness.add_checkpoint(request(old, size)), size)
    # And remembers it when it is started again.
    assert witness_in(tmp_path).add_checkpoint(request(8, 64)) == Answer(409, "64\n", "text/x.tlog.size")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (request(3, 8), 409),  # another size than the last one
        (request(0, 8), 409),
        (request(5, 4), 400),  # shrinking
        (request(5, 8, FORK), 422),  # a fork
        (request(5, 8, proof=[]), 422),
        (request(5, 5, FORK), 409),  # the same size with another root
        (request(5, 8, signer=Signer(ORIGIN, private(9))), 403),  # another key under the name
        (request(5, 8, signer=Signer("elsewhere/log", private(1))), 404),
    ],
)
def test_it_answers_as_the_protocol_says(tmp_path: Path, body: bytes, status: int) -> None:
    witness = witness_in(tmp_path)
    assert_signed(witness.add_checkpoint(request(0, 5)), 5)
    answer = witness.add_checkpoint(body)
    assert answer.status == status
    if status == 409:
        assert answer == Answer(409, "5\n", "text/x.tlog.size")
    assert_signed(witness.add_checkpoint(request(5, 8)), 8)  # nothing was changed


def test_a_signature_that_is_wrong_is_refused(tmp_path: Path) -> None:
    body = bytearray(request(0, 5))
    body[-10] = ord("A") if body[-10] != ord("A") else ord("B")
    assert witness_in(tmp_path).add_checkpoint(bytes(body)).status == 403
    assert sorted(one.name for one in tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"old 0\n", b"old 0\n\n", b"old 00\n\n" + request(0, 5)[7:], b"old -1\n\n" + request(0, 5)[7:],
        b"old " + b"9" * 30 + b"\n\n" + request(0, 5)[7:], b"new 0\n\n" + request(0, 5)[7:], b"\xff" * 100,
        b"old 0\nAAAA\n\n" + request(0, 5)[7:], b"old 0\n" + b"A" * 44 + b"\n\n" + request(0, 5)[7:],
        b"old 0\n" + (encoded(bytes(32)) + "\n").encode() * 64 + b"\n" + request(0, 5)[7:],
        b"old 0\n\nname\n5\n\n", request(0, 5).replace(b"\n5\n", b"\n5\n5\n"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(tmp_path: Path, body: bytes) -> None:
    assert witness_in(tmp_path).add_checkpoint(body).status in {400, 404, 422}


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.sampled_from([OURS, FORK])), max_size=30)
)
@settings(max_examples=60)
def test_whatever_is_asked_all_that_it_signed_is_one_history(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[int, int, Hashes]]
) -> None:
    witness = witness_in(tmp_path_factory.mktemp("witness"))
    signed: list[tuple[int, Hashes]] = []
    for old, size, hashes in asked:
        if witness.add_checkpoint(request(old, size, hashes)).status == 200:
            signed.append((size, hashes))
    assert [size for size, _ in signed] == sorted(size for size, _ in signed)
    assert len({id(hashes) for size, hashes in signed if size}) <= 1


STEPS = ("open", "fsync", "replace", "close")


@pytest.mark.parametrize("step", range(1, 11))
def test_killed_between_any_two_steps_it_never_signs_a_second_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    """Every step towards the disk is where it dies once, before and after it."""
    assert_signed(witness_in(tmp_path).add_checkpoint(request(0, 5)), 5)
    for dies_before in (True, False):
        taken = 0

        class Killed(BaseException):
            pass

        def dying(
            real: Callable[..., Any],
            opened: list[int],
            before: bool = dies_before,
            end: type[BaseException] = Killed,
        ) -> Any:
            def call(*arguments: Any, **more: Any) -> Any:
                nonlocal taken
                taken += 1
                if taken == step and before:
                    raise end
                result = real(*arguments, **more)
                if isinstance(result, int):
                    opened.append(result)
                if taken == step:
                    raise end
                return result

            return call

        opened: list[int] = []
        with monkeypatch.context() as patch:
            for name in STEPS:
                patch.setattr(os, name, dying(getattr(os, name), opened))
            try:
                answer: Answer | None = witness_in(tmp_path).add_checkpoint(request(5, 8))
            except Killed:
                answer = None
        for descriptor in opened:  # as the kernel does for who is killed
            with suppress(OSError):
                os.close(descriptor)
        last = Memory(tmp_path).last(ORIGIN)
        assert last.size in {5, 8}
        if answer is not None and answer.status == 200:
            assert last.size == 8  # what is signed is remembered
        again = witness_in(tmp_path)
        assert again.add_checkpoint(request(last.size, 9, FORK)).status == 422
        assert_signed(again.add_checkpoint(request(last.size, 8)), 8)
        monkeypatch.undo()
        Memory(tmp_path).remember(Checkpoint(ORIGIN, 5, root(5, OURS)))  # for the other half


def test_a_damaged_memory_signs_nothing(tmp_path: Path) -> None:
    witness = witness_in(tmp_path)
    assert_signed(witness.add_checkpoint(request(0, 5)), 5)
    [file] = [one for one in tmp_path.iterdir() if one.name != "lock"]
    whole = file.read_bytes()
    for damaged in (b"", whole[:-1], whole[:20], b"\xff" + whole, whole.replace(b"local", b"other")):
        file.write_bytes(damaged)
        with pytest.raises(Damaged):
            witness.add_checkpoint(request(5, 8))
    file.write_bytes(whole)
    assert_signed(witness.add_checkpoint(request(5, 8)), 8)


async def test_over_http_it_takes_one_request_and_says_what_is_wrong(tmp_path: Path) -> None:
    transport = httpx.ASGITransport(application(witness_in(tmp_path)))
    async with httpx.AsyncClient(transport=transport, base_url="http://witness") as client:
        signed = await client.post("/add-checkpoint", content=request(0, 5))
        assert signed.status_code == 200
        assert signed.text.startswith("— witness.example/w1 ")
        conflict = await client.post("/add-checkpoint", content=request(0, 8))
        assert (conflict.status_code, conflict.text) == (409, "5\n")
        assert conflict.headers["content-type"].startswith("text/x.tlog.size")
        assert (await client.post("/add-checkpoint", content=b"x" * 70_000)).status_code == 413
        assert (await client.get("/add-checkpoint")).status_code == 405
        file = next(one for one in tmp_path.iterdir() if one.name != "lock")
        file.write_bytes(b"")
        assert (await client.post("/add-checkpoint", content=request(5, 8))).status_code == 500
