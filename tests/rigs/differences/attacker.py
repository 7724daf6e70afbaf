"""What a reader can work out from all that it read: the attacker of the privacy tests. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from rigs.differences.figures import SCALE, Kind, Path, plain

CENT: Final = SCALE // 100
PER_CENT: Final = frozenset({"share", "margin"})
PRICES: Final = frozenset({"price", "rate", "former_price", "attested_price"})


@dataclass(frozen=True, slots=True)
class Secret:
    """A figure of others: `what` it is, in words."""

    kind: Kind
    value: int
    owners: frozenset[str]
    what: str


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that was another when it was last seen there, or (None) was not seen before."""

    path: Path
    kind: Kind
    before: int | None
    after: int


@dataclass(frozen=True, slots=True)
class Step:
    """What a reader saw change after one command."""

    command: str
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Finding:
    command: str
    how: str
    secret: Secret

    def __str__(self) -> str:
        owners = ", ".join(sorted(self.secret.owners))
        return f"{self.secret.what} of {owners} after {self.command}: {self.how}"


@dataclass
class _Known:
    """All figures as they were last seen."""

    figures: dict[Path, tuple[Kind, int]] = field(default_factory=dict)

    def distinct(self, kind: Kind) -> Mapping[int, Path]:
        return {value: path for path, (of, value) in self.figures.items() if of is kind}

    def factors(self) -> Mapping[Fraction, Path]:
        """Prices of a unit or an hour, read or worked out from a total of money and of units."""
        found = {
            Fraction(value, SCALE): path
            for path, (kind, value) in self.figures.items()
            if kind is Kind.MONEY and PRICES & set(path[-2:])
        }
        for path, (kind, value) in self.figures.items():
            units = self.figures.get((*path[:-1], "quantity"))
            if kind is Kind.MONEY and units:
                found[Fraction(value, units[1])] = path
        return {factor: path for factor, path in found.items() if factor}

    def percentages(self) -> Mapping[Fraction, Path]:
        return {
            Fraction(value, 100 * SCALE): path
            for path, (kind, value) in self.figures.items()
            if kind is Kind.NUMBER and path[-1] in PER_CENT and value
        }


class Attacker:
    """Looks for `secrets` in what somebody read, step by step, and in what follows from it:

    each figure itself and its difference to the reading before; that, less or plus any other figure that it
    knows; that by each price and each percentage that it knows, up to what rounding to the cent hides.
    """

    def __init__(self, secrets: Sequence[Secret]) -> None:
        self._exact = {(one.kind, one.value): one for one in secrets}
        self._sorted = {
            kind: sorted((one for one in secrets if one.kind is kind), key=lambda one: one.value)
            for kind in Kind
        }
        self._values = {kind: [one.value for one in some] for kind, some in self._sorted.items()}

    def findings(self, steps: Sequence[Step]) -> list[Finding]:
        known, found = _Known(), []
        for step in steps:
            for change in step.changes:
                known.figures[change.path] = (change.kind, change.after)
            found += [Finding(step.command, how, secret) for how, secret in self._of(step, known)]
        return found

    def _of(self, step: Step, known: _Known) -> Iterator[tuple[str, Secret]]:
        factors, percentages = known.factors(), known.percentages()
        for kind in Kind:
            standing = known.distinct(kind)
            for value, how in _moved(step, kind).items():
                if secret := self._exact.get((kind, abs(value))):
                    yield how, secret
                yield from self._beside(kind, value, how, standing)
                yield from self._by_ratio(kind, abs(value), how, factors, percentages)

    def _beside(
        self, kind: Kind, value: int, how: str, standing: Mapping[int, Path]
    ) -> Iterator[tuple[str, Secret]]:
        exact = self._exact
        for other, path in standing.items():
            if secret := exact.get((kind, abs(value - other))):
                yield f"{how} − {_written(path, other)}", secret
            if secret := exact.get((kind, abs(value + other))):
                yield f"{how} + {_written(path, other)}", secret

    def _by_ratio(
        self,
        kind: Kind,
        value: int,
        how: str,
        factors: Mapping[Fraction, Path],
        percentages: Mapping[Fraction, Path],
    ) -> Iterator[tuple[str, Secret]]:
        for factor, path in factors.items():
            if kind is Kind.MONEY:
                yield from self._near(Kind.NUMBER, value / factor, CENT / factor, f"{how} / {path}")
            else:
                yield from self._near(Kind.MONEY, value * factor, Fraction(CENT), f"{how} × {path}")
        if kind is Kind.MONEY:
            for part, path in percentages.items():
                # A difference of two amounts, each of which was rounded.
                yield from self._near(Kind.MONEY, value / part, CENT / part, f"{how} / {path}")
                yield from self._near(Kind.MONEY, value * part, Fraction(CENT), f"{how} × {path}")

    def _near(self, kind: Kind, value: Fraction, width: Fraction, how: str) -> Iterator[tuple[str, Secret]]:
        values = self._values[kind]
        first, beyond = bisect_left(values, value - width), bisect_right(values, value + width)
        for secret in self._sorted[kind][first:beyond]:
            yield how, secret


def _moved(step: Step, kind: Kind) -> Mapping[int, str]:
    """The figures that changed and by how much, and where."""
    found: dict[int, str] = {}
    for change in step.changes:
        if change.kind is kind:
            how = _written(change.path, change.after)
            found.setdefault(change.after, how)
            if change.before is not None:
                found.setdefault(change.after - change.before, f"{how} − {plain(change.before)} before")
    return found


def _written(path: Path, value: int) -> str:
    return f"{'/'.join(path)} = {plain(value)}"
