"""Owns a campaign from draft to settled: needs, quotes, commitments, freezing, order, allocation.

Publishes what was committed, bought and allocated, each figure sealed to the member it concerns.
Never commits a member: taking part is each one's own choice, each time.
"""
