"""Owns the half-years of an alliance: closing them, in order, and what follows from that.

Publishes `period_closed`, `imbalance_detected` and `balances_sealed`, entries of the log like any other.
Never changes what a closed period shows: what comes late counts in the first open one.
"""
