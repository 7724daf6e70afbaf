"""What befalls the pieces in a round, and when: worked out from the seed alone, counted in commands sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from embedded.databases import SERVICES
from rigs.pieces import KAFKA, PIECES, POSTGRES

Kind = Literal["kill", "backend", "stop", "cut", "shut", "hold", "slow", "relay"]

KILLED: Final = (*SERVICES, "members", "ledger", KAFKA, POSTGRES, POSTGRES)
"""Whatever stands twice is killed twice as often."""
BESIDE: Final[Sequence[Kind]] = ("stop", "stop", "cut", "cut", "shut", "hold", "slow", "relay")
WAYS: Final = tuple(f"{service}-{end}" for service in SERVICES for end in ("http", POSTGRES, KAFKA))


@dataclass(frozen=True)
class Fault:
    """`at` and `lasts` count commands. `early`: not even waited for until its target takes connections."""

    at: int
    kind: Kind
    target: str
    lasts: int
    early: bool

    @property
    def piece(self) -> str:
        """What has to be there for it: a piece, or a way."""
        return POSTGRES if self.kind in ("backend", "relay") else self.target

    @property
    def is_kill(self) -> bool:
        """Whether it is a SIGKILL."""
        return self.kind in ("kill", "backend")


def faults_of(seed: int, number: int, kills: int) -> Sequence[Fault]:
    """Of the round `number`: so many kills, and about half as many other faults between them."""
    random = Random(f"{seed} {number} faults")
    kinds: list[Kind] = [random.choices(("kill", "backend"), (9, 1))[0] for _ in range(kills)]
    kinds += [random.choice(BESIDE) for _ in range((kills + 1) // 2)]
    random.shuffle(kinds)
    found, at = [], 0
    for kind in kinds:
        at += random.randint(10, 40)
        found.append(
            Fault(at, kind, _target(random, kind), random.randint(0, 25), early=random.random() < 0.15)
        )
    return found


def _target(random: Random, kind: Kind) -> str:
    match kind:
        case "kill":
            return random.choice(KILLED)
        case "backend" | "relay":
            return random.choice(SERVICES)
        case "stop":
            return random.choice(PIECES)
    return random.choice(WAYS)
