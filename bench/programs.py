"""Other people's programs to measure beside, as `make` has fetched them or as the PATH has them."""

import os
import shutil
from pathlib import Path

FETCHED = Path(__file__).parents[1] / ".tools" / "debian" / "bin"


def found(name: str) -> str:
    """Its path. Raises FileNotFoundError: a measurement without its baseline says nothing."""
    path = shutil.which(name, path=os.pathsep.join([str(FETCHED), os.environ.get("PATH", "")]))
    if path is None:
        raise FileNotFoundError(f"{name} is neither in {FETCHED} nor on the PATH: make setup-all fetches it")
    return path
