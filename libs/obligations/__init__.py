"""Owns who owes whom [créances]: incurred, declared paid by the debtor, attested by the creditor.

Publishes obligations in the name of the service that they arose in.
Never decides why somebody owes: a form of alliance does.
"""
