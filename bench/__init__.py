"""Owns the measurements: ratios against a baseline measured in the same run, on the machine at hand.

Publishes a table on stdout. Never fails for being slow: these are no tests.
"""
