"""The program `alliance-audit`: thin shells over the auditor's checks.

Exit codes: 0 it holds, 1 it does not, 2 wrong usage, 3 unreachable. What was found is on stdout, progress and
trouble on stderr.
"""

import shlex
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from json import dumps
from pathlib import Path
from typing import IO, Annotated, Any, Final, Literal

import typer
import uvloop

from ledger.audit import (
    completing,
    differing,
    fetching,
    journals,
    recounting,
    replaying,
    showing,
    telling,
    verifying,
)
from ledger.audit.books import Books
from ledger.audit.differing import Compared
from ledger.audit.fetching import PARALLEL, Fetched
from ledger.audit.findings import DoesNotHold, Unreachable, Unusable
from ledger.audit.folder import Folder, checkpoint_of
from ledger.audit.keys import KeyFile
from ledger.audit.loading import Rate, Server, log_address
from ledger.audit.progress import Bar, progress
from ledger.audit.replaying import Asked
from ledger.audit.report import Checked, Gathered, written
from ledger.audit.trusting import asked, pinned, trusted

DOES_NOT_HOLD: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
INTERRUPTED: Final = 130

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Dir = Annotated[Path, typer.Argument(metavar="DIR", help="The log's folder.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Say it as one JSON object.")]


@app.callback()
def audit() -> None:
    """Check the sealed log of an alliance, trusting nobody: offline, once it is fetched."""


def tell(found: Mapping[str, Any], text: str, json: bool) -> None:
    """What a command found, on stdout: as `text`, or as JSON with `holds`."""
    typer.echo(_json({"holds": True, **found}) if json else _printable(text))


Pinned = Annotated[
    list[str],
    typer.Option("--key", metavar="KEY", help="The log's verifier key, from elsewhere. Repeatable."),
]
Witnesses = Annotated[
    list[str],
    typer.Option("--witness", metavar="KEY", help="A witness that must have cosigned. Repeatable."),
]


Keys = Annotated[
    Path | None,
    typer.Option(
        "--keys", metavar="FILE", help="The key file of the alliance, or of a company; none opens nothing."
    ),
]


Token = Annotated[
    str | None, typer.Option(envvar="ALLIANCE_TOKEN", help="An access token of somebody in the alliance.")
]
AsOf = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only what is effective up to that day.")
]
AtSize = Annotated[int | None, typer.Option(min=0, help="Of the log as it was when it had so many entries.")]


@app.command()
def fetch(
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="…/ledger/v1/alliances/ID, or where a log is served as files."),
    ],
    folder: Dir,
    key: Pinned = [],  # noqa: B006, typer makes a list of its own
    token: Token = None,
    rate: Annotated[
        str | None, typer.Option(help="At most: requests a second (20), or bytes (500kB, 2MB).")
    ] = None,
    seconds: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds without a byte until the server hangs.")
    ] = 30,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Files under way at once.")] = PARALLEL,
    json: Json = False,
) -> None:
    """Fetch a log into a folder, or what is new of it; every hash is checked while it comes."""

    async def run(bar: Bar) -> Fetched:
        keys, speed = pinned(key), Rate.parse(rate) if rate else None
        async with Server(log_address(url), token, rate=speed, seconds=seconds) as server:
            return await fetching.fetch(server, folder, keys, bar, parallel)

    with judged(folder, json):
        with progress("fetch") as bar:
            found = uvloop.run(run(bar))
        tell(*telling.fetched(found, folder), json)


@app.command()
def verify(
    folder: Dir,
    key: Pinned = [],  # noqa: B006
    witness: Witnesses = [],  # noqa: B006
    quorum: Annotated[
        int | None, typer.Option(min=0, help="How many of the witnesses; all unless given.")
    ] = None,
    since: Annotated[
        Path | None, typer.Option(help="A checkpoint kept from before, which the log must go on from.")
    ] = None,
    json: Json = False,
) -> None:
    """Check signatures, witnesses, every tile, every entry and the root."""
    with judged(folder, json):
        log, needed = Folder(folder), asked(witness, quorum)
        trust = trusted(log, key)
        before = since.read_bytes() if since else None
        with progress("verify", checkpoint_of(log.checkpoint).size) as done:
            found = verifying.verify(
                log,
                trust.keys,
                quorum=needed,
                since=before,
                since_at=str(since and since.absolute()),
                done=done,
            )
        tell(*telling.verified(found, trust, before), json)


@app.command()
def complete(folder: Dir, key: Pinned = [], json: Json = False) -> None:  # noqa: B006
    """Check that each source's events are all there, once, and of one alliance."""
    with judged(folder, json):
        log = Folder(folder)
        tree, _ = verifying.opened(log, trusted(log, key).keys)
        with progress("complete", tree.checkpoint.size) as done:
            found = completing.complete(tree.bundles(), tree.checkpoint.origin, done)
        tell(*telling.complete(found), json)


