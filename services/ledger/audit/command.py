"""The program `alliance-audit`: thin shells over the auditor's checks."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

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
from ledger.audit.findings import Unusable
from ledger.audit.folder import Folder, checkpoint_of
from ledger.audit.judging import judged, tell
from ledger.audit.keys import KeyFile
from ledger.audit.loading import Rate, Server, log_address
from ledger.audit.progress import Bar, progress
from ledger.audit.replaying import Asked
from ledger.audit.report import Checked, Gathered, written
from ledger.audit.topic import Topic, gathered
from ledger.audit.tree import Tree
from ledger.audit.trusting import Trusted, asked, pinned, trusted
from ledger.audit.writing import written_whole

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Dir = Annotated[Path, typer.Argument(metavar="DIR", help="The log's folder.", show_default=False)]
DirOrTopic = Annotated[
    Path | None, typer.Argument(metavar="DIR", help="The log's folder.", show_default=False)
]
Kafka = Annotated[
    str | None,
    typer.Option(metavar="HOST:PORT/TOPIC", help="The ledger's topic, which nobody signs, and no folder."),
]
Alliance = Annotated[UUID | None, typer.Option(help="Which alliance's log of the topic.")]
Json = Annotated[bool, typer.Option("--json", help="Say it as one JSON object.")]


@app.callback()
def audit() -> None:
    """Check the sealed log of an alliance, trusting nobody: offline, once it is fetched."""


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
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="A checkpoint kept from before, which the log must go on from.",
        ),
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
def complete(
    folder: DirOrTopic = None,
    kafka: Kafka = None,
    alliance: Alliance = None,
    key: Pinned = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Check that each source's events are all there, once, and of one alliance."""
    with judged(folder, json), _tree(folder, key, kafka, alliance) as (tree, trust):
        with progress("complete", tree.checkpoint.size) as done:
            origin = None if kafka else tree.checkpoint.origin
            found = completing.complete(tree.bundles(), origin, done)
        tell(*telling.complete(found), json, trust)


@contextmanager
def _tree(
    folder: Path | None, key: list[str], kafka: str | None, alliance: UUID | None
) -> Iterator[tuple[Tree, Trusted | None]]:
    """Of a folder whose checkpoint is signed, or of a topic, which nobody signs."""
    if (folder is None) == (kafka is None):
        raise Unusable("Either DIR or --kafka HOST:PORT/TOPIC says where the log is.")
    if kafka is not None:
        topic = Topic.parse(kafka, alliance)
        with ExitStack() as stack:
            with progress("read") as bar:
                tree = stack.enter_context(gathered(topic, bar))
            yield tree, None
    if folder is not None:
        yield _opened(folder, key)


def _opened(folder: Path, key: list[str]) -> tuple[Tree, Trusted]:
    log = Folder(folder)
    trust = trusted(log, key)
    return verifying.opened(log, trust.keys)[0], trust


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
        held = KeyFile.read(keys) if keys else None
        tree, trust = _opened(folder, key)
        shown, replayed = showing.show(tree, tree.folder.checkpoint, index, held), None
        if held:
            # From the first entry on: which periods are closed, and what a reversal takes back, tell
            # earlier ones.
            with progress("replay", index + 1) as done:
                replayed = next(islice(Books(tree, held).entries(done), index, None))
        tell(*telling.shown(shown, replayed), json, trust)


@app.command()
def replay(
    folder: DirOrTopic = None,
    kafka: Kafka = None,
    alliance: Alliance = None,
    keys: Keys = None,
    as_of: AsOf = None,
    at_size: AtSize = None,
    key: Pinned = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Work out again who gave and got what, and check what was recorded of closed half-years.

    Of a folder's whole log everything is checked that `verify` checks, witnesses too, on the way.
    """
    with judged(folder, json), _tree(folder, key, kafka, alliance) as (tree, trust):
        what = replaying.asked(tree.folder, tree, keys, at_size, as_of and as_of.date())
        with progress("replay", what.size) as done:
            found = replaying.replay(what, done)
        whole = trust and what.size == tree.checkpoint.size
        witnesses = verifying.check_rest(tree, trust.keys, found.charters) if trust and whole else None
        tell(*recounting.replayed(what, found, witnesses), json, trust)


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
        tree, trust = _opened(folder, key)
        what = replaying.asked(tree.folder, tree, keys, at_size, as_of and as_of.date())
        with progress("diff", what.size) as bar:
            found = uvloop.run(run(what, bar))
        tell(*differing.told(what, found), json, trust)


@app.command()
def export(
    format: Annotated[
        Literal["hledger", "ledger", "beancount", "csv"],
        typer.Option(help="The program that is to read it; csv for a spreadsheet.", show_default=False),
    ],
    folder: DirOrTopic = None,
    kafka: Kafka = None,
    alliance: Alliance = None,
    keys: Keys = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; to stdout unless given.")
    ] = None,
    key: Pinned = [],  # noqa: B006
) -> None:
    """Write all postings as a journal in which another program finds the same balances."""
    with judged(folder, json=False), _tree(folder, key, kafka, alliance) as (tree, trust):
        books = Books(tree, KeyFile.read(keys) if keys else None)
        with progress("export", tree.checkpoint.size) as done, written_whole(out) as file:
            journals.write(books.entries(done), journals.FORMATS[format], books.name, file)
        typer.echo(f"{books.said} Key: {trust.said}" if trust else books.said, err=True)


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
        with written_whole(out) as file:
            file.write(written(gathered, books.standing, checked).encode())
        typer.echo(f"{out} is written. {books.said}", err=True)
