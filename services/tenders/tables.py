"""The tables of the tenders service that concepts share."""

from sqlalchemy import MetaData

from service.documents import Documents

metadata = MetaData()
documents = Documents(metadata)
