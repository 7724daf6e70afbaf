"""Where witnesses are reached is told in one variable, and a wrong one ends the start with one sentence."""

import os

import pytest

from ledger.settings import LedgerSettings
from service.settings import load

TOLD = {
    "database_url": "postgresql+asyncpg://ledger@/ledger?host=/run",
    "log_url": "postgresql+asyncpg://ledger@/log?host=/run",
    "jwks": "jwks.json",
    "issuer": "urn:issuer",
    "audience": "alliance",
    "deployment_secret": "ab" * 32,
    **{f"{name}_master": "ab" * 32 for name in ("members", "purchasing", "tenders", "log")},
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("LEDGER_")]:
        monkeypatch.delenv(name)
    return monkeypatch


def test_without_the_variable_no_witness_is_reached(environment: pytest.MonkeyPatch) -> None:
    assert load(LedgerSettings, **TOLD).witnesses == {}


def test_each_witness_has_an_address(environment: pytest.MonkeyPatch) -> None:
    environment.setenv(
        "LEDGER_WITNESSES", "w.example/1=https://w.example/, two.example/w=http://10.0.0.7:8010/way,"
    )
    assert load(LedgerSettings, **TOLD).witnesses == {
        "w.example/1": "https://w.example",
        "two.example/w": "http://10.0.0.7:8010/way",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        "w.example/1", "https://w.example", "w=ftp://hidden", "w=https://", "w=https://hidden:0",
        "w=https://hidden:99999", "w=https://a:hidden@w", "w=https://w/?hidden", "w=https://w/#hidden",
        "w=hidden:80", "=https://hidden", "w=https://a b", "w=http://a,w=http://hidden",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_one_sentence(environment: pytest.MonkeyPatch, wrong: str) -> None:
    environment.setenv("LEDGER_WITNESSES", wrong)
    with pytest.raises(SystemExit) as caught:
        load(LedgerSettings, **TOLD)
    assert str(caught.value.code).startswith("LEDGER_WITNESSES ")
    assert "hidden" not in str(caught.value.code)
