"""The texts of the ledger's refusals."""

from collections.abc import Mapping
from typing import Final

from service.problems import Message

MESSAGES: Final[Mapping[str, Message]] = {
    "entry_unknown": Message(
        en="The log has no entry of this index yet.", fr="Le journal n'a pas encore d'entrée à cet indice."
    ),
    "size_beyond_log": Message(
        en="The log has {size} entries: nothing is known of a greater size.",
        fr="Le journal compte {size} entrées : rien n'est connu au-delà.",
    ),
    "sizes_reversed": Message(
        en="The old size is greater than the new one.", fr="L'ancienne taille dépasse la nouvelle."
    ),
    "checkpoint_unknown": Message(
        en="The log has no checkpoint yet: it is signed within seconds of the first entry.",
        fr="Le journal n'a pas encore de point de contrôle : il est signé dans les secondes qui suivent la"
        " première entrée.",
    ),
    "tile_unknown": Message(
        en="The log as published has no such tile.", fr="Le journal publié n'a pas cette tuile."
    ),
    "charter_not_known_yet": Message(
        en="The alliance's charter has not arrived here yet.",
        fr="La charte de l'alliance n'est pas encore parvenue ici.",
    ),
    "company_not_known_yet": Message(
        en="What the alliance's other services tell of one of its companies has arrived here, its joining not"
        " yet.",
        fr="Ce que d'autres services disent d'une entreprise de l'alliance est parvenu ici, son adhésion pas"
        " encore.",
    ),
    "alliance_stands_still": Message(
        en="An event of the alliance could not be applied: nothing is closed while figures are missing.",
        fr="Un événement de l'alliance n'a pas pu être appliqué : rien n'est clos tant que des chiffres "
        "manquent.",
    ),
    "period_not_next": Message(
        en="Half-years are closed in order: {next} is the first open one.",
        fr="Les semestres se closent dans l'ordre : {next} est le premier qui reste ouvert.",
    ),
    "period_not_over": Message(
        en="The half-year is closed on {ends_on} at the earliest.",
        fr="Le semestre se clôt au plus tôt le {ends_on}.",
    ),
    "period_not_closed": Message(
        en="{period} is not closed: its figures are shown to all once it is.",
        fr="{period} n'est pas clos : ses chiffres sont montrés à tous une fois qu'il l'est.",
    ),
    "checkpoint_not_there_yet": Message(
        en="No published checkpoint covers the half-year's closing yet: that takes seconds.",
        fr="Aucun point de contrôle publié ne couvre encore la clôture du semestre : cela prend quelques"
        " secondes.",
    ),
}
