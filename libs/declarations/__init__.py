"""Owns what members declare to have given, hours and means: declared, attested, contested, reversed.

Publishes declarations in the name of the service whose project they belong to.
Never posts: the ledger does, once a declaration counts.
"""
