"""The embedded form is its own token issuer: who may read the data folder may speak for anybody."""

from typing import Final

from embedded.folder import DataFolder
from service.issuer import Issuer

ISSUER: Final = "urn:alliance:embedded"
AUDIENCE: Final = "alliance"


def issuer_of(folder: DataFolder) -> Issuer:
    """Makes its key at the first call; services verify with `jwks_path`."""
    return Issuer(folder.secrets, issuer=ISSUER, audience=AUDIENCE)
