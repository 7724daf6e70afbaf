"""Owns what tests hand in: published files from tests/data, and one valid thing of a kind to be changed.
Publishes it as functions that give a fresh copy each time.
Never starts anything and asserts nothing.
"""
