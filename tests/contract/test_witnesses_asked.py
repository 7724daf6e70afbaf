"""Witnesses asked over real HTTP: what they sign stands under the checkpoint, and nothing else does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from structlog.testing import capture_logs

from ledger.log.witnesses import SECONDS, Prove, Witnesses
from rigs.witnesses import Answer, answering, cosigner, saying, witness
from samples.tlog import history
from tlog.checkpoints import Checkpoint
from tlog.merkle import Hashes, consistency_proof, root
from tlog.notes import Note, Signer, Verifier

LOG = Signer("alliance.local/0123", Ed25519PrivateKey.from_private_bytes(bytes(32)))
OTHER_LOG = Signer("alliance.local/4567", Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32))
OURS, FORK = history("ours", 400), history("fork", 400)
KEYS = {name: cosigner(name).verifier for name in ("w1", "w2", "w3")}
W1, W2 = KEYS["w1"].name, KEYS["w2"].name


def note_at(size: int, hashes: Hashes = OURS, log: Signer = LOG) -> str:
    text = Checkpoint(log.verifier.name, size, root(size, hashes)).text
    return f"{text}\n{log.line(text)}"


def proving(size: int, hashes: Hashes = OURS) -> Prove:
    async def prove(old: int) -> Sequence[bytes]:
        return consistency_proof(old, size, hashes)

    return prove


async def ask(
    witnesses: Witnesses, size: int, hashes: Hashes = OURS, *, log: Signer = LOG, again: bool = False
) -> Sequence[str]:
    """The names of those whose good signatures stand under the checkpoint then, beside the log's."""
    note = note_at(size, hashes, log)
    answer = await witnesses.cosigned(note, list(KEYS.values()), proving(size, hashes), again=again)
    assert answer.startswith(note)
    parsed = Note.parse(answer.encode())
    signed = parsed.times([log.verifier, *KEYS.values()])
    assert len(signed) == len(parsed.signatures)  # there is no line of anybody else
    return [name for name, key in KEYS.items() if key in signed]


_opened: list[Witnesses] = []


@pytest.fixture(autouse=True)
async def closed() -> AsyncIterator[None]:
    yield
    while _opened:
        await _opened.pop().close()


def reached(addresses: Mapping[str, str], clock: Callable[[], float] = monotonic) -> Witnesses:
    _opened.append(Witnesses(addresses, clock))
    return _opened[-1]


@asynccontextmanager
async def honest(folder: Path, *names: str) -> AsyncIterator[dict[str, str]]:
    async with AsyncExitStack() as stack:
        logs = [LOG.verifier, OTHER_LOG.verifier]
        yield {
            KEYS[name].name: await stack.enter_async_context(witness(folder / name, name, lambda: logs))
            for name in names
        }


async def test_each_witness_cosigns_checkpoint_after_checkpoint_and_those_of_other_logs(
    tmp_path: Path,
) -> None:
    async with honest(tmp_path, "w1", "w2", "w3") as addresses:
        witnesses = reached(addresses)
        for size in (1, 7, 7, 8, 300, 400):
            assert await ask(witnesses, size) == ["w1", "w2", "w3"]
        assert await ask(witnesses, 5, log=OTHER_LOG) == ["w1", "w2", "w3"]


async def test_a_witness_that_is_not_where_it_was_last_is_brought_up(tmp_path: Path) -> None:
    async with honest(tmp_path, "w1", "w2") as addresses:
        for size in (5, 40):
            first = reached({W1: addresses[W1]})
            assert await ask(first, size) == ["w1"]
        # Another process, which remembers nothing: w1 is ahead of what it thinks, and w2 is new.
        witnesses = reached(addresses)
        assert await ask(witnesses, 200) == ["w1", "w2"]


async def test_a_fork_and_a_log_set_back_are_not_cosigned(tmp_path: Path) -> None:
    async with honest(tmp_path, "w1", "w2") as addresses:
        witnesses = reached({W1: addresses[W1]})
        assert await ask(witnesses, 100) == ["w1"]
        for size, code in ((200, "other_history"), (100, "other_history"), (50, "ahead")):
            forked = reached(addresses)
            with capture_logs() as logs:
                assert await ask(forked, size, FORK) == (["w2"] if size == 200 else [])
            assert {"witness": W1, "code": code} in [
                {name: line.get(name) for name in ("witness", "code")} for line in logs
            ]
        assert await ask(witnesses, 101) == ["w1"]


async def test_a_witness_that_another_replica_has_brought_further_is_asked_the_next_time(
    tmp_path: Path,
) -> None:
    async with honest(tmp_path, "w1") as addresses:
        quick, slow = reached(addresses), reached(addresses)
        for size in (10, 20, 30):
            assert await ask(quick, size) == ["w1"]
            assert await ask(slow, size - 1) == []
            assert await ask(slow, size) == ["w1"]


async def test_only_those_that_lack_are_asked_and_only_by_the_charters_keys(tmp_path: Path) -> None:
    async with honest(tmp_path, "w1", "w2") as addresses:
        witnesses = reached(addresses)
        note = await witnesses.cosigned(note_at(9), [KEYS["w1"]], proving(9))
        assert list(Note.parse(note.encode()).times(KEYS.values())) == [KEYS["w1"]]
        both = await witnesses.cosigned(note, list(KEYS.values()), proving(9), again=True)
        assert both.startswith(note)
        assert len(Note.parse(both.encode()).signatures) == 3
        assert await witnesses.cosigned(both, list(KEYS.values()), proving(9), again=True) == both


