"""What may be asked for: the ids that stand in the places of parameters."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from rigs.operations import Json, Operation


@dataclass
class Ids:
    """What may stand in the place of each parameter: all that any answer to anybody has named; of what
    a service lists, only what stood in that list.
    """

    of: dict[str, dict[str, None]] = field(default_factory=dict)

    def ways(self, operation: Operation) -> Iterator[dict[str, str]]:
        names = [name for name in operation.parameters("path") if name != "alliance"]
        choices = [self.of.get(f"{operation.service}.{name}") or self.of.get(name, {}) for name in names]
        for values in product(*choices):
            yield dict(zip(names, values, strict=True))

    def learn(self, operation: Operation, answer: Json, lists: Mapping[str, str]) -> None:
        """`lists`: path of a list → the parameter that picks an item of it."""
        self._learn(answer, {*lists.values(), "document", "index", "project"} - {"version"})
        if parameter := lists.get(operation.path):
            for item in answer["items"]:
                self.add(f"{operation.service}.{parameter}", name_of(item, parameter))

    def add(self, parameter: str, value: Any) -> None:
        if isinstance(value, str | int):
            self.of.setdefault(parameter, {})[str(value)] = None

    def _learn(self, value: Json, parameters: Iterable[str]) -> None:
        if isinstance(value, Mapping):
            for name, inner in value.items():
                if name in parameters:
                    self.add(name, inner)
                elif isinstance(inner, list) and name.endswith("s"):
                    for item in inner:
                        if isinstance(item, Mapping):
                            self.add(name[:-1], item.get("id"))
                self._learn(inner, parameters)
        elif isinstance(value, list):
            for inner in value:
                self._learn(inner, parameters)


def name_of(item: Mapping[str, Json], parameter: str) -> str:
    return str(item.get(parameter, item.get("id")))


def lists_of(operations: Mapping[str, Operation]) -> Mapping[str, str]:
    gets = [one.path for one in operations.values() if one.method == "GET"]
    found = {}
    for path in gets:
        parent, _, last = path.rpartition("/")
        if last.startswith("{") and parent in gets:
            found[parent] = last[1:-1]
    return found
