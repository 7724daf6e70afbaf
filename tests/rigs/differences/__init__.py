"""Owns an alliance's year of private figures, its readers, and the attacker who looks for one's in another's.
Publishes `Observed`, and what is found out from what its readers saw.
Never looks into a database: a reader knows what the product has answered to it.
"""
