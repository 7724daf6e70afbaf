"""Owns the founding of an alliance and who has which role in it.

Publishes `alliance_founded`, `role_granted`, `role_withdrawn`.
Never says what a role may do: that stands in each service's permissions.
"""
