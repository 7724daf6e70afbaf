"""Acts the script out, turn by turn, and holds every answer against what the script expects of it."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

import httpx

from demo.conversation import CannotPlay, Conversation, code_of
from demo.script import Action, Script, Turn, at, filled_in


class Player:
    """Plays one alliance; `run` tells its idempotency keys from those of every other run."""

    def __init__(self, script: Script, conversation: Conversation, run: str) -> None:
        self._script = script
        self._conversation = conversation
        self._run = run
        self.known: dict[str, str] = {}
        """Ids by the names under which the script refers to them."""

    def play(self, turn: Turn) -> None:
        """Raises CannotPlay where the product answers otherwise than the script says."""
        self.known.setdefault("issuer", issuer_of(self._conversation.token_of(turn.action.by)))
        try:
            self._act(turn)
        except CannotPlay as error:
            raise CannotPlay(f"Step {turn.step.number} ({turn.key}): {error}") from error

    def _act(self, turn: Turn) -> None:
        action = turn.action
        person = self._text(action.by, turn)
        path = self._text(action.path, turn)
        headers: dict[str, str] = {}
        body = None
        if action.method != "GET":
            headers["Idempotency-Key"] = f"demo-{self._run}-{turn.key}"
            body = self._body(turn)
        if action.method == "PUT":
            headers["If-Match"] = "*"  # nobody else is at work in this alliance
        answer = self._conversation.ask(person, action.method, path, body=body, headers=headers)
        if action.refused is not None:
            self._require_refusal(turn, person, path, answer)
        elif answer.is_error:
            raise CannotPlay(f"{action.method} {path} was refused: {_said(answer)}.")
        else:
            self._learn(turn, path, answer)

    def _body(self, turn: Turn) -> bytes:
        if turn.action.file is not None:
            return self._script.bytes_of(turn.action.file)
        day = (turn.action.on or turn.step.date).isoformat()
        body = {"effective_on": day, **filled_in(turn.action.body, turn.row, self.known)}
        return json.dumps(body, ensure_ascii=False).encode()

    def _learn(self, turn: Turn, path: str, answer: httpx.Response) -> None:
        action: Action = turn.action
        shown = answer.json()
        if action.shows is not None:
            wanted = filled_in(action.shows, turn.row, self.known)
            if (missing := difference(wanted, shown)) is not None:
                raise CannotPlay(f"{path} does not show {missing}.")
        if action.save is not None:
            self.known[self._text(action.save, turn)] = shown["id"]
        for name, pointer in action.find.items():
            try:
                self.known[self._text(name, turn)] = str(at(self._text(pointer, turn), shown))
            except LookupError as error:
                raise CannotPlay(f"{path} has nothing at {pointer}.") from error

    def _require_refusal(self, turn: Turn, person: str, path: str, answer: httpx.Response) -> None:
        wanted = turn.action.refused
        assert wanted is not None
        if (answer.status_code, code_of(answer)) != (wanted.status, wanted.code):
            raise CannotPlay(f"{path} was to be refused ({wanted.status} {wanted.code}): {_said(answer)}.")
        service = path.split("/")[1]
        feed = f"/{service}/v1/alliances/{self.known['alliance']}/events"
        known = self._conversation.positions.get(service, 0)
        page = self._conversation.ask(person, "GET", f"{feed}?after={known}", waits=False).json()
        # What the service itself answers to others' events may come at any moment.
        if any(item["event"]["actor"] != "system" for item in page["items"]):
            raise CannotPlay(f"{path} was refused ({wanted.code}), and yet something was recorded.")

    def _text(self, text: str, turn: Turn) -> str:
        return str(filled_in(text, turn.row, self.known))


def difference(wanted: Any, shown: Any) -> str | None:
    """What of `wanted` is not in `shown`; an object may show more, and a list other items beside."""
    if isinstance(wanted, Mapping):
        if not isinstance(shown, Mapping):
            return f"an object, {shown!r} instead"
        for key, inner in wanted.items():
            if key not in shown:
                return f"{key}"
            if (missing := difference(inner, shown[key])) is not None:
                return f"{key}: {missing}"
        return None
    if isinstance(wanted, list):
        if not isinstance(shown, list):
            return f"a list, {shown!r} instead"
        for inner in wanted:
            if all(difference(inner, item) is not None for item in shown):
                return f"{inner!r}"
        return None
    return None if wanted == shown else f"{wanted!r}, {shown!r} instead"


def issuer_of(token: str) -> str:
    """The `iss` of an access token: a role is granted to an issuer's subject (RFC 7519, 4.1)."""
    payload = token.split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return str(claims["iss"])


def _said(answer: httpx.Response) -> str:
    if not answer.is_error:
        return f"{answer.status_code}"
    problem = answer.json() if code_of(answer) else {}
    errors = "; ".join(
        f"{error.get('pointer') or error.get('parameter')}: {error['detail']}"
        for error in problem.get("errors", ())
    )
    return " ".join(
        filter(None, (str(answer.status_code), code_of(answer), problem.get("detail", ""), errors))
    )
