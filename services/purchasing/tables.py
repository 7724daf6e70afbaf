"""The tables of the purchasing service that concepts share."""

from sqlalchemy import MetaData

from service.documents import Documents

metadata = MetaData()
documents = Documents(metadata)
