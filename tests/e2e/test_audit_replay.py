"""The demonstration's year, replayed from its log: to the balances and lines that the ledger shows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from json import dumps, loads
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from typer.testing import CliRunner, Result

from e2e.conftest import Played
from embedded.folder import existing
from embedded.tokens import issuer_of
from ledger.audit.command import app
from ledger.audit.folder import Folder, checkpoint_of
from ledger.audit.keys import KeyFile
from ledger.audit.replay import Replay
from ledger.audit.tree import Tree
from rigs.audited import exported, key_file
from rigs.files import Asked, Files


@dataclass(frozen=True)
class Audited:
    """The log in a folder and the keys of all companies, of a program that goes on."""

    played: Played
    folder: Path
    keys: Path

    def run(self, *arguments: object, token: str = "") -> Result:
        return CliRunner().invoke(app, [*map(str, arguments)], env={"ALLIANCE_TOKEN": token})

    def found(self, *arguments: object, token: str = "") -> Any:
        done = self.run(*arguments, "--json", token=token)
        assert done.exit_code == 0, (done.stdout, done.stderr)
        return loads(done.stdout)

    @property
    def path(self) -> str:
        return f"/ledger/v1/alliances/{self.played.alliance}"

    @property
    def url(self) -> str:
        return f"{self.played.program.url}{self.path}"

    @property
    def token(self) -> str:
        """An auditor's, who may read everything."""
        return issuer_of(existing(self.played.program.data)).token("demo-auditor")

    @property
    def size(self) -> int:
        return checkpoint_of(Folder(self.folder).checkpoint).size

    def served(self, rest: str) -> Any:
        return self.played.program.get("demo-auditor", f"{self.path}{rest}")

    def lines(self, member: str) -> Iterator[Any]:
        cursor = ""
        while True:
            page = self.served(f"/members/{member}/statement?at_size={self.size}&limit=200{cursor}")
            yield from page["items"]
            if page["next"] is None:
                return
            cursor = f"&cursor={page['next']}"

    def of_one(self, company: str, folder: Path) -> Path:
        """A key file as that company gets it."""
        whole = KeyFile.read(self.keys)
        of = UUID(company)
        keys = {service: {of: held[of]} for service, held in whole.keys.items()}
        file = folder / "one.json"
        file.write_text(KeyFile(alliance=whole.alliance, company=of, keys=keys).model_dump_json())
        return file


@pytest.fixture(scope="module")
def audited(played: Played, tmp_path_factory: pytest.TempPathFactory) -> Audited:
    folder = tmp_path_factory.mktemp("audited")
    keys = key_file(played.program, played.alliance, folder / "keys.json")
    return Audited(played, exported(played.program, played.alliance, folder / "log"), keys)


@pytest.mark.parametrize("as_of", [None, "2025-06-30"])
@pytest.mark.parametrize("part", [1, 2, 3])
def test_a_replay_gives_the_balances_that_the_ledger_shows(
    audited: Audited, as_of: str | None, part: int
) -> None:
    size = audited.size * part // 3
    query = f"?at_size={size}" + (f"&as_of={as_of}" if as_of else "")
    served = {one["member"]: one["figures"] for one in audited.served(f"/balances{query}")["members"]}
    asked = ("--keys", audited.keys, "--at-size", size, *(("--as-of", as_of) if as_of else ()))
    found = audited.found("replay", audited.folder, *asked)
    replayed = {one["member"]: one["figures"] for one in found["members"]}
    assert any(one["contributed"]["amount"] != "0.00" for one in replayed.values())
    # The ledger lists who is a member by now.
    assert replayed == {member: served[member] for member in replayed}
    assert all(served[member]["ratio"] is None for member in served.keys() - replayed.keys())
    assert found["sealed"] == 0
    assert all(one["whole"] for one in found["checked"])
    assert part < 3 or found["checked"]


def test_what_the_ledger_serves_is_what_its_log_gives(audited: Audited) -> None:
    found = audited.found("diff", audited.folder, audited.url, "--keys", audited.keys, token=audited.token)
    assert found["lines"] > 100
    assert len(found["members"]) == len(audited.served("/balances")["members"])


