"""Owns joint tendering [cotraitance]: opportunities, notices, consortia, bids, contracts.

Publishes hours, awards and payments, figures sealed to the members they concern.
Never keeps in an event what a notice says of people.
"""
