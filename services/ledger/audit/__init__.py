"""Owns the auditor's checks of a log in a folder, for people who trust nobody, and the program for them.
Publishes the program `alliance-audit`, and what its commands are made of.
Never reads a database or a service's settings, and takes nothing for true that it has not checked.
"""
