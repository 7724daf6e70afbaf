"""Owns the auditor's report: one page that holds its figures, its charts and how to check it.

Publishes `Gathered`, what is kept of a replay, and `written`, the page made of it: the same for the same log.
Never runs a script, loads anything, or lets a text out of the log be more than text.
"""

from ledger.audit.report.gathering import Gathered
from ledger.audit.report.page import Checked, written

__all__ = ["Checked", "Gathered", "written"]
