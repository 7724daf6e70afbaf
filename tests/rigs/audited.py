"""What an auditor gets of a running program: an alliance's log in a folder, and its keys."""

import subprocess
import sys
from pathlib import Path

from rigs.program import ALLIANCE, Program

AUDIT = Path(sys.executable).with_name("alliance-audit")


def exported(program: Program, alliance: str, folder: Path) -> Path:
    """The log as its checkpoint covers it."""
    command = [str(ALLIANCE), "export-log", alliance, str(folder), "--data", str(program.data)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder


def key_file(program: Program, alliance: str, file: Path) -> Path:
    """The keys of all its companies, as an auditor gets them."""
    command = [str(ALLIANCE), "keys", "export", "--alliance", alliance, "--for", "auditor"]
    command += ["--data", str(program.data), str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return file


def audit(*arguments: str | Path) -> str:
    """What it says on stdout; its complaints are the error where it ends with another status than 0."""
    done = subprocess.run([AUDIT, *arguments], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()
