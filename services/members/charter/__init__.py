"""Owns the charter [charte, règles du jeu]: the rules in force, version by version.

Publishes `charter_proposed` and `charter_put_in_force`.
Never changes a version: an amendment is a new one, by a decision that passed.
"""
