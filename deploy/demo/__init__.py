"""Owns the story of an alliance's first year as data, and the player that acts it out over HTTP.
Publishes nothing: it is a caller like any other, and knows of the product what its callers may know.
Never looks into a database, and keeps nothing between two runs.
"""
