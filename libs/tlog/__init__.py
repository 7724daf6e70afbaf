"""Owns the formats of transparency logs: RFC 6962 trees, and C2SP's notes, checkpoints, tiles and proofs.
Publishes pure functions over bytes, to the byte what other programs read and write.
Never reads a database, a file or the network, and knows nothing of alliances.
"""
