"""Owns imports of public notices: one publication, one command, an opportunity for each process in it.

Publishes what each import came to; the opportunities' own events stand in their streams.
Never parses under the lock, and never imports a release twice.
"""
