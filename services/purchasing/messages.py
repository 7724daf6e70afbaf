"""The texts of the purchasing service's refusals."""

from collections.abc import Mapping
from typing import Final

from service.problems import Message

MESSAGES: Final[Mapping[str, Message]] = {
    "campaign_unknown": Message(en="There is no such campaign.", fr="Cet achat groupé n'existe pas."),
    "campaign_state": Message(
        en="The campaign is not at that point: it is {state}.",
        fr="L'achat groupé n'en est pas là : il est {state}.",
    ),
    "campaign_frozen": Message(
        en="The campaign is frozen: this can no longer be changed.",
        fr="L'achat groupé est figé : cela ne peut plus être modifié.",
    ),
    "campaign_cancelled": Message(en="The campaign is cancelled.", fr="L'achat groupé est annulé."),
    "campaign_settled": Message(en="The campaign is settled.", fr="L'achat groupé est soldé."),
    "campaign_full": Message(
        en="At most {most} members take part in a campaign.",
        fr="Au plus {most} membres participent à un achat groupé.",
    ),
    "effective_on_before_last_step": Message(
        en="The campaign's last step is dated {since}: nothing after it may be dated earlier.",
        fr="La dernière étape de l'achat date du {since} : rien de ce qui suit ne peut être daté d'avant.",
    ),
    "member_not_committing": Message(
        en="The company takes on nothing new: it is not, or no longer, an active member.",
        fr="L'entreprise ne prend plus d'engagement : elle n'est pas, ou plus, membre actif.",
    ),
    "amount_negative": Message(en="The amount is less than 0.", fr="Le montant est inférieur à 0."),
    "need_unknown": Message(
        en="The company has recorded no need.", fr="L'entreprise n'a pas indiqué de besoin."
    ),
    "participant_unknown": Message(
        en="The company takes no part in this campaign.", fr="L'entreprise ne participe pas à cet achat."
    ),
    "former_price_unproven": Message(
        en="A former price comes with evidence.", fr="Un ancien prix s'accompagne d'un justificatif."
    ),
    "invoice_in_future": Message(
        en="The invoice is dated after the need.", fr="La facture est datée d'après le besoin."
    ),
    "invoice_too_old": Message(
        en="The invoice is more than 12 months old.", fr="La facture a plus de 12 mois."
    ),
    "former_price_missing": Message(
        en="The company has recorded no former price.", fr="L'entreprise n'a pas indiqué d'ancien prix."
    ),
    "too_many_quotes": Message(
        en="A campaign has at most {most} quotes.", fr="Un achat a au plus {most} devis."
    ),
    "tiers_invalid": Message(
        en="Tiers begin at 0 or 1 and rise.", fr="Les paliers commencent à 0 ou 1 et croissent."
    ),
    "quote_unknown": Message(en="There is no such quote.", fr="Ce devis n'existe pas."),
    "quote_not_chosen": Message(en="Choose a quote first.", fr="Choisissez d'abord un devis."),
    "quote_expired": Message(
        en="The quote was valid until {until}.", fr="Le devis était valable jusqu'au {until}."
    ),
    "quote_has_commitments": Message(
        en="Members have committed at the chosen quote: they withdraw first.",
        fr="Des membres se sont engagés sur le devis choisi : qu'ils se retirent d'abord.",
    ),
    "commitment_missing": Message(
        en="The company has committed to nothing here.", fr="L'entreprise n'est pas engagée ici."
    ),
    "too_few_commitments": Message(
        en="Methods are compared over at least {fewest} commitments.",
        fr="Les méthodes se comparent sur au moins {fewest} engagements.",
    ),
    "too_few_changes": Message(
        en="Methods are compared again once at least {fewest} commitments have changed.",
        fr="Les méthodes se comparent de nouveau après au moins {fewest} engagements modifiés.",
    ),
    "game_too_large": Message(
        en="Quantities and participants are too many for this method: choose another.",
        fr="Trop de quantités et de participants pour cette méthode : choisissez-en une autre.",
    ),
    "method_unfit": Message(
        en="By this method a member would be paid for buying: choose another.",
        fr="Par cette méthode un membre serait payé pour acheter : choisissez-en une autre.",
    ),
    "surplus_has_owner": Message(
        en="Another company owns the surplus.", fr="Une autre entreprise prend le surplus."
    ),
    "until_in_past": Message(en="That day is over.", fr="Ce jour est passé."),
    "not_participating": Message(
        en="The company takes no part in what was frozen.",
        fr="L'entreprise ne participe pas à ce qui a été figé.",
    ),
    "lead_taken_already": Message(
        en="A company buys for all already.", fr="Une entreprise achète déjà pour tous."
    ),
    "prefinanced_already": Message(
        en="The purchase is prefinanced already.", fr="L'achat est déjà préfinancé."
    ),
    "prefinanced_by_another": Message(
        en="Another company has paid in advance.", fr="Une autre entreprise a payé d'avance."
    ),
    "not_prefinanced": Message(en="Nobody has paid in advance.", fr="Personne n'a payé d'avance."),
    "attested_already": Message(en="That is attested already.", fr="Cela est déjà attesté."),
    "prefinancing_not_attested": Message(
        en="The prefinancing is to be attested first.", fr="Le préfinancement est d'abord à attester."
    ),
    "more_than_ordered": Message(
        en="More than was ordered would have been received.", fr="Il aurait été reçu plus que commandé."
    ),
    "nothing_received": Message(
        en="Nothing was received: cancel the campaign.", fr="Rien n'a été reçu : annulez l'achat."
    ),
    "split_needs_figures": Message(
        en="Only who may read all quantities may split a delivery.",
        fr="Seul qui peut lire toutes les quantités peut répartir une livraison.",
    ),
    "split_before_last": Message(
        en="A split comes with the last delivery.", fr="Une répartition vient avec la dernière livraison."
    ),
    "split_reason_missing": Message(
        en="Say why the split is not pro rata.",
        fr="Dites pourquoi la répartition n'est pas proportionnelle.",
    ),
    "split_wrong": Message(
        en="A split names each participant once, and adds up to what was received.",
        fr="Une répartition nomme chaque participant une fois, et totalise ce qui a été reçu.",
    ),
    "allocated_already": Message(
        en="This invoice is allocated already.", fr="Cette facture est déjà répartie."
    ),
    "allocation_outdated": Message(
        en="The invoice has changed since: allocate it again.",
        fr="La facture a changé depuis : répartissez-la de nouveau.",
    ),
    "independent_person_attests": Message(
        en="A gain exceeds what the charter names: the independent person works the allocation out.",
        fr="Un gain dépasse le seuil de la charte : le tiers de confiance établit la répartition.",
    ),
    "due_on_missing": Message(
        en="Say when members pay who bought or paid in advance.",
        fr="Dites quand les membres paient qui a acheté ou payé d'avance.",
    ),
    "due_on_in_past": Message(
        en="The due date lies before the settlement.", fr="L'échéance précède le solde."
    ),
    "still_open": Message(
        en="Something of the company is still open here.",
        fr="Il reste ici des engagements de l'entreprise.",
    ),
}
