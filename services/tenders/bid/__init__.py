"""Owns bids: one a lot and consortium, from draft to won, lost, withdrawn or cancelled.

Publishes the price sealed once for each member, and how the costs of a lost lot are evened out.
Never submits what not every member has agreed to under the present notice.
"""
