"""Owns the sums: what each member gave, got and may expect, by form, nature, project and day.

Publishes nothing: what is shown follows from the log.
Never shows a figure to who may not read it, nor a total from which one could be worked out.
"""
