"""Owns contracts won: pending, active, completed or terminated, and the payments received under them.

Publishes expected and recognised benefit, payment received × declared margin, sealed to each member.
Never recognises what has not been paid and attested.
"""
