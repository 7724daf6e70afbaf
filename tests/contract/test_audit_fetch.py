"""`fetch`: a log from a server that may be slow, broken or lying, and never a half one taken for whole."""

import gzip
import signal
import subprocess
import sys
import time
import tracemalloc
from json import dumps
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ledger.audit.command import app
from rigs.fetching import TILE, audit, fault, fetched, is_in_trouble, lying_in
from rigs.files import Asked, Files
from samples.logs import ALLIANCE, KEY, files, history, write

pytestmark = pytest.mark.usefixtures("no_pauses")


def inode(path: Path) -> int:
    return path.stat().st_ino


def test_a_folder_behind_any_file_server_is_fetched(tmp_path: Path) -> None:
    write(tmp_path / "there", history(300))
    command = [
        sys.executable,
        "-u",
        "-m",
        "http.server",
        "0",
        "--bind",
        "127.0.0.1",
        "-d",
        str(tmp_path / "there"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().split("(")[1].split(")")[0]
            done = audit("fetch", url, tmp_path / "here")
        finally:
            server.kill()
    assert done.exit_code == 0, done.stderr
    assert "300 entries" in done.stdout
    assert "NOT PINNED" in done.stdout
    assert lying_in(tmp_path / "here") == lying_in(tmp_path / "there")


def test_a_growing_log_is_gone_on_with_and_nothing_of_its_past_is_left(tmp_path: Path) -> None:
    there = dict(files(history(0)))
    with Files(there) as served:
        for size in (0, 1, 255, 256, 300, 700, 700, 66_000):
            full = {name: inode(tmp_path / name) for name in lying_in(tmp_path) if ".p/" not in name}
            served.files = dict(files(history(size)))
            served.asked.clear()
            found = fetched(served, tmp_path, "--key", KEY.verifier)
            assert (found["size"], found["pinned"]) == (size, True)
            assert lying_in(tmp_path) == served.files
            asked = {name for name in served.asked if name.startswith("tile/")}
            tiles = [name for name in full if name.startswith("tile/")]
            assert not asked & set(tiles)
            assert all(inode(tmp_path / name) == full[name] for name in tiles)  # nor written again
            assert found["loaded"] <= len(asked)


def test_what_was_damaged_here_is_loaded_again(served: Files, tmp_path: Path) -> None:
    fetched(served, tmp_path)
    for name in ("tile/0/000", TILE, "tile/entries/001.p/44", "tile/1/000.p/1"):
        (tmp_path / name).write_bytes(b"damaged")
        fetched(served, tmp_path)
        assert lying_in(tmp_path) == served.files


def test_a_log_behind_a_service_is_fetched_with_a_token(tmp_path: Path) -> None:
    log = dict(files(history(300)))
    del log["keys"]
    prefix = f"ledger/v1/alliances/{ALLIANCE}/log/"
    with Files(log, prefix) as served:
        usual = served.answer

        def guarded(path: str, asked: Asked) -> None:
            if asked.headers["Authorization"] != "Bearer secret":
                asked.give(b"", 401)
            elif path == prefix.rstrip("/"):
                asked.give(dumps({"keys": [str(KEY.verifier)]}).encode())
            else:
                usual(path, asked)

        served.answer = guarded  # type: ignore[method-assign]
        served.url = served.url.removesuffix("/log")
        assert "token" in fault(served, tmp_path, exit_code=3)["said"]
        fetched(served, tmp_path, "--token", "secret")
        done = CliRunner().invoke(app, ["fetch", served.url, str(tmp_path)], env={"ALLIANCE_TOKEN": "secret"})
        assert done.exit_code == 0, done.stderr


def zipped(body: bytes) -> Any:
    return lambda asked: asked.give(body, Content_Encoding="gzip")


def test_what_comes_zipped_is_unpacked_and_no_further_than_it_may(served: Files, tmp_path: Path) -> None:
    whole = gzip.compress(served.files[TILE])
    served.instead[TILE] = zipped(whole[:-9])
    assert "gzip" in fault(served, tmp_path, exit_code=3)["said"]
    served.instead[TILE] = zipped(whole[:20] + b"\x00" * 50 + whole[20:])
    fault(served, tmp_path, exit_code=3)
    served.instead["tile/1/000.p/1"] = zipped(gzip.compress(bytes(50_000_000)))
    tracemalloc.start()
    found = fault(served, tmp_path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 20_000_000
    assert (found["code"], found["at"]) == ("too_large", f"{served.url}/tile/1/000.p/1")
    del served.instead["tile/1/000.p/1"]
    served.instead[TILE] = lambda asked: asked.give(whole, Content_Encoding="br")
    assert "br" in fault(served, tmp_path, exit_code=3)["said"]
    served.instead[TILE] = zipped(whole)
    fetched(served, tmp_path)
    assert lying_in(tmp_path) == served.files


@pytest.mark.parametrize(
    "name", ["checkpoint", "keys", TILE, "tile/entries/001.p/44", "tile/0/001.p/44", "tile/1/000.p/1"]
)
def test_a_file_that_lies_is_named(served: Files, tmp_path: Path, name: str) -> None:
    content = bytearray(served.files[name])
    content[len(content) // 2] ^= 1
    served.files[name] = bytes(content)
    found = fault(served, tmp_path)
    assert served.url in found["at"]
    assert name in found["at"] + found["said"]
    assert found["show"].startswith("curl ")


@pytest.mark.parametrize("name", [TILE, "tile/entries/001.p/44", "tile/0/001.p/44"])
def test_a_file_that_the_server_does_not_have_is_named(served: Files, tmp_path: Path, name: str) -> None:
    del served.files[name]
    found = fault(served, tmp_path)
    assert (found["code"], found["at"]) == ("missing", f"{served.url}/{name}")


@pytest.mark.parametrize("name", ["checkpoint", "keys", TILE, "tile/0/001.p/44"])
def test_a_file_without_an_end_is_named(served: Files, tmp_path: Path, name: str) -> None:
    def endless(asked: Asked) -> None:
        asked.send_response(200)
        asked.send_header("Content-Length", "10000000000")
        asked.end_headers()
        while not served.over.is_set():
            asked.wfile.write(bytes(100_000))

    served.instead[name] = endless
    found = fault(served, tmp_path)
    assert (found["code"], found["at"]) == ("too_large", f"{served.url}/{name}")


def hangs(asked: Asked) -> None:
    asked.server.files.over.wait()


def hangs_within(asked: Asked) -> None:
    asked.send_response(200)
    asked.send_header("Content-Length", "8192")
    asked.end_headers()
    asked.wfile.write(b"a beginning")
    hangs(asked)


def drips(asked: Asked) -> None:
    asked.send_response(200)
    asked.send_header("Content-Length", "8192")
    asked.end_headers()
    while not asked.server.files.over.wait(0.05):
        asked.wfile.write(b"x")


def drips_headers(asked: Asked) -> None:
    asked.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not asked.server.files.over.wait(0.05):
        asked.wfile.write(b"x")


def breaks_off(asked: Asked) -> None:
    asked.send_response(200)
    asked.send_header("Content-Length", "8192")
    asked.end_headers()
    asked.wfile.write(b"a beginning")
    asked.close_connection = True


def speaks_otherwise(asked: Asked) -> None:
    asked.wfile.write(b"220 mail.example ESMTP\r\n" * 10)
    asked.close_connection = True


def redirects(asked: Asked) -> None:
    asked.give(b"", 302, Location="http://127.0.0.1:1/elsewhere")


@pytest.mark.parametrize(
    ("name", "trouble"),
    [
        ("keys", hangs),
        ("checkpoint", hangs_within),
        *(
            (TILE, one)
            for one in (hangs, drips, drips_headers, breaks_off, speaks_otherwise, redirects, is_in_trouble)
        ),
    ],
)
def test_a_server_that_gives_no_answer_is_unreachable_and_named(
    served: Files, tmp_path: Path, name: str, trouble: Any
) -> None:
    served.instead[name] = trouble
    began = time.monotonic()
    assert f"{served.url}/{name}" in fault(served, tmp_path, "--timeout", "0.4", exit_code=3)["said"]
    assert time.monotonic() - began < 20  # 0.4 seconds, twice
    del served.instead[name]
    fetched(served, tmp_path)


def test_no_server_and_no_log_are_unreachable_and_no_address_is_wrong_usage(tmp_path: Path) -> None:
    with Files({}) as served:
        assert "there is no log" in fault(served, tmp_path, "--key", KEY.verifier, exit_code=3)["said"]
        served.files["checkpoint"] = dict(files(history(3)))["checkpoint"]
        assert "--key" in fault(served, tmp_path, exit_code=2)["said"]
    assert served.url in fault(served, tmp_path, exit_code=3)["said"]
    for url in ("log.example", "ftp://log.example", "http://", "http://[", "x" * 10_000):
        done = audit("fetch", url, tmp_path)
        assert done.exit_code in {2, 3}
        assert "Traceback" not in done.output
    assert audit("fetch", served.url, tmp_path, "--rate", "fast").exit_code == 2


def test_trouble_that_passes_is_waited_for(served: Files, tmp_path: Path) -> None:
    usual = served.files[TILE]
    troubles = [
        lambda asked: asked.give(b"", 429, Retry_After="0"),
        is_in_trouble,
        *[lambda asked: asked.give(b"", 503, Retry_After="0")] * 5,
        lambda asked: asked.give(usual),
    ]

    def next_one(asked: Asked) -> None:
        troubles.pop(0)(asked)

    served.instead[TILE] = next_one
    fetched(served, tmp_path)
    assert troubles == []


def test_no_more_is_asked_for_than_the_rate_allows(served: Files, tmp_path: Path) -> None:
    size = sum(map(len, served.files.values()))
    for number, rate in enumerate(("10", f"{size * 2 // 1000}kB")):
        began = time.monotonic()
        fetched(served, tmp_path / str(number), "--rate", rate)
        assert time.monotonic() - began > 0.4  # six files; all but one of the files' bytes


def test_two_fetches_into_one_folder_do_not_meet(served: Files, tmp_path: Path) -> None:
    def meanwhile(asked: Asked) -> None:
        assert "Another fetch" in audit("fetch", served.url, tmp_path).stderr
        asked.give(served.files[TILE])

    served.instead[TILE] = meanwhile
    fetched(served, tmp_path)


def test_a_folder_that_somebody_made_up_leads_no_write_elsewhere(served: Files, tmp_path: Path) -> None:
    other = write(tmp_path / "other", history(5))
    before = {path: path.read_bytes() for path in other.rglob("*") if path.is_file()}
    for name in (".coming", "tile", "tile/0"):
        folder = tmp_path / name.replace("/", "-")
        (folder / name).parent.mkdir(parents=True)
        (folder / name).symlink_to(other, target_is_directory=True)
        assert audit("fetch", served.url, folder).exit_code == (0 if name == ".coming" else 2)
    (tmp_path / "left/.coming").mkdir(parents=True)
    (tmp_path / "left/.coming/checkpoint").symlink_to(other / "checkpoint")
    fetched(served, tmp_path / "left")
    assert {path: path.read_bytes() for path in other.rglob("*") if path.is_file()} == before
    assert audit("fetch", served.url, other / "checkpoint").exit_code == 2


def test_a_fetch_that_was_killed_goes_on_where_it_was(served: Files, tmp_path: Path) -> None:
    served.files = dict(files(history(10_000)))
    waits = "tile/entries/030"
    served.instead[waits] = hangs
    program = Path(sys.executable).with_name("alliance-audit")
    with subprocess.Popen([program, "fetch", served.url, tmp_path, "--parallel", "2"]) as process:
        while not (tmp_path / "tile/entries/035").exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert audit("verify", tmp_path).exit_code == 1  # nothing there passes for a log
    served.instead.clear()
    there = set(lying_in(tmp_path))
    served.asked.clear()
    fetched(served, tmp_path)
    assert lying_in(tmp_path) == served.files
    assert waits in served.asked
    assert len([name for name in served.asked if name in there and ".p/" not in name]) == 0
