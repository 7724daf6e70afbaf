"""Owns journals: the log's postings as other programs read them, so that these find the same balances.

Publishes hledger, ledger, beancount and csv; the same log gives the same bytes.
Never lets a text out of the log say anything to the program that reads it.
"""

from ledger.audit.journals.beancount import BEANCOUNT
from ledger.audit.journals.comma_separated import COMMA_SEPARATED
from ledger.audit.journals.plain_text import HLEDGER, LEDGER
from ledger.audit.journals.writing import Declared, Format, write

FORMATS = {"hledger": HLEDGER, "ledger": LEDGER, "beancount": BEANCOUNT, "csv": COMMA_SEPARATED}

__all__ = ["FORMATS", "Declared", "Format", "write"]
