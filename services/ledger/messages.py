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
}
