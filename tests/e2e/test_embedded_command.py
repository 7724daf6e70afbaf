"""The program `alliance`, run as a person runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from embedded.folder import CannotStart, held, in_one_sentence
from embedded.secrets import load_or_make
from embedded.tokens import AUDIENCE, ISSUER, issuer_of
from service.auth import Keys, Verifier


def alliance(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("alliance")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


async def test_a_token_names_the_person_to_the_services(tmp_path: Path) -> None:
    with held(tmp_path / "data") as folder:
        secrets = load_or_make(folder)
        made = alliance("token", "alice", "--data", str(folder.path))
        assert (made.returncode, made.stderr) == (0, "")
        keys = issuer_of(folder).jwks_path
        assert {
            file.name: oct(file.stat().st_mode & 0o777) for file in secrets.issuer.glob("signing-key*")
        } == {"signing-key.json": "0o600"}
    verifier = Verifier(Keys.at(str(keys)), issuer=ISSUER, audience=AUDIENCE, secret=secrets.deployment)
    caller = await verifier.verify(made.stdout.strip())
    assert caller.subject == "alice"


def test_a_token_without_data_is_refused_in_one_sentence(tmp_path: Path) -> None:
    refused = alliance("token", "alice", "--data", str(tmp_path / "none"))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"There is no data in {tmp_path / 'none'} yet: run the product once, or name its data folder.\n"
    )
    assert not (tmp_path / "none").exists()


def test_a_background_task_that_cannot_start_ends_the_program_in_one_sentence() -> None:
    with pytest.raises(SystemExit, match=r"^it does not come up$"), in_one_sentence():
        raise ExceptionGroup("tasks", [ExceptionGroup("inner", [CannotStart("it does not come up")])])
    with pytest.raises(ExceptionGroup), in_one_sentence():
        raise ExceptionGroup("tasks", [ValueError("a fault of ours")])