def test_one_companys_keys_give_its_own_statement_and_nobody_elses(audited: Audited, tmp_path: Path) -> None:
    folder = Folder(audited.folder)
    checkpoint = checkpoint_of(folder.checkpoint)
    log = list(Tree(checkpoint, folder).entries(range(checkpoint.size)))
    lines = {
        one["member"]: list(audited.lines(one["member"])) for one in audited.served("/balances")["members"]
    }
    company = max(lines, key=lambda member: len(lines[member]))
    keys = audited.of_one(company, tmp_path)
    walk = Replay(KeyFile.read(keys), log.__getitem__)
    own = [
        (one.posted.entry, leg.side, leg.project, leg.sense, leg.commodity)
        for one in walk.over(log)
        for leg in one.posted.legs
        if leg.member == UUID(company)
    ]
    assert own == [
        (
            one["index"],
            one["side"],
            one["project"],
            Decimal(one["amount"]["amount"]),
            one["amount"]["currency"],
        )
        for one in lines[company]
    ]
    found = audited.found("replay", audited.folder, "--keys", keys)
    assert [one["member"] for one in found["members"]] == [company]
    assert found["sealed"] > 0
    compared = audited.found("diff", audited.folder, audited.url, "--keys", keys, token=audited.token)
    assert (list(compared["members"]), compared["lines"]) == ([company], len(own))


def test_who_may_read_nothing_is_told_so(audited: Audited) -> None:
    done = audited.run("diff", audited.folder, audited.url, "--keys", audited.keys)
    assert (done.exit_code, done.stdout) == (3, "")
    assert "--token" in done.stderr


class Relay(Files):
    """The program, but for what `change` makes of its answers."""

    def __init__(self, program_url: str, change: Callable[[str, Any], None]) -> None:
        super().__init__({})
        self._program_url = program_url
        self._change = change

    def answer(self, path: str, asked: Asked) -> None:
        headers = {"Authorization": asked.headers["Authorization"]}
        found = httpx.get(f"{self._program_url}/{path}", headers=headers).raise_for_status().json()
        self._change(path, found)
        asked.give(dumps(found).encode())


def _fifth_line(path: str, answer: Any) -> dict[str, Any] | None:
    """Of a statement's first page."""
    if "/statement" in path and "cursor" not in path and len(answer["items"]) > 5:
        line: dict[str, Any] = answer["items"][5]
        return line
    return None


def _a_cent_more(path: str, answer: Any) -> None:
    if line := _fifth_line(path, answer):
        line["amount"]["amount"] = "1234567.89"


def _a_line_kept_back(path: str, answer: Any) -> None:
    if line := _fifth_line(path, answer):
        answer["items"].remove(line)


def _a_line_doubled(path: str, answer: Any) -> None:
    if line := _fifth_line(path, answer):
        answer["items"].insert(5, line)


@pytest.mark.parametrize("change", [_a_cent_more, _a_line_kept_back, _a_line_doubled])
def test_a_line_served_otherwise_is_named_with_the_entry_behind_it(
    audited: Audited, change: Callable[[str, Any], None]
) -> None:
    with Relay(audited.played.program.url, change) as relay:
        url = relay.root + audited.path
        done = audited.run("diff", audited.folder, url, "--keys", audited.keys, "--json", token=audited.token)
    assert done.exit_code == 1
    finding = loads(done.stdout)["finding"]
    entries = set()
    for one in audited.served("/balances")["members"]:
        page = audited.served(f"/members/{one['member']}/statement?limit=200&at_size={audited.size}")
        if len(page["items"]) > 5:
            entries |= {page["items"][5]["index"], page["items"][6]["index"]}
    assert finding["code"] == "served_otherwise"
    assert finding["entry"] in entries


def test_a_sum_served_otherwise_is_named(audited: Audited) -> None:
    def more(path: str, answer: Any) -> None:
        if "/balances" in path:
            answer["members"][0]["figures"]["contributed"]["amount"] = "0.01"

    with Relay(audited.played.program.url, more) as relay:
        url = relay.root + audited.path
        done = audited.run("diff", audited.folder, url, "--keys", audited.keys, token=audited.token)
    assert done.exit_code == 1
    assert f"{relay.root}{audited.path}/balances" in done.stderr
