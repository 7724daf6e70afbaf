"""`show`: one entry of a log, and the proof that it is there."""

from dataclasses import dataclass

from ledger.audit.findings import Unusable
from ledger.audit.tree import Tree
from tlog.checkpoints import Checkpoint, Proof
from tlog.merkle import inclusion_proof
from tlog.tiles import WIDTH


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry that is in the log; `proof` shows it to others as well."""

    entry: bytes
    proof: Proof
    checkpoint: Checkpoint


def show(tree: Tree, note: bytes, index: int) -> Shown:
    """`note` is the tree's signed checkpoint. Raises DoesNotHold, and Unusable beyond the log."""
    size = tree.checkpoint.size
    if not 0 <= index < size:
        raise Unusable(f"The log has {size} entries, numbered from 0: there is none {index}.")
    entry = tree.bundle(index // WIDTH)[index % WIDTH]
    proof = Proof(index, inclusion_proof(index, size, tree.hashes), note)
    return Shown(entry, proof, proof.check(entry))
