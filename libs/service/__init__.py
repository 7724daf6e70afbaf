"""Owns what every service does the same at its edge: settings, errors, who calls, limits, serving.

Publishes the FastAPI application that a service fills with its routers, and `Problem`, the shape of errors.
Never decides anything of the trade: it knows no command, no event's content and no service by name.
"""
