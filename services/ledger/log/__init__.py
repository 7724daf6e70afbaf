"""Owns the sealed log: the Merkle tree over the entries, its key, its checkpoints and its proofs.
Publishes them in C2SP's formats over HTTP and as a folder, the same bytes in both.
Never signs a size that the topic of the ledger has not acknowledged, nor one below the last.
"""
