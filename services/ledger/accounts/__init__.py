"""Owns one member's view of the books: its account, and the statement with the events behind each line.

Publishes nothing: what is shown follows from the log.
Never shows a line to anyone but its member and those who read everything.
"""
