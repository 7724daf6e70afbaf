"""The table that is printed: what was measured, what it was here, and what it should be."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    measured: str
    here: str
    aim: str

    def __str__(self) -> str:
        return f"| {self.measured} | {self.here} | {self.aim} |"


HEAD = "| measured | here | aim |\n|---|---|---|"
