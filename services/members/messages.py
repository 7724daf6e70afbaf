"""The texts of the members service's refusals."""

from collections.abc import Mapping
from typing import Final

from service.problems import Message

MESSAGES: Final[Mapping[str, Message]] = {
    "last_coordinator": Message(
        en="The only coordinator stays until another one is named.",
        fr="La seule coordination reste en place tant qu'une autre n'est pas désignée.",
    ),
    "role_company_mismatch": Message(
        en="Directors and delegates act for one company, the other roles for none.",
        fr="Les dirigeants et délégués agissent pour une entreprise, les autres rôles pour aucune.",
    ),
    "role_granted_already": Message(
        en="This person already has that role.", fr="Cette personne a déjà ce rôle."
    ),
    "role_not_granted": Message(
        en="This person does not have that role.", fr="Cette personne n'a pas ce rôle."
    ),
}
