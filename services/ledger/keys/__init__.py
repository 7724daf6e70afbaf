"""Owns what a log tells of keys: that a new epoch's are used, and that some were handed out.

Publishes `key_rotated` and `keys_exported`, entries of the log like any other.
Never has a secret in an entry, an answer or a file of its own.
"""
