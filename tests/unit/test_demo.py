"""The demonstration's player: what the data says becomes a request, and an answer is held against it."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any

import pytest
from rich.console import Console

from demo.conversation import CannotPlay, Conversation
from demo.figures import Compared, Line, table
from demo.player import Player, difference, issuer_of
from demo.script import Action, Figures, Refusal, Script, Step, Turn, filled_in, load


@pytest.fixture(scope="module")
def script() -> Script:
    return load(files("demo").joinpath("story"))


def test_columns_ids_and_amounts_take_their_places() -> None:
    row = {"member": "Aubrelle", "places": 50, "former": "210.00 EUR"}
    known = {"Aubrelle": "c-1", "P1": "p-1"}
    assert filled_in(
        {"of": "{<member>}", "terms": [{"quantity": "<places>", "price": "<former>"}], "at": "/{P1}/x"},
        row,
        known,
    ) == {
        "of": "c-1",
        "terms": [{"quantity": 50, "price": {"amount": "210.00", "currency": "EUR"}}],
        "at": "/p-1/x",
    }
    assert filled_in(date(2025, 1, 2), {}, {}) == "2025-01-02"
    with pytest.raises(KeyError):
        filled_in("{P2}", row, known)


@pytest.mark.parametrize(
    ("wanted", "shown", "missing"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, None),
        ({"a": [{"id": 2}]}, {"a": [{"id": 1, "x": 0}, {"id": 2, "x": 0}]}, None),
        ({"sealed": True}, {"amount": "250.00"}, "sealed"),
        ({"a": {"b": "1"}}, {"a": {"b": "2"}}, "a: b: '1', '2' instead"),
        ([1, 3], [1, 2], "3"),
        ({"a": 1}, [1], "an object, [1] instead"),
        ([1], {"a": 1}, "a list, {'a': 1} instead"),
    ],
)
def test_an_answer_may_show_more_than_is_wanted_but_not_less(
    wanted: Any, shown: Any, missing: str | None
) -> None:
    assert difference(wanted, shown) == missing


def test_the_issuer_is_read_from_the_token() -> None:
    assert issuer_of("x.eyJpc3MiOiJ1cm46YSJ9.x") == "urn:a"


def figures(**columns: str) -> Figures:
    return Figures(
        title="Balances", by="x", get="/", items="/items", key=("/company",), columns=columns, rows=()
    )


def test_a_figure_differs_by_its_value_and_not_by_its_writing() -> None:
    line = Line(
        "Aubrelle",
        {"net": "2700.0", "ratio": None, "due": "0.00"},
        {"net": "2700.00", "ratio": "1", "due": None},
    )
    assert [line.differs(column) for column in ("net", "ratio", "due")] == [False, True, True]


def test_a_difference_is_marked_without_colours_too() -> None:
    lines = [
        Line("Aubrelle", {"net": "28000.01"}, {"net": "28000.00"}),
        Line("Lumiel", {"net": "5.00"}, {"net": "5.00"}),
    ]
    compared = Compared(figures(net="/net"), lines)
    assert compared.differences == 1
    console = Console(width=100, color_system=None)
    with console.capture() as printed:
        console.print(table(compared))
    rows = [line.split() for line in printed.get().splitlines()]
    assert rows[1:] == [["Aubrelle", "≠", "28,000.01", "28,000.00"], ["Lumiel", "5.00", "5.00"]]


@contextmanager
def answering(answers: Sequence[tuple[int, bytes] | None]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A server that gives these answers in turn, None being a connection cut; its URL, and what it heard."""
    waiting = list(answers)
    heard: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            heard.append((self.headers["Idempotency-Key"], f"{self.path} {body.decode()}"))
            answer = waiting.pop(0)
            if answer is None:
                self.close_connection = True
                return
            self.send_response(answer[0])
            self.send_header("Content-Type", "application/problem+json")
            self.send_header("Content-Length", str(len(answer[1])))
            self.send_header("Alliance-Position", "members=7")
            self.end_headers()
            self.wfile.write(answer[1])

        def log_message(self, format: str, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(base: str) -> tuple[int, dict[str, int]]:
    conversation = Conversation(dict.fromkeys(("members", "ledger"), base), lambda subject: "token")
    conversation.positions["members"] = 5
    try:
        answer = conversation.ask(
            "alice",
            "POST",
            "/ledger/v1/alliances/a/b",
            body=b"{}",
            headers={"Idempotency-Key": "k"},
        )
    finally:
        conversation.close()
    return answer.status_code, conversation.positions


def test_what_stays_unanswered_is_asked_again_word_for_word_under_the_same_key() -> None:
    later = [
        (503, b'{"code": "database_unavailable"}'),
        None,
        (409, b'{"code": "idempotency_key_in_flight"}'),
    ]
    with answering([*later, (201, b"{}")]) as (base, heard):
        assert ask(base) == (201, {"members": 7})
    assert heard == [("k", "/v1/alliances/a/b?after=members%3D5&wait=10 {}")] * 4


@pytest.mark.parametrize(
    "refusal", [(409, b'{"code": "campaign_frozen"}'), (503, b'{"code": "alliance_frozen"}')]
)
def test_a_refusal_is_an_answer(refusal: tuple[int, bytes]) -> None:
    with answering([refusal]) as (base, heard):
        assert ask(base)[0] == refusal[0]
    assert len(heard) == 1


def test_a_product_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("demo.conversation.SECONDS_TO_WAIT", 0.5)
    away = [(503, b'{"code": "database_unavailable"}')] * 100
    with (
        answering(away) as (base, heard),
        pytest.raises(CannotPlay, match=r"^No answer from .*: 503 database_unavailable\.$"),
    ):
        ask(base)
    assert len(heard) > 1


def test_a_product_that_never_answered_is_not_waited_for() -> None:
    with answering([]) as (base, _):
        pass
    with pytest.raises(CannotPlay, match=r"^Nothing answers at .*: start the product first\.$"):
        ask(base)


FROZEN = (409, b'{"code": "campaign_frozen"}')


def recorded_by(actor: str) -> tuple[int, bytes]:
    return 200, b'{"items": [{"event": {"actor": "%s"}}]}' % actor.encode()


@pytest.mark.parametrize(
    ("answers", "complaint"),
    [
        ([FROZEN, (200, b'{"items": []}')], None),
        ([FROZEN, recorded_by("system")], None),
        ([FROZEN, recorded_by("a" * 32)], "yet something was recorded"),
        ([(201, b'{"id": "x"}')], "was to be refused"),
        ([(409, b'{"code": "campaign_settled"}')], "was to be refused"),
    ],
)
def test_a_refusal_has_the_documented_code_and_changes_nothing(
    script: Script, answers: list[tuple[int, bytes]], complaint: str | None
) -> None:
    action = Action(
        by="alice", post="/members/v1/alliances/a/b", refused=Refusal(status=409, code="campaign_frozen")
    )
    turn = Turn(Step(number=9, date=date(2025, 2, 3), what="P1", actions=(action,)), action, {}, "9.1.1")
    with answering(answers) as (base, _):
        conversation = Conversation({"members": base}, lambda subject: "x.eyJpc3MiOiJ1cm46YSJ9.x")
        player = Player(script, conversation, "run")
        player.known["alliance"] = "a"
        try:
            with pytest.raises(CannotPlay, match=complaint) if complaint else nullcontext():
                player.play(turn)
        finally:
            conversation.close()
