"""Owns the directory of people: the only place where a name stands behind a person id, and can be erased.

Publishes `person_registered`, `person_erased`: ids, and nothing that says who.
Never says what a person may do: that are roles.
"""
