"""Owns decisions [décisions]: what is voted on, by whom, and how it ended.

Publishes `decision_drafted`, `decision_opened`, `ballot_cast` (sealed until the closing), `decision_closed`.
Never carries out what was decided: the concept concerned does, naming the decision.
"""
