"""What an audit ends with when it does not hold.

AuditError
├── DoesNotHold    something is not as the log's checkpoint says: exit code 1
├── Unusable       what was asked for cannot be done with what was given: exit code 2
└── Unreachable    a server gives no answer that could be judged: exit code 3
"""

from functools import partial
from typing import Any, Final

BEYOND: Final = "beyond_range"
"""The code of a sum that is no amount: the lines show it, and no file and no single entry."""


class AuditError(Exception):
    """What stops a command."""


class DoesNotHold(AuditError):
    """The first bad position, and what is wrong there.

    `code` is stable. `at` is a file's path below the log's folder, an address, or `entry N`; `entry` the
    entry whose `show` fails at the same place.
    """

    def __init__(
        self, code: str, at: str, said: str, *, expected: object, found: object, entry: int | None = None
    ) -> None:
        super().__init__(f"{at}: {said}: expected {expected}, found {found}")
        self.code = code
        self.at = at
        self.said = said
        self.expected = str(expected)
        self.found = str(found)
        self.entry = entry

    def __reduce__(self) -> tuple[Any, ...]:
        """It goes from one process to another."""
        again = partial(type(self), expected=self.expected, found=self.found, entry=self.entry)
        return again, (self.code, self.at, self.said)


class Unusable(AuditError):
    """The text says what is missing."""


class Unreachable(AuditError):
    """The text says of which address, and why."""
