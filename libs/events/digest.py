"""How an event speaks of a text that is kept elsewhere, and may be erased there."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Digest(BaseModel):
    """What an event says of a document."""

    model_config = ConfigDict(frozen=True)

    document: UUID
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256(salt ‖ bytes), in hexadecimal digits.")
