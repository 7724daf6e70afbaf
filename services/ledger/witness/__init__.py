"""Owns a witness: it cosigns a log's checkpoint only where that goes on from the last one it signed.
Publishes C2SP's tlog-witness over HTTP, `add-checkpoint`, with a key and a memory of its own.
Never sees an entry, a figure or a name, and knows of alliances no more than their logs' names and keys.
"""
