"""The rules of the house that no ready-made lint knows, each shown to hold and each shown to bite."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ("members", "purchasing", "tenders", "ledger")
ERRORS = ("Refused", "Invalid", "NotFound", "Forbidden", "Unavailable")


@dataclass(frozen=True)
class Source:
    """One module; `path` is relative to the repository."""

    path: PurePosixPath
    tree: ast.Module

    @property
    def in_tests(self) -> bool:
        return self.path.parts[0] == "tests"

    @property
    def service(self) -> str | None:
        return self.path.parts[1] if self.path.parts[0] == "services" else None

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Each call with the dotted name of what is called."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield node, ast.unparse(node.func)

    def imports(self) -> Iterator[tuple[int, str]]:
        """Each import with its line, as `module` or `module.name`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


Fault = tuple[int, str]
Rule = Callable[[Source], Iterator[Fault]]


def domains_are_pure(source: Source) -> Iterator[Fault]:
    """Time and ids come in as arguments; decisions can be replayed because nothing else does."""
    if source.path.name != "domain.py":
        return
    outside = r"(asyncio|io|logging|os|pathlib|random|secrets|socket|subprocess|threading|time)(\.|$)"
    for line, name in source.imports():
        if re.match(outside, name) or re.fullmatch(r"uuid\.uuid\d", name) or name.startswith("uuid_utils"):
            yield line, f"a domain does not import {name}"
    for call, name in source.calls():
        if re.search(r"(^|\.)(now|utcnow|today|uuid\d|open|print|input)$", name):
            yield call.lineno, f"a domain does not call {name}"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield node.lineno, "a domain is synchronous"


def amounts_are_exact(source: Source) -> Iterator[Fault]:
    """A binary fraction cannot hold a cent: one float on the way and sums no longer agree to the bit."""
    exact = source.path.parts[:2] in {("libs", "money"), ("libs", "sharing")}
    posting = source.service == "ledger" and "posting" in (*source.path.parts, source.path.stem)
    if not (exact or posting or source.path.name == "domain.py") or source.in_tests:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float | complex):
            yield node.lineno, f"the number {node.value} is a float"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "float":
            yield node.lineno, "float() loses cents"


def tasks_are_supervised(source: Source) -> Iterator[Fault]:
    """A task that nobody holds may be collected while it runs, its error unseen: use a TaskGroup."""
    starts = ("create_task", "asyncio.create_task", "loop.create_task", "asyncio.ensure_future")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            name = ast.unparse(node.value.func)
            if name in starts or re.search(r"get_(running|event)_loop\(\)\.create_task$", name):
                yield node.lineno, f"nobody holds the task of {name}"


def middleware_is_plain(source: Source) -> Iterator[Fault]:
    """BaseHTTPMiddleware runs the application in another task: cancelling and context variables break."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name | ast.alias | ast.Attribute) and "BaseHTTPMiddleware" in ast.unparse(
            node
        ):
            yield node.lineno, "BaseHTTPMiddleware"


def no_test_guesses_at_time(source: Source) -> Iterator[Fault]:
    """A sleep is right in a loop that looks at a condition; alone it is a guess at how fast a machine is."""
    if not source.in_tests:
        return
    looping = {
        id(call)
        for loop in ast.walk(source.tree)
        if isinstance(loop, ast.While | ast.For | ast.AsyncFor)
        for call in ast.walk(loop)
    }
    for call, name in source.calls():
        sleeps = name in {"time.sleep", "asyncio.sleep", "sleep"} and ast.unparse(call.args[0]) != "0"
        if sleeps and id(call) not in looping:
            yield call.lineno, f"{name} outside of a loop that waits for a condition"


def packages_say_what_they_own(source: Source) -> Iterator[Fault]:
    """Three lines: what it owns, what it publishes, what it never does."""
    if source.path.name != "__init__.py" or source.in_tests or "migrations" in source.path.parts:
        return
    said = ast.get_docstring(source.tree) or ""
    for word in ("Owns", "Publishes", "Never"):
        if not re.search(rf"^{word} ", said, re.MULTILINE):
            yield 1, f"no line of the docstring begins with {word}"


def published_events_import_libraries_only(source: Source) -> Iterator[Fault]:
    """Whoever imports another service's contract must not get that service with it."""
    if source.path.name != "events.py" or source.service is None:
        return
    for line, name in source.imports():
        if name.split(".")[0] in SERVICES:
            yield line, f"published events do not import {name}"


