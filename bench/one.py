"""One service alone in a process, as `alliance serve` has it, over the data folder of a stopped product.

`python -m bench.one DATA SERVICE PORT`. Prints the URL of an empty database for the baseline, then serves.
"""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import uvloop
from fastapi import FastAPI

from embedded import app as embedded_app
from embedded.folder import held
from embedded.postgres import running
from embedded.secrets import load_or_make
from service.serve import listen, serve
from service.telemetry import configure_logging


async def run(data: Path, service: str, port: int) -> None:
    drain = asyncio.Event()
    with held(data) as folder:
        secrets = load_or_make(folder)
        async with running(folder, secrets.passwords) as server:
            superuser = server.url("postgres", "postgres")
            connection = await asyncpg.connect(
                superuser.set(drivername="postgresql").render_as_string(hide_password=False)
            )
            await connection.execute("CREATE DATABASE bare")
            await connection.close()
            print(superuser.set(database="bare").render_as_string(hide_password=False), flush=True)
            mounted = {
                getattr(route, "path", "").strip("/"): getattr(route, "app", None)
                for route in embedded_app.create(folder, secrets, server, drain).routes
            }
            app = mounted[service]
            assert isinstance(app, FastAPI)
            await serve(app, listen("127.0.0.1", port))


if __name__ == "__main__":
    configure_logging()
    for name in embedded_app.SERVICES:
        os.environ[f"{name.upper()}_RATE_LIMIT"] = "0"
    uvloop.run(run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
