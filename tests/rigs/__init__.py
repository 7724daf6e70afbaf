"""Owns the real servers that the tests run against: PostgreSQL from its wheel, Kafka with Java from a wheel.
Publishes a class for each (start, stop, kill, start again on the same data), used by the fixtures.
Never leaves a process or a folder behind, even when the test run itself is killed.
"""