RULES: list[Rule] = [
    domains_are_pure,
    amounts_are_exact,
    tasks_are_supervised,
    middleware_is_plain,
    no_test_guesses_at_time,
    packages_say_what_they_own,
    published_events_import_libraries_only,
]


def parse(path: str, text: str) -> Source:
    return Source(PurePosixPath(path), ast.parse(text))


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    files = [
        file
        for folder in ("libs", "services", "deploy", "tests")
        for file in sorted((ROOT / folder).rglob("*.py"))
    ]
    # A package in which nothing stands yet need not say what it owns.
    files = [file for file in files if file.stat().st_size or len(list(file.parent.glob("*.py"))) > 1]
    return [parse(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8")) for file in files]


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_holds_everywhere(rule: Rule, sources: list[Source]) -> None:
    assert [f"{source.path}:{line}: {fault}" for source in sources for line, fault in rule(source)] == []


DOMAIN = "services/members/alliance/domain.py"
BAD = [
    (domains_are_pure, DOMAIN, "from datetime import datetime\nopened = datetime.now()"),
    (domains_are_pure, DOMAIN, "import datetime\nopened = datetime.date.today()"),
    (domains_are_pure, DOMAIN, "import datetime\nopened = datetime.datetime.utcnow()"),
    (domains_are_pure, DOMAIN, "from uuid import uuid4"),
    (domains_are_pure, DOMAIN, "import uuid\nid = uuid.uuid4()"),
    (domains_are_pure, DOMAIN, "from uuid_utils.compat import uuid7"),
    (domains_are_pure, DOMAIN, "import random"),
    (domains_are_pure, DOMAIN, "from secrets import token_hex"),
    (domains_are_pure, DOMAIN, "import time"),
    (domains_are_pure, DOMAIN, "text = open('charter').read()"),
    (domains_are_pure, DOMAIN, "async def decide(): ..."),
    (amounts_are_exact, DOMAIN, "rate = 0.2"),
    (amounts_are_exact, "libs/money/amounts.py", "share = float(total)"),
    (amounts_are_exact, "libs/sharing/methods.py", "half = 5e-1"),
    (amounts_are_exact, "services/ledger/posting/purchasing.py", "rate = 1.0"),
    (amounts_are_exact, "services/ledger/posting.py", "rate = 1.0"),
    (tasks_are_supervised, "libs/events/relay.py", "asyncio.create_task(run())"),
    (tasks_are_supervised, "libs/events/relay.py", "asyncio.get_running_loop().create_task(run())"),
    (
        middleware_is_plain,
        "libs/service/limits.py",
        "from starlette.middleware.base import BaseHTTPMiddleware",
    ),
    (middleware_is_plain, "libs/service/limits.py", "class Limit(base.BaseHTTPMiddleware): ..."),
    (no_test_guesses_at_time, "tests/unit/test_x.py", "time.sleep(1)"),
    (no_test_guesses_at_time, "tests/rigs/x.py", "async def wait(): await asyncio.sleep(0.1)"),
    (packages_say_what_they_own, "services/members/alliance/__init__.py", ""),
    (packages_say_what_they_own, "libs/money/__init__.py", '"""Owns amounts.\nPublishes none."""'),
    (
        published_events_import_libraries_only,
        "services/members/alliance/events.py",
        "import members.alliance.domain",
    ),
    (
        published_events_import_libraries_only,
        "services/ledger/period/events.py",
        "from purchasing import campaign",
    ),
]


@pytest.mark.parametrize(("rule", "path", "text"), BAD)
def test_the_rule_bites(rule: Rule, path: str, text: str) -> None:
    assert list(rule(parse(path, text)))


def test_every_rule_is_seen_biting() -> None:
    assert {rule for rule, _, _ in BAD} == set(RULES)


def raised_codes(sources: list[Source]) -> Iterator[tuple[Source, int, str]]:
    """Where an error of the domain is made with a code of its own."""
    for source in sources:
        if source.in_tests:
            continue
        for call, name in source.calls():
            if name.split(".")[-1] in ERRORS and call.args and isinstance(call.args[0], ast.Constant):
                yield source, call.lineno, str(call.args[0].value)


def explained_codes(sources: list[Source]) -> dict[tuple[str | None, str], list[str]]:
    """(service or None for libraries, code) → its texts, from each `messages.py`."""
    found: dict[tuple[str | None, str], list[str]] = {}
    for source in sources:
        if source.path.name != "messages.py" or source.in_tests:
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(value, ast.Call):
                        texts = [*value.args, *(keyword.value for keyword in value.keywords)]
                        found[source.service, str(key.value)] = [
                            str(text.value) for text in texts if isinstance(text, ast.Constant) and text.value
                        ]
    return found


def codes_without_texts(sources: list[Source]) -> list[str]:
    explained = explained_codes(sources)
    faults = [
        f"{source.path}:{line}: {code} is in no messages.py"
        for source, line, code in raised_codes(sources)
        if (source.service, code) not in explained and (None, code) not in explained
    ]
    for (service, code), texts in explained.items():
        if len(texts) != 2:
            faults.append(f"{service or 'libs'}: {code} has not one English and one French text")
        elif len({frozenset(re.findall(r"{(\w+)}", text)) for text in texts}) != 1:
            faults.append(f"{service or 'libs'}: {code} has other parameters in English than in French")
    return faults


def test_every_error_code_has_an_english_and_a_french_text(sources: list[Source]) -> None:
    assert codes_without_texts(sources) == []


@pytest.mark.parametrize(
    "messages",
    [
        "MESSAGES = {}",
        "MESSAGES = {'frozen': Message('It is frozen.')}",
        "MESSAGES = {'frozen': Message(en='It is frozen.', fr='')}",
        "MESSAGES = {'frozen': Message(en='Frozen since {day}.', fr='Elle est gelée.')}",
    ],
)
def test_an_error_code_without_both_texts_is_found(messages: str) -> None:
    domain = parse("services/purchasing/campaign/domain.py", "raise Refused('frozen')")
    assert codes_without_texts([domain, parse("services/purchasing/messages.py", messages)])
    good = "MESSAGES = {'frozen': Message(en='It is frozen.', fr='Elle est gelée.')}"
    assert not codes_without_texts([domain, parse("services/purchasing/messages.py", good)])
    assert codes_without_texts([domain, parse("services/tenders/messages.py", good)])


FORBIDDEN_IMPORTS = {
    "sharing/methods.py": "import members",
    "events/store.py": "import service",
    "money/amounts.py": "import events, sharing",
    "tlog/merkle.py": "import events",
    "purchasing/campaign/views.py": "from members.alliance import domain",
    "ledger/app.py": "import embedded",
    "ledger/audit/folder.py": "import asyncpg",
    "members/alliance/events.py": "import sqlalchemy",
    "members/alliance/domain.py": "import sqlalchemy",
    "demo/player.py": "import members",
}


def test_every_import_contract_bites(tmp_path: Path) -> None:
    for file in FORBIDDEN_IMPORTS:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    for package in ("service", "tenders", "embedded", "processes"):
        (tmp_path / package).mkdir()
    for folder in [*tmp_path.rglob("*")]:
        (folder / "__init__.py").touch()
    for file, text in FORBIDDEN_IMPORTS.items():
        (tmp_path / file).write_text(text)
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--config", ROOT / "pyproject.toml"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert re.search(r"Contracts: 0 kept, [1-9]\d* broken", done.stdout), done.stdout
