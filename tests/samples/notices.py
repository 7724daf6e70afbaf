"""Notices in OCDS for tests: published files, and the story's tender with changes."""

import copy
import json
from pathlib import Path
from typing import Any

from tenders.notices import Fault, Publication, ReadNotice, read_ocds

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "tests" / "data" / "ocds"
STORY = ROOT / "deploy" / "demo" / "story" / "notices"


def file(name: str) -> bytes:
    folder = STORY if name == "lycees" else PUBLISHED
    return (folder / f"{name}.json").read_bytes()


LYCEES: dict[str, Any] = json.loads(file("lycees"))


def lycees() -> dict[str, Any]:
    return copy.deepcopy(LYCEES)


def tender_of(package: dict[str, Any]) -> Any:
    return package["releases"][0]["tender"]


def publication(value: Any) -> Publication:
    return read_ocds(value if isinstance(value, bytes) else json.dumps(value).encode())


def read(value: Any) -> ReadNotice:
    (notice,) = publication(value).notices
    return notice


def read_with(**fields: Any) -> ReadNotice:
    """The lycées, with these fields of the tender changed."""
    package = lycees()
    tender_of(package).update(fields)
    return read(package)


def places(faults: tuple[Fault, ...]) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in faults]
