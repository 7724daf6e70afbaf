"""How a command of `alliance-audit` ends: what it found on stdout, trouble on stderr, and its exit code.

0 it holds, 1 it does not, 2 wrong usage, 3 unreachable, 70 a fault of the program itself.
"""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from traceback import format_exception
from typing import Any, Final

import typer

from ledger.audit.findings import BEYOND, DoesNotHold, Unreachable, Unusable
from ledger.audit.trusting import Trusted

DOES_NOT_HOLD: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
FAULT: Final = 70
INTERRUPTED: Final = 130


def tell(found: Mapping[str, Any], text: str, json: bool, trust: Trusted | None = None) -> None:
    """What a command found, on stdout: as `text`, or as JSON with `holds`; and whose word the key is."""
    if trust is not None:
        found, text = {**found, "pinned": trust.pinned}, f"{text}\n  key  {trust.said}"
    typer.echo(_json({"holds": True, **found}) if json else _printable(text))


@contextmanager
def judged(folder: Path | None, json: bool) -> Iterator[None]:
    """Ends the program with the exit code of what goes wrong inside, said in a few lines."""
    try:
        yield
    except DoesNotHold as error:
        command = shown_by(error, folder)
        if json:
            typer.echo(_json({"holds": False, "finding": {**vars(error), "show": command}}))
        at, said, expected, found = map(one_line, (error.at, error.said, error.expected, error.found))
        typer.echo(f"Does not hold: {at}: {said}\n  expected  {expected}\n  found     {found}", err=True)
        typer.echo(f"  to see    {one_line(command)}", err=True)
        raise typer.Exit(DOES_NOT_HOLD) from error
    except Unusable as error:
        _complain(str(error), json)
        raise typer.Exit(USAGE) from error
    except (Unreachable, OSError) as error:
        _complain(str(error), json)
        raise typer.Exit(UNREACHABLE) from error
    except KeyboardInterrupt as error:
        # Left to itself it would end with 1: "does not hold".
        typer.echo("Interrupted.", err=True)
        raise typer.Exit(INTERRUPTED) from error
    except Exception as error:
        # So would this.
        typer.echo(_printable("".join(format_exception(error))), err=True)
        _complain(f"A fault of this program itself, so that nothing is judged: {error!r}", json)
        raise typer.Exit(FAULT) from error


def shown_by(error: DoesNotHold, folder: Path | None) -> str:
    """The command that shows what is wrong."""
    # Of a topic there is no folder: the log must be fetched into one.
    place = "DIR" if folder is None else shlex.quote(str(folder))
    if "://" in error.at:
        return f"curl --include --output - {shlex.quote(error.at)}"
    if error.entry is not None:
        return f"alliance-audit show {place} {error.entry}"
    if error.code == BEYOND:
        return f"alliance-audit export {place} --format csv --keys FILE"
    if error.at.startswith("tile/"):
        return f"ls -l {place}/{shlex.quote(error.at)}"
    return f"cat {shlex.quote(str((folder or Path()) / error.at))}"


def _complain(text: str, json: bool) -> None:
    """Of what could not be judged."""
    if json:
        typer.echo(_json({"holds": None, "said": text}))
    typer.echo(_printable(text), err=True)


def _json(found: Mapping[str, Any]) -> str:
    return dumps(found, indent=2)


def one_line(text: str) -> str:
    """A text out of a log, which must not be taken for lines of this program's."""
    return _printable(text).replace("\n", "\\n")


def _printable(text: str) -> str:
    """What a log or a folder names itself may be made to play with a terminal."""
    return "".join(sign if sign.isprintable() or sign == "\n" else ascii(sign).strip("'") for sign in text)
