"""The texts of the codes that any service may answer with."""

from collections.abc import Mapping
from typing import Final

from service.problems import Message

MESSAGES: Final[Mapping[str, Message]] = {
    # Titles, one per status: RFC 9457 wants a title that does not change from one occurrence to the next.
    "title_400": Message("Bad request", "Requête incorrecte"),
    "title_401": Message("Not authenticated", "Non authentifié"),
    "title_403": Message("Not allowed", "Non autorisé"),
    "title_404": Message("Not found", "Introuvable"),
    "title_405": Message("Method not allowed", "Méthode non autorisée"),
    "title_406": Message("Not acceptable", "Non acceptable"),
    "title_409": Message("Refused", "Refusé"),
    "title_412": Message("Another version", "Autre version"),
    "title_413": Message("Too large", "Trop volumineux"),
    "title_415": Message("Unsupported media type", "Type de contenu non pris en charge"),
    "title_422": Message("Invalid", "Non valide"),
    "title_428": Message("Precondition required", "Condition préalable requise"),
    "title_429": Message("Too many requests", "Trop de requêtes"),
    "title_500": Message("Internal error", "Erreur interne"),
    "title_503": Message("Unavailable", "Indisponible"),
    # Requests in general.
    "unexplained": Message("The request was not carried out.", "La requête n’a pas été exécutée."),
    "bad_request": Message("The request cannot be read.", "La requête est illisible."),
    "malformed_json": Message(
        "The body is not JSON as RFC 8259 has it, in UTF-8.",
        "Le corps n’est pas du JSON selon la RFC 8259, en UTF-8.",
    ),
    "nul_character": Message(
        "The character U+0000 is not accepted anywhere.", "Le caractère U+0000 n’est accepté nulle part."
    ),
    "invalid_request": Message(
        "The request breaks the rules listed in errors.", "La requête enfreint les règles citées dans errors."
    ),
    "route_not_found": Message("There is nothing at this address.", "Il n’y a rien à cette adresse."),
    "method_not_allowed": Message(
        "This address does not take this method; see Allow.",
        "Cette adresse n’accepte pas cette méthode ; voir Allow.",
    ),
    "not_acceptable": Message(
        "This cannot be given in a media type that you accept.",
        "Ceci n’existe dans aucun des types de contenu acceptés.",
    ),
    "body_too_large": Message(
        "The body may have {limit} bytes at most.", "Le corps ne peut dépasser {limit} octets."
    ),
    "unsupported_media_type": Message(
        "Send one Content-Type: application/json.", "Envoyez un seul Content-Type : application/json."
    ),
    "rate_limited": Message(
        "Too many requests: wait as Retry-After says.",
        "Trop de requêtes : attendez le délai indiqué par Retry-After.",
    ),
    "internal_error": Message(
        "Something failed here; the request id names it in our log.",
        "Une erreur est survenue ici ; l’identifiant de requête la désigne dans nos journaux.",
    ),
    "unavailable": Message("Try again shortly.", "Réessayez sous peu."),
    "not_ready": Message(
        "This service does not take requests at this moment.",
        "Ce service ne prend pas de requêtes en ce moment.",
    ),
    "not_found": Message(
        "There is no such thing, or it is not for you.", "Cela n’existe pas, ou ne vous est pas accessible."
    ),
    "forbidden": Message("You have no right to this.", "Vous n’en avez pas le droit."),
    # Who calls.
    "token_missing": Message("Send a bearer token.", "Envoyez un jeton d’accès (Bearer)."),
    "token_invalid": Message("The token is not accepted.", "Le jeton d’accès n’est pas accepté."),
    "token_expired": Message("The token has expired.", "Le jeton d’accès a expiré."),
    "ticket_invalid": Message(
        "The ticket is spent, or is for another address.",
        "Le ticket est périmé, ou vaut pour une autre adresse.",
    ),
    "identity_unavailable": Message(
        "The keys of the token issuer cannot be fetched at this moment.",
        "Les clés de l’émetteur des jetons ne peuvent être obtenues en ce moment.",
    ),
    # Commands.
    "idempotency_key_missing": Message(
        "Send an Idempotency-Key: repeating the request with it does nothing twice.",
        "Envoyez une Idempotency-Key : répéter la requête avec elle ne fait rien deux fois.",
    ),
    "idempotency_key_invalid": Message(
        "An Idempotency-Key has 1 to 255 visible ASCII characters.",
        "Une Idempotency-Key a de 1 à 255 caractères ASCII visibles.",
    ),
    "idempotency_key_reused": Message(
        "This Idempotency-Key belongs to another request.",
        "Cette Idempotency-Key appartient à une autre requête.",
    ),
    "idempotency_key_in_flight": Message(
        "The request with this Idempotency-Key is in work.",
        "La requête portant cette Idempotency-Key est en cours.",
    ),
    "if_match_missing": Message(
        "Send If-Match with the version that you change.",
        "Envoyez If-Match avec la version que vous modifiez.",
    ),
    "if_match_invalid": Message(
        "If-Match takes one version, in quotes.", "If-Match prend une seule version, entre guillemets."
    ),
    "stale_version": Message(
        "It has changed meanwhile: its version is {current}.",
        "La ressource a changé entre-temps : sa version est {current}.",
    ),
    # Reading one's own writes, and standing still.
    "position_invalid": Message("A position reads source=sequence.", "Une position s’écrit source=séquence."),
    "unknown_source": Message(
        "This service does not follow that source.", "Ce service ne suit pas cette source."
    ),
    "alliance_frozen": Message(
        "What is shown of this alliance stands still until an operator resumes it.",
        "Cette alliance est figée ici jusqu’à sa reprise par un opérateur.",
    ),
    # Lists.
    "cursor_invalid": Message(
        "The cursor is not one that this list gave.", "Le curseur ne provient pas de cette liste."
    ),
    # Single rules, in errors[].
    "missing": Message("This is required.", "Ceci est obligatoire."),
    "unknown_field": Message("There is no such field.", "Ce champ n’existe pas."),
    "wrong_type": Message("This is of another type.", "Ceci est d’un autre type."),
    "wrong_format": Message("This is not written as it should be.", "Ceci n’est pas écrit comme il faut."),
    "wrong_value": Message("This value is not accepted.", "Cette valeur n’est pas acceptée."),
    "too_short": Message("At least {min_length} characters.", "Au moins {min_length} caractères."),
    "too_long": Message("At most {max_length} characters.", "Au plus {max_length} caractères."),
    "too_few": Message("At least {min_length} items.", "Au moins {min_length} éléments."),
    "too_many": Message("At most {max_length} items.", "Au plus {max_length} éléments."),
    "too_small": Message("At least {ge}.", "Au moins {ge}."),
    "must_exceed": Message("More than {gt}.", "Plus de {gt}."),
    "too_large": Message("At most {le}.", "Au plus {le}."),
    "must_stay_below": Message("Less than {lt}.", "Moins de {lt}."),
    "number_out_of_range": Message(
        "Numbers lie between −(2^53 − 1) and 2^53 − 1.",
        "Un nombre est compris entre −(2^53 − 1) et 2^53 − 1.",
    ),
    "too_many_digits": Message("Too many digits.", "Trop de chiffres."),
    "too_many_decimals": Message(
        "At most {decimal_places} decimal places.", "Au plus {decimal_places} décimales."
    ),
    "not_one_of": Message("One of: {expected}.", "L’une des valeurs : {expected}."),
    "stream_broken": Message(
        "What is recorded of this has a hole: an operator must look at it.",
        "L’historique de cet objet est interrompu : un exploitant doit intervenir.",
    ),
    "database_unavailable": Message(
        "The database cannot be reached: repeat the request with the same Idempotency-Key.",
        "La base de données est injoignable : répétez la requête avec la même Idempotency-Key.",
    ),
    "restoring": Message(
        "The database is being compared with what was published, since it may have been put back to an"
        " earlier state: repeat the request with the same Idempotency-Key.",
        "La base de données, peut-être restaurée, est en cours de comparaison avec ce qui a été publié :"
        " répétez la requête avec la même Idempotency-Key.",
    ),
    "alliance_not_restored": Message(
        "The database lacks published events of this alliance: an operator must look at it.",
        "Des événements publiés de cette alliance manquent dans la base : un exploitant doit intervenir.",
    ),
    "alliance_unknown": Message(
        "There is no such alliance, or you have no role in it.",
        "Cette alliance n’existe pas, ou vous n’y avez aucun rôle.",
    ),
    "company_unknown": Message(
        "There is no such company in this alliance.", "Cette entreprise n’est pas dans l’alliance."
    ),
    "wrong_currency": Message(
        "Amounts are in the charter’s currency, {currency}.",
        "Les montants sont dans la monnaie de la charte, {currency}.",
    ),
    "effective_on_in_future": Message(
        "The date lies after today, {today}.", "La date est postérieure à aujourd’hui, {today}."
    ),
    "effective_on_before_founding": Message(
        "The date lies before the founding, {founded_on}.",
        "La date est antérieure à la fondation, {founded_on}.",
    ),
    "effective_on_before_charter": Message(
        "No charter was in force on this date.", "Aucune charte n’était en vigueur à cette date."
    ),
    "effective_on_too_far_back": Message(
        "The charter lets a date lie {days} days back.",
        "La charte permet de remonter de {days} jours.",
    ),
    "position_not_reached": Message(
        "Position {sequence} of {source} has not been reached here yet.",
        "La position {sequence} de {source} n’est pas encore atteinte ici.",
    ),
}
