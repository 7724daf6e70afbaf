"""Owns group purchasing [achat groupé]: campaigns from draft to settled, quotes, commitments, allocation.

Publishes what was committed, bought and allocated, figures sealed to the members they concern.
Never shows a member another one's price or volume.
"""
