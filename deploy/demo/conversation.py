"""HTTP with the product as several people: what stays unanswered is asked again under the same key.

CannotPlay(sentence)      the product cannot be reached, or does not answer as the script says
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import stamina

FOLLOWS: Final[Mapping[str, tuple[str, ...]]] = {
    "members": (),
    "purchasing": ("members",),
    "tenders": ("members",),
    "ledger": ("members", "purchasing", "tenders"),
}
"""Whose positions a service can wait for, so that a request finds there what was answered elsewhere."""

SECONDS_TO_WAIT: Final = 120.0
"""For the product to come back, before an unanswered request is given up."""

_SECONDS_A_TURN: Final = 10
_NOT_NOW: Final = frozenset({429, 502, 503, 504})
_IN_FLIGHT: Final = "idempotency_key_in_flight"
_HELD: Final = "alliance_frozen"


class CannotPlay(Exception):
    """One sentence for the person at the terminal."""


class _NotNow(Exception):
    """An answer that says to ask again later, after `seconds` or, without, after a growing while."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"{response.status_code} {code_of(response)}")
        after = response.headers.get("retry-after", "")
        self.seconds = float(after) if after.isdecimal() and int(after) > 1 else None


class Conversation:
    """`bases`: where each service's `/v1` is; `token` makes an access token for a subject."""

    def __init__(self, bases: Mapping[str, str], token: Callable[[str], str]) -> None:
        self._bases = {name: base.rstrip("/") for name, base in bases.items()}
        self._token = token
        self._tokens: dict[str, str] = {}
        self._client = httpx.Client(timeout=60)
        self._answered = False
        self.positions: dict[str, int] = {}
        """By service: the newest position that an answer named."""

    def close(self) -> None:
        self._client.close()

    def token_of(self, subject: str) -> str:
        if subject not in self._tokens:
            self._tokens[subject] = self._token(subject)
        return self._tokens[subject]

    def ask(
        self,
        subject: str,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        waits: bool = True,
    ) -> httpx.Response:
        """The answer to `/<service>/v1/…`, be it a refusal. Raises CannotPlay where none comes.

        Below an alliance the service first waits until it has seen what was answered so far (`waits`).
        """
        service, _, rest = path.lstrip("/").partition("/")
        url = httpx.URL(f"{self._bases[service]}/{rest}")
        if waits and "/alliances/" in path:
            seen = [f"{name}={self.positions[name]}" for name in FOLLOWS[service] if name in self.positions]
            if seen:
                url = url.copy_merge_params({"after": seen, "wait": str(_SECONDS_A_TURN)})
        request = {"Authorization": f"Bearer {self.token_of(subject)}", **(headers or {})}
        if body is not None:
            request["Content-Type"] = "application/json"
        response = self._insist(method, url, body, request)
        for position in filter(None, response.headers.get("alliance-position", "").split(",")):
            name, _, sequence = position.strip().partition("=")
            self.positions[name] = max(int(sequence), self.positions.get(name, 0))
        return response

    def _insist(
        self, method: str, url: httpx.URL, body: bytes | None, headers: Mapping[str, str]
    ) -> httpx.Response:
        try:
            for attempt in stamina.retry_context(
                on=self._when_again,
                attempts=None,
                timeout=SECONDS_TO_WAIT,
                wait_initial=0.05,
                wait_max=2.0,
                wait_jitter=0.05,
            ):
                with attempt:
                    response = self._client.request(method, url, content=body, headers=dict(headers))
                    self._answered = True
                    if _says_later(response):
                        raise _NotNow(response)
        except (httpx.TransportError, _NotNow) as error:
            where = url.copy_with(query=None)
            if not self._answered:
                raise CannotPlay(f"Nothing answers at {where}: start the product first.") from error
            raise CannotPlay(f"No answer from {where}: {str(error) or type(error).__name__}.") from error
        return response

    def _when_again(self, error: Exception) -> bool | float:
        if isinstance(error, _NotNow):
            return error.seconds or True
        # What has never answered is not there, or the URL is wrong: no use waiting.
        return self._answered and isinstance(error, httpx.TransportError)


def _says_later(response: httpx.Response) -> bool:
    if response.status_code == 409:
        return code_of(response) == _IN_FLIGHT
    return response.status_code in _NOT_NOW and code_of(response) != _HELD


def code_of(response: httpx.Response) -> str:
    """The stable code of a problem; empty where the answer is none (RFC 9457)."""
    if "json" not in response.headers.get("content-type", ""):
        return ""
    problem: Any = response.json()
    return str(problem.get("code", "")) if isinstance(problem, dict) else ""
