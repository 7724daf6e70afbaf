"""Owns the dues [cotisation]: who is called for which calendar year, by the charter's tiers.

Publishes `dues_called`, and with it what each company then owes to the purse.
Never takes a payment: that is declared and attested as of any obligation.
"""
