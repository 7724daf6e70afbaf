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
    "charter_not_known_yet": Message(
        en="The alliance's charter has not arrived here yet.",
        fr="La charte de l'alliance n'est pas encore parvenue ici.",
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
}
