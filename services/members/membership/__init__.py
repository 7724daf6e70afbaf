"""Owns each company's membership: its card, from application to leaving, under one identity for ever.

Publishes the changes of status that every service follows.
Never forgets a member: one that comes back finds its history again.
"""
