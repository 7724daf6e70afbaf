"""The texts of the members service's refusals."""

from collections.abc import Mapping
from typing import Final

from service.problems import Message

MESSAGES: Final[Mapping[str, Message]] = {
    "card_not_filled_in": Message(
        en="Its card is not filled in: {name}.",
        fr="La fiche n’est pas remplie : {name}.",
    ),
    "charter_without_dues": Message(
        en="The charter in force has no dues for this many people.",
        fr="La charte en vigueur ne fixe pas de cotisation pour cet effectif.",
    ),
    "company_twice": Message(
        en="This company is named twice.",
        fr="Cette entreprise est citée deux fois.",
    ),
    "due_before_call": Message(
        en="The due date lies before the call.",
        fr="L’échéance est antérieure à l’appel.",
    ),
    "dues_called_already": Message(
        en="This company has been called for the year already.",
        fr="Cette entreprise a déjà été appelée pour l’année.",
    ),
    "dues_nobody_to_call": Message(
        en="Every active member has been called for the year.",
        fr="Tous les membres actifs ont déjà été appelés pour l’année.",
    ),
    "dues_year_wrong": Message(
        en="The year lies before the founding, or after the next one.",
        fr="L’année précède la fondation, ou dépasse l’an prochain.",
    ),
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
    "activity_code_wrong": Message(
        en="This is no subclass of the NAF, such as 24.51Z.",
        fr="Ceci n’est pas une sous-classe de la NAF, par exemple 24.51Z.",
    ),
    "amount_negative": Message(
        en="This amount is not negative.",
        fr="Ce montant n’est pas négatif.",
    ),
    "application_pending": Message(
        en="Another company of yours is applying here already.",
        fr="Une autre de vos entreprises est déjà candidate ici.",
    ),
    "before_decision": Message(
        en="It was decided on {day}: not before that day.",
        fr="La décision est du {day} : pas avant ce jour.",
    ),
    "charter_before_latest": Message(
        en="The latest charter begins on {day}: the next one after that day.",
        fr="La dernière charte commence le {day} : la suivante, après ce jour.",
    ),
    "charter_in_force_already": Message(
        en="This proposal has become charter {version}.",
        fr="Cette proposition est devenue la charte {version}.",
    ),
    "charter_proposal_unknown": Message(
        en="There is no such proposal of a charter here.",
        fr="Il n’y a pas ici de telle proposition de charte.",
    ),
    "charter_retroactive": Message(
        en="A charter is not retroactive: from {day} at the earliest.",
        fr="Une charte n’est pas rétroactive : à partir du {day} au plus tôt.",
    ),
    "charter_unknown": Message(
        en="There is no such charter here.",
        fr="Il n’y a pas ici de telle charte.",
    ),
    "closes_at_past": Message(
        en="The closing lies in the past.",
        fr="La clôture est dans le passé.",
    ),
    "closes_at_too_far": Message(
        en="A vote lasts {days} days at most.",
        fr="Un vote dure {days} jours au plus.",
    ),
    "currency_fixed": Message(
        en="The alliance reckons in {currency}, in every charter.",
        fr="L’alliance compte en {currency}, dans toutes ses chartes.",
    ),
    "decision_carried_out_already": Message(
        en="This decision has been carried out already.",
        fr="Cette décision a déjà été exécutée.",
    ),
    "decision_company_mismatch": Message(
        en="Decisions about a membership name a company, the others none.",
        fr="Les décisions sur une adhésion nomment une entreprise, les autres aucune.",
    ),
    "decision_not_found": Message(
        en="There is no such decision here.",
        fr="Il n’y a pas ici de telle décision.",
    ),
    "decision_not_passed": Message(
        en="This decision has not passed: {status}.",
        fr="Cette décision n’a pas été adoptée : {status}.",
    ),
    "decision_of_other_matter": Message(
        en="This decision is about something else.",
        fr="Cette décision porte sur autre chose.",
    ),
    "decision_opened_already": Message(
        en="The vote has been opened already.",
        fr="Le vote est déjà ouvert.",
    ),
    "decision_proposal_mismatch": Message(
        en="Decisions about a charter name its proposal, the others none.",
        fr="Les décisions sur une charte nomment sa proposition, les autres aucune.",
    ),
    "decision_unknown": Message(
        en="There is no such decision here.",
        fr="Il n’y a pas ici de telle décision.",
    ),
    "dues_from_zero_missing": Message(
        en="The first tier of dues is from 0 people on.",
        fr="Le premier palier de cotisation commence à 0 personne.",
    ),
    "dues_tiers_unordered": Message(
        en="Tiers of dues rise, and each number stands once.",
        fr="Les paliers de cotisation vont croissant, chacun une seule fois.",
    ),
    "electorate_empty": Message(
        en="Nobody would have a vote.",
        fr="Personne n’aurait de voix.",
    ),
    "hour_limits_without_zero": Message(
        en="The limits of HOUR have 0 between them.",
        fr="Les limites de HOUR encadrent 0.",
    ),
    "leaving_refused": Message(
        en="It cannot leave yet: {reasons}.",
        fr="Elle ne peut pas encore partir : {reasons}.",
    ),
    "no_notice": Message(
        en="This member has not given notice.",
        fr="Ce membre n’a pas donné de préavis.",
    ),
    "not_in_electorate": Message(
        en="This company has no vote here: it was not active, or has an interest.",
        fr="Cette entreprise n’a pas de voix ici : elle n’était pas active, ou a un intérêt.",
    ),
    "person_registered_already": Message(
        en="The directory has an entry for this person.",
        fr="L’annuaire a une fiche pour cette personne.",
    ),
    "person_unknown": Message(
        en="The directory has no entry for this person.",
        fr="L’annuaire n’a pas de fiche pour cette personne.",
    ),
    "result_sealed": Message(
        en="The result is open once the vote is closed, and not before, to nobody.",
        fr="Le résultat est connu à la clôture du vote, et de personne avant.",
    ),
    "siren_wrong": Message(
        en="This is no SIREN: nine digits, the last a check digit.",
        fr="Ceci n’est pas un SIREN : neuf chiffres, le dernier étant une clé.",
    ),
    "siret_of_other_siren": Message(
        en="A SIRET begins with the company’s SIREN.",
        fr="Un SIRET commence par le SIREN de l’entreprise.",
    ),
    "siret_wrong": Message(
        en="This is no SIRET: fourteen digits, the last a check digit.",
        fr="Ceci n’est pas un SIRET : quatorze chiffres, le dernier étant une clé.",
    ),
    "status_forbids": Message(
        en="Not in the present state of the membership: {status}.",
        fr="Pas dans l’état actuel de l’adhésion : {status}.",
    ),
    "vat_number_of_other_siren": Message(
        en="A VAT number ends with the company’s SIREN.",
        fr="Un numéro de TVA finit par le SIREN de l’entreprise.",
    ),
    "vat_number_wrong": Message(
        en="This is no French VAT number: FR, two signs of a key, the SIREN.",
        fr="Ceci n’est pas un numéro de TVA français : FR, une clé de deux signes, le SIREN.",
    ),
    "vote_not_open": Message(
        en="The vote has not been opened.",
        fr="Le vote n’est pas ouvert.",
    ),
    "vote_over": Message(
        en="The vote is over.",
        fr="Le vote est clos.",
    ),
    "witness_key_malformed": Message(
        en="This is no verifier key of a witness.",
        fr="Ceci n’est pas la clé publique d’un témoin.",
    ),
    "witness_key_of_a_log": Message(
        en="This key signs logs: a witness’ key is one of cosignatures.",
        fr="Cette clé signe des journaux : celle d’un témoin est une clé de cosignature.",
    ),
    "witness_quorum_unreachable": Message(
        en="The charter names {count} witnesses: no more of them can sign.",
        fr="La charte désigne {count} témoins : ils ne peuvent pas être plus nombreux à signer.",
    ),
    "witness_twice": Message(
        en="This witness is named already, by its name or by its key.",
        fr="Ce témoin est déjà désigné, par son nom ou par sa clé.",
    ),
}
