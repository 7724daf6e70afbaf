"""Owns the form in which each service is a process of its own, over Kafka: serving, migrating, the topics.
Publishes `alliance serve`, `migrate` and `topics` for any machine, and `run-kafka`, which runs all on one.
Never holds rules of an alliance, and never lets one service see what another is told.
"""
