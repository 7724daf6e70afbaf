"""Owns how an event becomes balanced transactions: pure rules, one module a source service.

Publishes the postings of an event, the same whatever the interleaving of the sources.
Never looks anything up: all that a rule needs stands in its event.
"""
