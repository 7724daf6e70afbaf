"""Owns opportunities: what a buyer asks for, lot by lot, and whether the alliance goes for it.

Publishes detection, amendments by the buyer, go and no-go, the beginning of bidding and the end.
Never keeps in an event what a notice says of people, nor descriptions: those stand in documents.
"""