def line_of(name: str, size: int, log: Signer = LOG, hashes: Hashes = OURS) -> str:
    return cosigner(name).line(Checkpoint(log.verifier.name, size, root(size, hashes)).text, 1_700_000_000)


async def _endless(request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n")
    for _ in range(160):
        writer.write(b"x" * 65536)
        await writer.drain()


async def _dripping(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)


async def _hanging(_: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _gone(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def _nonsense(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(256)))


def conflict(size: str) -> Answer:
    return saying(409, size.encode(), "text/x.tlog.size")


WRONG = "wrong_signature"
LIARS: dict[str, tuple[Answer, str]] = {
    "another_log's": (saying(200, line_of("w2", 30, OTHER_LOG).encode()), WRONG),
    "of_another_size": (saying(200, line_of("w2", 29).encode()), WRONG),
    "of_a_fork": (saying(200, line_of("w2", 30, hashes=FORK).encode()), WRONG),
    "another_witness'": (saying(200, line_of("w3", 30).encode()), WRONG),
    "the_log's_own_again": (saying(200, note_at(30).encode()), WRONG),
    "nothing": (saying(200, b""), WRONG),
    "no_lines": (saying(200, b"\n\n\n\xe2\x80\x94\n\xe2\x80\x94 a b\n"), WRONG),
    "no_text": (saying(200, b"\xff\xfe\x00"), "answer_is_no_text"),
    "10_megabytes": (_endless, "answer_too_large"),
    "drops": (_dripping, "TimeoutError"),
    "silence": (_hanging, "TimeoutError"),
    "an_end": (_gone, "RemoteProtocolError"),
    "no_http": (_nonsense, "RemoteProtocolError"),
    "a_redirect": (saying(302, b""), "status_302"),
    "an_error": (saying(500, b"no"), "HTTPStatusError"),
    "not_now": (saying(429, b"no"), "HTTPStatusError"),
    "a_size_each_time": (conflict("7\n"), "other_history"),
    "a_size_beyond": (conflict("31\n"), "ahead"),
    "no_size": (conflict("-1\n"), "size_is_no_number"),
    "a_size_too_large": (conflict("9" * 4000), "size_is_no_number"),
    "a_conflict_alone": (saying(409, b"7\n"), "other_history"),
}
"""What it answers, and what the ledger's log says of it."""


async def _signing(request: bytes, writer: asyncio.StreamWriter) -> None:
    """As w1 does, whatever it signed before."""
    text = Note.parse(request.partition(b"\n\n")[2]).text
    await saying(200, cosigner("w1").line(text, 1_700_000_000).encode())(request, writer)


@pytest.mark.parametrize("lie", LIARS)
async def test_whatever_one_answers_the_checkpoint_comes_in_time_with_the_others_signatures(lie: str) -> None:
    async with answering(_signing) as other, answering(LIARS[lie][0]) as liar:
        witnesses = reached({W1: other, W2: liar})
        began = monotonic()
        with capture_logs() as logs:
            assert await ask(witnesses, 30) == ["w1"]
        assert monotonic() - began < SECONDS + 1
        [line] = logs
        assert (line["witness"], line.get("code", line.get("error"))) == (W2, LIARS[lie][1])
        # From then on nobody waits for it.
        began = monotonic()
        assert await ask(witnesses, 31) == ["w1"]
        assert monotonic() - began < SECONDS / 2


async def test_the_good_line_among_others_is_taken_alone(tmp_path: Path) -> None:
    good = line_of("w1", 30)
    answer = f"— nobody AAAAAAAA\nnoise\n{line_of('w2', 30)}{good}{good}"
    async with answering(saying(200, answer.encode())) as one:
        witnesses = reached({W1: one})
        note = await witnesses.cosigned(note_at(30), list(KEYS.values()), proving(30))
        assert note == note_at(30) + good


async def test_one_that_is_back_is_found_again_when_it_is_asked_again_after_a_while(tmp_path: Path) -> None:
    now = 0.0
    async with honest(tmp_path, "w1", "w2") as addresses, answering(saying(500, b"")) as broken:
        moving = {**addresses, W2: broken}
        witnesses = reached(moving, lambda: now)
        assert await ask(witnesses, 10) == ["w1"]
        moving[W2] = addresses[W2]
        assert await ask(witnesses, 11) == ["w1"]
        assert await ask(witnesses, 11, again=True) == ["w1"]  # not yet
        now = 1.5
        assert await ask(witnesses, 11) == ["w1"]  # nobody waits for it
        assert await ask(witnesses, 11, again=True) == ["w1", "w2"]
        assert await ask(witnesses, 12) == ["w1", "w2"]


async def test_a_log_that_one_witness_does_not_know_is_none_of_the_other_logs_business(
    tmp_path: Path,
) -> None:
    async with witness(tmp_path, "w1", lambda: [LOG.verifier]) as address:
        witnesses = reached({W1: address})
        assert await ask(witnesses, 5, log=OTHER_LOG) == []
        assert await ask(witnesses, 5) == ["w1"]


def test_the_names_in_this_test_are_those_of_real_keys() -> None:
    for key in KEYS.values():
        assert Verifier.parse(str(key)) == key
