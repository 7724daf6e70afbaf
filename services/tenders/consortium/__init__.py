"""Owns consortia [groupement momentané d'entreprises]: who bids together, in what form, for which share.

Publishes composition, shares and margins, sealed to those whom they concern, and each one's signature.
Never lets one company sign for another, nor changes what all have signed.
"""
