"""A private figure in an answer: the figure itself to who may read it, and to the others whose it is."""

from typing import Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


class Sealed(BaseModel):
    """In place of a figure that the caller may not read."""

    model_config = ConfigDict(frozen=True)

    sealed: Literal[True] = Field(True, description="Always true.")
    owner: UUID = Field(description="The company whose figure it is.")


def figure(readable: bool, owner: UUID, value: T) -> T | Sealed:
    return value if readable else Sealed(owner=owner)