@app.command()
def show(
    folder: Dir,
    index: Annotated[int, typer.Argument(min=0, metavar="N", help="The entry's number, from 0 on.")],
    keys: Keys = None,
    key: Pinned = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Show one entry, check the proof that it is in the log, and with keys what it posts."""
    with judged(folder, json):
        log, held = Folder(folder), KeyFile.read(keys) if keys else None
        tree, _ = verifying.opened(log, trusted(log, key).keys)
        shown, replayed = showing.show(tree, log.checkpoint, index, held), None
        if held:
            # From the first entry on: which periods are closed, and what a reversal takes back, tell
            # earlier ones.
            with progress("replay", index + 1) as done:
                replayed = next(islice(Books(tree, held).entries(done), index, None))
        tell(*telling.shown(shown, replayed), json)


@app.command()
def replay(
    folder: Dir,
    keys: Keys = None,
    as_of: AsOf = None,
    at_size: AtSize = None,
    key: Pinned = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Work out again who gave and got what, and check what was recorded of closed half-years."""
    with judged(folder, json):
        log = Folder(folder)
        tree, _ = verifying.opened(log, trusted(log, key).keys)
        what = replaying.asked(log, tree, keys, at_size, as_of and as_of.date())
        with progress("replay", what.size) as done:
            found = replaying.replay(what, done=done)
        tell(*recounting.replayed(what, found), json)


@app.command()
def diff(
    folder: Dir,
    url: Annotated[str, typer.Argument(metavar="URL", help="…/ledger/v1/alliances/ID.", show_default=False)],
    keys: Keys = None,
    token: Token = None,
    as_of: AsOf = None,
    at_size: AtSize = None,
    key: Pinned = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Hold what the ledger serves against what the log's entries give."""

    async def run(what: Asked, bar: Bar) -> Compared:
        async with Server(url, token) as server:
            return await differing.diff(what, server, bar)

    with judged(folder, json):
        log = Folder(folder)
        tree, _ = verifying.opened(log, trusted(log, key).keys)
        what = replaying.asked(log, tree, keys, at_size, as_of and as_of.date())
        with progress("diff", what.size) as bar:
            found = uvloop.run(run(what, bar))
        tell(*differing.told(what, found), json)


@app.command()
def export(
    folder: Dir,
    format: Annotated[
        Literal["hledger", "ledger", "beancount", "csv"],
        typer.Option(help="The program that is to read it; csv for a spreadsheet.", show_default=False),
    ],
    keys: Keys = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; to stdout unless given.")
    ] = None,
    key: Pinned = [],  # noqa: B006
) -> None:
    """Write all postings as a journal in which another program finds the same balances."""
    with judged(folder, json=False):
        log = Folder(folder)
        tree, _ = verifying.opened(log, trusted(log, key).keys)
        books = Books(tree, KeyFile.read(keys) if keys else None)
        with progress("export", tree.checkpoint.size) as done, _written_whole(out) as file:
            journals.write(books.entries(done), journals.FORMATS[format], books.name, file)
        typer.echo(books.said, err=True)


@app.command()
def report(
    folder: Dir,
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page to write.", show_default=False)],
    keys: Keys = None,
    key: Pinned = [],  # noqa: B006
    witness: Witnesses = [],  # noqa: B006
    quorum: Annotated[
        int | None, typer.Option(min=0, help="How many of the witnesses; all unless given.")
    ] = None,
) -> None:
    """Check everything, and write a page for people: who gave and got what, and how to check it."""
    with judged(folder, json=False):
        log, gathered = Folder(folder), Gathered()
        trust, size = trusted(log, key), checkpoint_of(log.checkpoint).size
        with progress("verify", size) as done:
            found = verifying.verify(log, trust.keys, quorum=asked(witness, quorum), done=done)
        tree, _ = verifying.opened(log, trust.keys)
        with progress("complete", size) as done:
            whole = completing.complete(tree.bundles(), tree.checkpoint.origin, done)
        books = Books(tree, KeyFile.read(keys) if keys else None)
        with progress("replay", size) as done:
            for replayed in books.entries(done):
                gathered.add(replayed)
        checked = Checked.of(log.checkpoint, found, whole, trust, books)
        with _written_whole(out) as file:
            file.write(written(gathered, books.standing, checked).encode())
        typer.echo(f"{out} is written. {books.said}", err=True)


@contextmanager
def _written_whole(path: Path | None) -> Iterator[IO[bytes]]:
    """A file that is there once it is whole, or stdout."""
    if path is None:
        yield sys.stdout.buffer
        return
    if not path.parent.is_dir():
        raise Unusable(f"There is no folder {path.parent} to write into.")
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            yield file
            file.flush()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


@contextmanager
def judged(folder: Path | None, json: bool) -> Iterator[None]:
    """Ends the program with the exit code of what goes wrong inside, said in a few lines."""
    try:
        yield
    except DoesNotHold as error:
        command = shown_by(error, folder)
        if json:
            typer.echo(_json({"holds": False, "finding": {**vars(error), "show": command}}))
        text = (
            f"Does not hold: {error.at}: {error.said}\n"
            f"  expected  {error.expected}\n  found     {error.found}\n  to see    {command}"
        )
        typer.echo(_printable(text), err=True)
        raise typer.Exit(DOES_NOT_HOLD) from error
    except Unusable as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from error
    except (Unreachable, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(UNREACHABLE) from error
    except KeyboardInterrupt as error:
        # Left to itself it would end with 1: "does not hold".
        typer.echo("Interrupted.", err=True)
        raise typer.Exit(INTERRUPTED) from error


def shown_by(error: DoesNotHold, folder: Path | None) -> str:
    """The command that shows what is wrong."""
    place = shlex.quote(str(folder))
    if "://" in error.at:
        return f"curl --include --output - {shlex.quote(error.at)}"
    if error.entry is not None:
        return f"alliance-audit show {place} {error.entry}"
    if error.at.startswith("tile/"):
        return f"ls -l {place}/{shlex.quote(error.at)}"
    return f"cat {shlex.quote(str((folder or Path()) / error.at))}"


def _json(found: Mapping[str, Any]) -> str:
    return dumps(found, indent=2)


def _printable(text: str) -> str:
    """What a log or a folder names itself may be made to play with a terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else ascii(sign).strip("'") for sign in text)
