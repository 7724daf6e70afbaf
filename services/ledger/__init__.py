"""Owns the books: log entries, postings and balances, projected from every service's events.

Publishes the alliance's log, entry by entry, on its own topic.
Never decides anything about a form of alliance, and never skips an event.
"""
