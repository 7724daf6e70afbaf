"""Owns the form in which all of the product runs in one process: its data folder, secrets and PostgreSQL.
Publishes the program `alliance`, which a newcomer runs on a laptop and a small alliance on its one machine.
Never holds rules of an alliance: it starts, connects and stops what the services are made of.
"""
