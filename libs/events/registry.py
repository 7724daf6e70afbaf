"""Which events a service knows, under which wire names, and how old versions are lifted to the present ones.

A registry refuses to be built (`RegistryError`) with
- two events of one wire name, or a name that is not `alliance.<service>.<name>.v<n>`;
- an upcaster from an unknown shape: chains must end at a class, without a cycle, a fork or a gap.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from events.envelope import Event, Head, MalformedEvent, Recorded, parse, recorded
from events.sealing import Keyring, open_figures

WIRE_NAME = re.compile(r"alliance\.(?P<service>[a-z]+)\.(?P<name>[a-z][a-z_]*)\.v(?P<version>[1-9][0-9]*)")

Upcast = Callable[[dict[str, Any]], dict[str, Any]]
"""Pure, JSON → JSON: the `data` of one version to that of the next."""


class RegistryError(ValueError):
    """The registry contradicts itself: a fault of the program, found at start-up."""


class UnknownEvent(MalformedEvent):
    """No class and no upcaster for this wire name."""


@dataclass(frozen=True)
class Registry:
    """The events of one service, and how to read them."""

    service: str
    classes: Mapping[str, type[Event]]
    upcasters: Mapping[str, Upcast]

    @classmethod
    def of(
        cls, service: str, events: Iterable[type[Event]], upcasters: Mapping[str, Upcast] | None = None
    ) -> "Registry":
        """`upcasters` maps an old wire name to the function that gives the data of the next version."""
        classes: dict[str, type[Event]] = {}
        for event in events:
            name = getattr(event, "type", "")
            match = WIRE_NAME.fullmatch(name)
            if match is None or match["service"] != service:
                raise RegistryError(f"{event.__name__}: {name!r} is no wire name of {service}")
            if event.type in classes:
                raise RegistryError(f"{event.type} stands twice")
            classes[event.type] = event
        registry = cls(service, classes, dict(upcasters or {}))
        for old in registry.upcasters:
            registry._present(old)
        return registry

    def _present(self, name: str) -> str:
        """The last version that `name` is lifted to. Versions only go up by one, so no chain has a cycle."""
        while name in self.upcasters:
            if name in self.classes:
                raise RegistryError(f"{name} has a class and an upcaster")
            name = _next_version(name)
        if name not in self.classes:
            raise RegistryError(f"the upcasters end at {name}, which no class stands for")
        return name

    def read(self, body: bytes, keyring: Keyring) -> Recorded[Event]:
        """Raises `MalformedEvent` (`UnknownEvent` for an unknown type)."""
        return self.decode(parse(body), keyring)

    def decode(self, head: Head, keyring: Keyring) -> Recorded[Event]:
        """Figures open that the ring has keys to. Raises `MalformedEvent`; `InvalidTag` on a forged
        figure.
        """
        name, data = head.type, head.envelope["data"]
        try:
            data = open_figures(data, alliance=head.alliance, event_id=head.id, keyring=keyring)
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise MalformedEvent(f"{head.type}: a sealed figure in another form") from error
        while name in self.upcasters:
            data = self.upcasters[name](data)
            name = _next_version(name)
        event_class = self.classes.get(name)
        if event_class is None:
            raise UnknownEvent(f"unknown event {head.type}")
        try:
            event = event_class.model_validate(data, extra="ignore")
        except ValidationError as error:
            # Never the values: they may be somebody's prices, and this text goes into logs.
            faults = [(fault["loc"], fault["type"]) for fault in error.errors(include_input=False)]
            raise MalformedEvent(f"{head.type}: {faults}") from None
        return recorded(head, event)


def _next_version(name: str) -> str:
    match = WIRE_NAME.fullmatch(name)
    if match is None:
        raise RegistryError(f"{name!r} is no wire name")
    return f"alliance.{match['service']}.{match['name']}.v{int(match['version']) + 1}"
