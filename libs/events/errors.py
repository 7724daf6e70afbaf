"""What may go wrong, as the domain and the event store see it; HTTP is mapped in `service.problems` alone.

AllianceError(code)             stable code, parameters for its texts
├── Refused                     the rules say no in the present state: another time it may pass
├── Invalid                     the command's content is wrong whatever the state; names a JSON pointer
├── NotFound                    no such thing for this caller (another alliance's counts as none)
├── Forbidden                   the caller may see it but not do this
├── Stale                       If-Match named another version than the present one
├── KeyReused                   the Idempotency-Key was used for another request
├── InFlight                    the same key is being worked on at this moment
├── UnknownSource               `after` names a source that this service does not follow
├── Frozen                      the alliance stands still here until an operator resumes it
└── Unavailable                 a dependency is down, or a wait ran out: try again later
    ├── DatabaseUnavailable     the database is lost or busy: nothing is known of a commit
    │   └── Restoring           it may have been put back: nothing is recorded before it was compared
    └── NotRestored             what the alliance lost could not be appended again: a person has to look
"""

from typing import Any


class AllianceError(Exception):
    """Root of the hierarchy. `code` never changes once published; `parameters` fill its texts."""

    def __init__(self, code: str, *, pointer: str | None = None, **parameters: Any) -> None:
        super().__init__(code, parameters)
        self.code = code
        self.pointer = pointer
        self.parameters = parameters


class Refused(AllianceError):
    """The rules of the domain refuse the command in the present state."""


class Invalid(AllianceError):
    """The content of the command is wrong; `pointer` is an RFC 6901 pointer into its body."""


class NotFound(AllianceError):
    """There is no such thing, or the caller may not know of it."""

    def __init__(self, code: str = "not_found", **parameters: Any) -> None:
        super().__init__(code, **parameters)


class Forbidden(AllianceError):
    """The caller is known and has no right to this."""

    def __init__(self, code: str = "forbidden", **parameters: Any) -> None:
        super().__init__(code, **parameters)


class Stale(AllianceError):
    """If-Match does not name the present version of the resource."""

    def __init__(self, current: int) -> None:
        super().__init__("stale_version", current=current)


class KeyReused(AllianceError):
    """The Idempotency-Key has been used with another method, path, query or body."""

    def __init__(self) -> None:
        super().__init__("idempotency_key_reused")


class InFlight(AllianceError):
    """A request with the same Idempotency-Key is in work: ask again shortly."""

    def __init__(self) -> None:
        super().__init__("idempotency_key_in_flight")


class UnknownSource(AllianceError):
    """The position waited for belongs to a source that this service does not follow."""

    def __init__(self, source: str) -> None:
        super().__init__("unknown_source", source=source)


class Frozen(AllianceError):
    """What this service shows of the alliance stands still: an event could not be read or applied."""

    def __init__(self, source: str) -> None:
        super().__init__("alliance_frozen", source=source)


class Unavailable(AllianceError):
    """Something needed is down or late; `retry_after` is in whole seconds."""

    def __init__(self, code: str = "unavailable", *, retry_after: int = 1, **parameters: Any) -> None:
        super().__init__(code, **parameters)
        self.retry_after = retry_after


class DatabaseUnavailable(Unavailable):
    """The database is lost, stopping, full or busy: that says nothing about what was asked of it, and whether
    it was committed is not known. With its key a command may be repeated.
    """

    def __init__(self) -> None:
        super().__init__("database_unavailable")


class Restoring(DatabaseUnavailable):
    """The database may have been put back to an earlier state: nothing is recorded before it was held against
    the service's topic. Nothing was done.
    """

    def __init__(self) -> None:
        Unavailable.__init__(self, "restoring")


class NotRestored(Unavailable):
    """This service's database lacks events of the alliance that were published, and cannot take them back."""

    def __init__(self) -> None:
        super().__init__("alliance_not_restored", retry_after=60)
