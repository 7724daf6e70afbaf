"""Owns the log: every followed event as an entry, byte for byte, after the one that opens the log.

Publishes `log_opened`, the first entry of each log.
Never changes, leaves out or reorders an entry.
"""
