"""The texts of refusals about obligations."""

from collections.abc import Mapping
from typing import Final

from service.problems import Message

MESSAGES: Final[Mapping[str, Message]] = {
    "obligation_unknown": Message(
        en="There is no such obligation in this service.",
        fr="Cette créance n’existe pas dans ce service.",
    ),
    "obligation_not_incurred": Message(
        en="A payment is declared once, of what is still owed.",
        fr="Un paiement se déclare une seule fois, sur une créance encore ouverte.",
    ),
    "obligation_not_open": Message(
        en="It is paid or cancelled: nothing is owed any more.",
        fr="Elle est réglée ou annulée : rien n’est plus dû.",
    ),
    "payment_not_declared": Message(
        en="The debtor has declared no payment of it.",
        fr="Le débiteur n’en a déclaré aucun paiement.",
    ),
    "payment_before_obligation": Message(
        en="The payment lies before the day from which it is owed.",
        fr="Le paiement est antérieur à la naissance de la créance.",
    ),
    "attestation_before_payment": Message(
        en="The attestation lies before the payment declared.",
        fr="L’attestation est antérieure au paiement déclaré.",
    ),
}
