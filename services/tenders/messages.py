"""The texts of the tenders service's refusals."""

from collections.abc import Mapping
from typing import Final

from service.problems import Message

MESSAGES: Final[Mapping[str, Message]] = {
    # Notices and opportunities
    "notice_refused": Message(
        en="No opportunity can be made of this notice: see errors ({count}).",
        fr="Cet avis ne permet de créer aucune opportunité : voir errors ({count}).",
    ),
    "notice_known": Message(
        en="Everything in this publication is known already.",
        fr="Tout ce que contient cette publication est déjà connu.",
    ),
    "too_many_processes": Message(
        en="A publication may hold {limit} contracting processes at most.",
        fr="Une publication contient {limit} procédures de marché au plus.",
    ),
    "opportunity_unknown": Message(
        en="There is no such opportunity in this alliance.",
        fr="Cette opportunité n’existe pas dans l’alliance.",
    ),
    "opportunity_stage": Message(
        en="The opportunity is at stage {stage}, where this is not possible.",
        fr="L’opportunité est au stade {stage}, où cela n’est pas possible.",
    ),
    "bids_open": Message(en="{count} bids are still open.", fr="{count} offres sont encore en cours."),
    # Consortia
    "consortium_unknown": Message(
        en="There is no such consortium in this alliance.",
        fr="Ce groupement n’existe pas dans l’alliance.",
    ),
    "consortium_stage": Message(
        en="The consortium is at stage {stage}, where this is not possible.",
        fr="Le groupement est au stade {stage}, où cela n’est pas possible.",
    ),
    "consortium_too_small": Message(
        en="A consortium has two members at least.", fr="Un groupement compte au moins deux membres."
    ),
    "consortium_has_open": Message(
        en="{count} bids or contracts of the consortium are still open.",
        fr="{count} offres ou marchés du groupement sont encore en cours.",
    ),
    "composition_frozen": Message(
        en="All have signed: the composition is frozen.",
        fr="Tous ont signé : la composition est figée.",
    ),
    "lot_unknown": Message(en="There is no lot {lot} here.", fr="Il n’y a pas de lot {lot} ici."),
    "named_twice": Message(en="The same stands here twice.", fr="Le même figure ici deux fois."),
    "not_in_consortium": Message(
        en="This company is not in the consortium.", fr="Cette entreprise n’est pas dans le groupement."
    ),
    "share_of_nothing": Message(
        en="Leave out who has no part in the lot.", fr="Omettez qui n’a pas de part dans le lot."
    ),
    "shares_not_whole": Message(
        en="The work shares add up to {sum} % instead of 100 %.",
        fr="Les parts de travaux totalisent {sum} % au lieu de 100 %.",
    ),
    "shares_missing": Message(
        en="Work shares are set for every lot first, with a part for every member.",
        fr="Les parts de travaux de chaque lot sont d’abord fixées, avec une part pour chaque membre.",
    ),
    "terms_missing": Message(
        en="The company declares its margin, and whether it could have bid alone, before it signs.",
        fr="L’entreprise déclare sa marge, et si elle aurait pu répondre seule, avant de signer.",
    ),
    "agreement_signed_already": Message(
        en="The company has signed already.", fr="L’entreprise a déjà signé."
    ),
    "member_takes_nothing_new": Message(
        en="A company that is suspended or has given notice takes on nothing new.",
        fr="Une entreprise suspendue ou en préavis ne prend pas de nouvel engagement.",
    ),
    # Bids
    "agreement_not_signed": Message(
        en="The agreement of the consortium is not in force.",
        fr="La convention du groupement n’est pas en vigueur.",
    ),
    "lead_without_share": Message(
        en="The lead has no part in this lot.", fr="Le mandataire n’a pas de part dans ce lot."
    ),
    "in_another_bid": Message(
        en="A member stands in another bid for this lot already: a company is in one bid per lot only.",
        fr="Un membre figure déjà dans une autre offre pour ce lot : une seule offre par lot et entreprise.",
    ),
    "bid_stage": Message(
        en="The bid is at stage {stage}, where this is not possible.",
        fr="L’offre est au stade {stage}, où cela n’est pas possible.",
    ),
    "not_in_bid": Message(
        en="This company has no part in the bid.", fr="Cette entreprise ne participe pas à l’offre."
    ),
    "bid_agreed_already": Message(
        en="The company has agreed to the bid as it stands.",
        fr="L’entreprise a déjà approuvé l’offre en l’état.",
    ),
    "bid_not_agreed": Message(
        en="{missing} members have not agreed to the bid as it stands.",
        fr="{missing} membres n’ont pas approuvé l’offre en l’état.",
    ),
    "declarations_wait": Message(
        en="{count} declarations of hours for the lot wait for their attestation.",
        fr="{count} déclarations d’heures pour le lot attendent d’être attestées.",
    ),
    "due_before_effective": Message(
        en="The due date lies before the date of the command.",
        fr="L’échéance est antérieure à la date de l’opération.",
    ),
    "lot_over": Message(
        en="The lot is lost or its contract over: it takes no more declarations.",
        fr="Le lot est perdu ou son marché terminé : il ne reçoit plus de déclarations.",
    ),
    # Contracts
    "contract_stage": Message(
        en="The contract is at stage {stage}, where this is not possible.",
        fr="Le marché est au stade {stage}, où cela n’est pas possible.",
    ),
    "not_in_contract": Message(
        en="This company has no part in the contract.",
        fr="Cette entreprise ne participe pas au marché.",
    ),
    "parts_differ_from_total": Message(
        en="The parts do not add up to the total.", fr="Les parts ne totalisent pas le montant payé."
    ),
    "payment_unknown": Message(
        en="There is no such payment under this contract.", fr="Ce marché n’a pas ce paiement."
    ),
    "payment_stage": Message(
        en="The payment is {stage}, where this is not possible.",
        fr="Le paiement est à l’état {stage}, où cela n’est pas possible.",
    ),
    "payments_wait": Message(
        en="Payments recorded wait for their attestation.",
        fr="Des paiements enregistrés attendent d’être attestés.",
    ),
    # Clearing
    "still_open": Message(
        en="Bids, contracts or obligations of the company are still open.",
        fr="Des offres, des marchés ou des créances de l’entreprise sont encore en cours.",
    ),
}
