"""The tables of the ledger that concepts share."""

from typing import Final
from uuid import UUID

from sqlalchemy import MetaData

from service.documents import Documents

metadata = MetaData()
documents = Documents(metadata)

NOBODY: Final = UUID(int=0)
"""In place of a company, for what is no company's: only who reads everything may read it."""
