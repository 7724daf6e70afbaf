"""Owns the list of who owes whom [créances], from every service's events.

Publishes nothing: an obligation is published by the service that it arose in.
Never shows an obligation to anyone but its two parties and those who read everything.
"""
