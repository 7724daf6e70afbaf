"""`alliance-audit` against the product as a person runs it, after the demonstration."""

from json import loads
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from e2e.conftest import Played
from embedded.folder import existing
from embedded.tokens import issuer_of
from ledger.audit.command import app
from tlog.notes import decoded


def audit(*arguments: object, token: str = "") -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)], env={"ALLIANCE_TOKEN": token})


@pytest.fixture(scope="module")
def url(played: Played) -> str:
    return f"{played.program.url}/ledger/v1/alliances/{played.alliance}"


@pytest.fixture(scope="module")
def token(played: Played) -> str:
    return issuer_of(existing(played.program.data)).token("demo-auditor")


@pytest.fixture(scope="module")
def log(played: Played, url: str, token: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log")
    done = audit("fetch", url, folder, token=token)
    assert done.exit_code == 0, done.stderr
    return folder


def found(*arguments: object) -> dict[str, Any]:
    done = audit(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    said: dict[str, Any] = loads(done.stdout)
    return said


def test_the_log_that_is_served_is_fetched_and_holds(played: Played, url: str, log: Path) -> None:
    served = played.program.get("demo-auditor", url.removeprefix(played.program.url) + "/log")
    checked = found("verify", log, "--key", served["keys"][0])
    assert (checked["origin"], checked["size"]) == (served["origin"], served["checkpoint_size"])
    whole = found("complete", log)
    assert whole["alliance"] == played.alliance
    assert sum(whole["sources"].values()) == whole["size"] > 300
    assert set(whole["sources"]) == {
        f"/{service}/alliances/{played.alliance}"
        for service in ("ledger", "members", "purchasing", "tenders")
    }


def test_an_entry_and_its_proof_are_those_that_the_ledger_shows(played: Played, url: str, log: Path) -> None:
    path = url.removeprefix(played.program.url)
    shown = found("show", log, 100)
    served = played.program.get("demo-auditor", f"{path}/entries/100")
    assert shown["bytes"] == served["bytes"]
    proof = played.program.get("demo-auditor", f"{path}/log/proofs/inclusion?index=100&size={shown['size']}")
    assert [bytes.fromhex(one) for one in shown["hashes"]] == [decoded(one) for one in proof["hashes"]]


def test_who_is_not_in_the_alliance_fetches_nothing(played: Played, url: str, tmp_path: Path) -> None:
    stranger = issuer_of(existing(played.program.data)).token("a-stranger")
    for token in ("", stranger):
        done = audit("fetch", url, tmp_path, token=token)
        assert (done.exit_code, done.stdout) == (3, "")
        assert not list(tmp_path.rglob("*"))
