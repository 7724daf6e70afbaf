"""The baseline: a bare FastAPI endpoint that inserts one row through SQLAlchemy and commits.

Run as `python -m bench.bare URL PORT`; URL is of an empty database that it may create its table in.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import Uuid
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "rows"
    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    quantity: Mapped[int]


class Body(BaseModel):
    quantity: int


def create(url: str) -> FastAPI:
    engine = create_async_engine(url, pool_size=10)
    session = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/rows")
    async def insert(body: Body) -> dict[str, str]:
        row = Row(id=uuid7(), quantity=body.quantity)
        async with session() as one, one.begin():
            one.add(row)
        return {"id": str(row.id)}

    return app


if __name__ == "__main__":
    config = uvicorn.Config(create(sys.argv[1]), port=int(sys.argv[2]), access_log=False, log_level="warning")
    asyncio.run(uvicorn.Server(config).serve())
