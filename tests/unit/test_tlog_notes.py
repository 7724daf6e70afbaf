"""Notes, checkpoints and proof files, as other programs write and read them."""

from itertools import pairwise

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from samples.tlog import LEAVES, ROOTS, kept
from tlog.checkpoints import Checkpoint, Proof
from tlog.merkle import (
    EMPTY,
    BadProof,
    inclusion_proof,
    leaf_hash,
    root,
)
from tlog.notes import Kind, MalformedNote, Note, Signer, Unsigned, Verifier, decoded, encoded

# From the documentation of golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()


def test_a_note_that_another_program_signed_is_read() -> None:
    verifier = Verifier.parse(GO_KEY)
    assert str(verifier) == GO_KEY
    note = Note.parse(GO_NOTE)
    assert note.times([verifier]) == {verifier: 0}
    # Byte for byte as that program signs: the private key is published with it.
    signer = Signer(
        "PeterNeumann",
        Ed25519PrivateKey.from_private_bytes(_seed("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")),
    )
    assert (note.text + "\n" + signer.line(note.text)).encode() == GO_NOTE


def _seed(published: str) -> bytes:
    return decoded(published)[1:]


def test_every_changed_byte_of_a_note_is_noticed() -> None:
    verifier = Verifier.parse(GO_KEY)
    for at in range(len(GO_NOTE)):
        changed = bytearray(GO_NOTE)
        changed[at] ^= 1
        try:
            times = Note.parse(bytes(changed)).times([verifier])
        except (MalformedNote, Unsigned):
            continue
        assert times == {}, f"byte {at}"


def test_signatures_of_unknown_keys_are_passed_over_and_wrong_ones_of_known_keys_are_not() -> None:
    text = "a text\n"
    one, other = _signer("log.example/a", 1), _signer("log.example/b", 2)
    same_name = _signer("log.example/a", 3)
    raw = (text + "\n" + other.line(text) + same_name.line(text) + one.line(text)).encode()
    assert Note.parse(raw).times([one.verifier]) == {one.verifier: 0}
    assert Note.parse(raw).times([]) == {}
    forged = (text + "\n" + one.line("another text\n")).encode()
    with pytest.raises(Unsigned, match=r"log\.example/a"):
        Note.parse(forged).times([one.verifier])


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\n", b"text\n", b"text\n\n", b"text\n\nno signature\n", b"text\n\n\xe2\x80\x94 name !!!!\n",
        b"text\n\n\xe2\x80\x94 name AAAA\n", b"text\n\n\xe2\x80\x94 na+me AAAAAAA=\n",
        b"text\r\n\n" + GO_NOTE[-100:],
        b"text\n\n\xe2\x80\x94 name AAAAAAA=", b"\xff" + GO_NOTE, b"x" * 1_000_001,
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedNote):
        Note.parse(raw)


@pytest.mark.parametrize(
    "text", ["", "a+b", GO_KEY[:-1], GO_KEY.replace("c74f20a3", "c74f20a4"), "x" + GO_KEY]
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(MalformedNote):
        Verifier.parse(text)


def test_a_cosignature_covers_its_time_and_the_checkpoint() -> None:
    checkpoint = Checkpoint(
        "example.com/behind-the-sofa", 20_852_163, decoded("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    )
    witness = Signer("witness.example.com/w1", _private(4), Kind.COSIGNATURE)
    raw = (checkpoint.text + "\n" + witness.line(checkpoint.text, 1_679_315_147)).encode()
    assert Note.parse(raw).times([witness.verifier]) == {witness.verifier: 1_679_315_147}
    later = raw.replace(
        encoded(witness.verifier.id + (1_679_315_147).to_bytes(8, "big"))[:14].encode(), b"x" * 14
    )
    assert later != raw
    assert Note.parse(later).times([witness.verifier]) == {}  # another key's, by its id
    # The specification's example: the time stands where it says.
    example = (
        "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/"
        "zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
    )
    _, _, signature = Note.parse(f"{checkpoint.text}\n{example}".encode()).signatures[0]
    assert int.from_bytes(signature[:8], "big") == 1_679_315_147


def test_a_checkpoint_has_three_lines_and_no_other_form() -> None:
    checkpoint = Checkpoint("example.com/log", 5, ROOTS[5])
    assert Checkpoint.parse(checkpoint.text) == checkpoint
    size, top = "\n5\n", encoded(ROOTS[5])
    for wrong in ("\n05\n", "\n-5\n", "\n5 \n", "\n٥\n", f"\n{2**63}\n", "\n\n"):
        with pytest.raises(MalformedNote):
            Checkpoint.parse(f"example.com/log{wrong}{top}\n")
    for text in (
        f"{size}{top}\n",
        f"example.com/log{size}{top}",
        f"example.com/log{size}{top}\nmore\n",
        f"a{size}AAAA\n",
    ):
        with pytest.raises(MalformedNote):
            Checkpoint.parse(text)


def test_a_proof_file_shows_its_entry_and_no_other() -> None:
    size = 8
    hashes = kept([leaf_hash(entry) for entry in LEAVES])
    checkpoint = Checkpoint("example.com/log", size, root(size, hashes))
    log = _signer("example.com/log", 5)
    note = (checkpoint.text + "\n" + log.line(checkpoint.text)).encode()
    for index, (entry, other) in enumerate(pairwise(LEAVES)):
        proof = Proof(index, inclusion_proof(index, size, hashes), note)
        again = Proof.parse(bytes(proof))
        assert again == proof
        assert again.check(entry) == checkpoint
        with pytest.raises(BadProof):
            again.check(other)
    with_extra = bytes(proof).replace(b"\nindex", b"\nextra aGVsbG8=\nindex", 1)
    assert Proof.parse(with_extra) == proof


@pytest.mark.parametrize(
    ("part", "other"),
    [
        (b"@v1", b"@v2"),
        (b"index 0", b"index 00"),
        (b"index 0", b"index -1"),
        (b"index 0", b"place 0"),
        (b"\n\n", b"\n"),
    ],
)
def test_what_is_no_proof_file_is_refused(part: bytes, other: bytes) -> None:
    note = b"a\n\n" + b"b\n"
    raw = bytes(Proof(0, [EMPTY], note)).replace(part, other)
    with pytest.raises(MalformedNote):
        Proof.parse(raw)


def _private(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def _signer(name: str, number: int) -> Signer:
    return Signer(name, _private(number))
