"""The program `alliance-audit`: thin shells over the auditor's checks.

Exit codes: 0 it holds, 1 it does not, 2 wrong usage, 3 unreachable. What was found is on stdout, progress and
trouble on stderr.
"""

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from ledger.audit.findings import DoesNotHold, Unreachable, Unusable

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
    typer.echo(orjson.dumps({"holds": True, **found}, option=orjson.OPT_INDENT_2).decode() if json else text)


@contextmanager
def judged(folder: Path | None, json: bool) -> Iterator[None]:
    """Ends the program with the exit code of what goes wrong inside, said in a few lines."""
    try:
        yield
    except DoesNotHold as error:
        command = shown_by(error, folder)
        if json:
            found = {
                "code": error.code,
                "at": error.at,
                "said": error.said,
                "expected": error.expected,
                "found": error.found,
                "entry": error.entry,
                "show": command,
            }
            typer.echo(orjson.dumps({"holds": False, "finding": found}, option=orjson.OPT_INDENT_2).decode())
        typer.echo(
            f"Does not hold: {error.at}: {error.said}\n"
            f"  expected  {error.expected}\n  found     {error.found}\n  to see    {command}",
            err=True,
        )
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
    if error.entry is not None:
        return f"alliance-audit show {place} {error.entry}"
    if "://" in error.at:
        return f"curl --include --output - {shlex.quote(error.at)}"
    if error.at.startswith("tile/"):
        return f"ls -l {place}/{shlex.quote(error.at)}"
    return f"cat {place}/{shlex.quote(error.at)}"
