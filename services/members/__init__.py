"""Owns the alliance's life: founding, charter, roles, decisions, memberships, people, hours and dues.

Publishes who stands where in an alliance, which every other service follows.
Never holds a purchase, a tender or a balance.
"""
