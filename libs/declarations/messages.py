"""The texts of refusals about declarations."""

from collections.abc import Mapping
from typing import Final

from service.problems import Message

MESSAGES: Final[Mapping[str, Message]] = {
    "declaration_unknown": Message(
        en="There is no such declaration in this service.",
        fr="Cette déclaration n’existe pas dans ce service.",
    ),
    "declaration_not_awaiting": Message(
        en="This declaration does not wait for an attestation.",
        fr="Cette déclaration n’attend pas d’attestation.",
    ),
    "declaration_not_contested": Message(
        en="Only what is contested is arbitrated.",
        fr="Seule une déclaration contestée est arbitrée.",
    ),
    "declaration_reversed_already": Message(
        en="This declaration is reversed already.", fr="Cette déclaration est déjà annulée."
    ),
    "before_declaration": Message(
        en="The date lies before that of the declaration.",
        fr="La date est antérieure à celle de la déclaration.",
    ),
    "project_unknown": Message(
        en="There is no such project in this service.", fr="Ce projet n’existe pas dans ce service."
    ),
    "replaced_unknown": Message(
        en="This company has made no such declaration for this project.",
        fr="Cette entreprise n’a pas fait cette déclaration pour ce projet.",
    ),
    "replaced_stands": Message(
        en="Reverse the declaration before you replace it.",
        fr="Annulez la déclaration avant de la remplacer.",
    ),
    "replaced_already": Message(
        en="Another declaration stands in its place already.",
        fr="Une autre déclaration l’a déjà remplacée.",
    ),
    "kind_of_work_unknown": Message(
        en="The charter has no hourly rate for this kind of work, or the project does not take it.",
        fr="La charte n’a pas de taux horaire pour ce travail, ou le projet ne l’admet pas.",
    ),
    "kind_of_means_unknown": Message(
        en="The project does not take such means.", fr="Le projet n’admet pas ces moyens."
    ),
    "line_days_wrong": Message(
        en="The last day lies before the first, or {days} days or more after it.",
        fr="Le dernier jour précède le premier, ou le suit de {days} jours ou plus.",
    ),
    "line_after_posting_date": Message(
        en="These hours lie after the date on which they shall count.",
        fr="Ces heures sont postérieures à la date où elles doivent compter.",
    ),
    "more_than_twelve_hours_a_day": Message(
        en="With all hours declared, this person would have worked more than 12 hours a day.",
        fr="Avec toutes les heures déclarées, cette personne aurait travaillé plus de 12 heures par jour.",
    ),
    "budget_exceeded": Message(
        en="This goes beyond the hours budgeted for the company in this project.",
        fr="Ceci dépasse les heures prévues pour l’entreprise dans ce projet.",
    ),
    "amount_by_tariff": Message(
        en="The charter has a tariff for this: leave the amount out.",
        fr="La charte a un tarif pour cela : n’indiquez pas de montant.",
    ),
    "amount_missing": Message(en="An amount is required.", fr="Un montant est requis."),
    "amount_not_positive": Message(en="The amount is more than 0.", fr="Le montant est supérieur à 0."),
    "evidence_missing": Message(
        en="An amount of its own needs evidence.", fr="Un montant libre demande un justificatif."
    ),
    "hours_of_no_work": Message(
        en="What was declared are means: there are no hours to find right.",
        fr="Ce sont des moyens qui ont été déclarés : il n’y a pas d’heures à retenir.",
    ),
    "amount_of_work": Message(
        en="What was declared are hours: name the lines that are right.",
        fr="Ce sont des heures qui ont été déclarées : indiquez les lignes à retenir.",
    ),
    "more_than_declared": Message(
        en="No more is found right than was declared.",
        fr="On ne retient pas plus que ce qui a été déclaré.",
    ),
}
