"""One request from the command line: the token, the key and the JSON are taken care of."""

from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import httpx
import orjson
import typer

from embedded.folder import CannotStart, existing
from embedded.tokens import issuer_of
from processes.whereabouts import bases


def call(
    method: Annotated[str, typer.Argument(help="GET, POST, PUT, …")],
    path: Annotated[str, typer.Argument(help="Below the URL, with its query.")],
    body: Annotated[str, typer.Argument(help="JSON, or @FILE.")] = "",
    caller: Annotated[
        str, typer.Option("--as", help="Who asks: any name, always the same person.")
    ] = "alice",
    pick: Annotated[str, typer.Option(help="Print one field alone: a name, or names joined by dots.")] = "",
    if_match: Annotated[str, typer.Option(help="The version that is changed.")] = "",
    key: Annotated[str, typer.Option(help="Idempotency-Key; a new one unless given.")] = "",
    url: Annotated[
        str | None, typer.Option(help="Where the product is; else as the folder says.", envvar="ALLIANCE_URL")
    ] = None,
    data: Annotated[Path, typer.Option(help="The folder that keeps everything.", envvar="ALLIANCE_DATA")] = (
        Path("var")
    ),
) -> None:
    """Send one request; print the answer's JSON. Exit status 1, and the problem, when it is refused."""
    try:
        token = issuer_of(existing(data)).token(caller)
    except CannotStart as error:
        raise SystemExit(str(error)) from None
    headers = {"Authorization": f"Bearer {token}"}
    if method.upper() == "POST":
        headers["Idempotency-Key"] = key or uuid4().hex
    if if_match:
        headers["If-Match"] = f'"{if_match}"'
    content = Path(body[1:]).read_bytes() if body.startswith("@") else body.encode()
    if method.upper() == "POST" and not content:
        content = b"{}"
    if content:
        headers["Content-Type"] = "application/json"
    address = _address(path, data, url)
    try:
        answer = httpx.request(method.upper(), address, content=content, headers=headers, timeout=60)
    except httpx.TransportError as error:
        raise SystemExit(f"{address} does not answer: {error}") from None
    if answer.is_error:
        typer.echo(answer.text, err=True)
        raise SystemExit(1)
    shown = answer.json() if answer.content else None
    typer.echo(_picked(shown, pick) if pick else orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())


def _address(path: str, data: Path, url: str | None) -> str:
    service, _, rest = path.lstrip("/").partition("/")
    base = bases(data, url).get(service)
    if base is None:
        raise SystemExit(f"{path} does not begin with the name of a service, say /members.")
    return f"{base}/{rest}"


def _picked(value: Any, names: str) -> str:
    for name in names.split("."):
        try:
            value = value[int(name)] if isinstance(value, list) else value[name]
        except (KeyError, IndexError, ValueError, TypeError):
            raise SystemExit(f"There is no {names} in the answer.") from None
    return value if isinstance(value, str) else orjson.dumps(value).decode()
