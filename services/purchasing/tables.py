"""The tables of the purchasing service that concepts share, and who owes whom there."""

from typing import Final

from sqlalchemy import MetaData

from obligations.api import Obligations
from service.documents import Documents

metadata = MetaData()
documents = Documents(metadata)
obligations: Final = Obligations("purchasing", metadata, documents)
