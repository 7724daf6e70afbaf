"""Owns what event-sourced services share: the event, its store, the command's path, relay, following,
sealing.

Publishes nothing itself; its users publish through the relay to the log between services.
Never knows HTTP, a service, or what an event of a form of alliance means.
"""
