"""From a file to the contracting processes in it: packages, records, releases, by themselves or several."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from tenders.notices.document import Node
from tenders.notices.faults import Fault, FaultLog, NoticeRefused
from tenders.notices.merging import merged
from tenders.notices.schema import faults_of_package, faults_of_release
from tenders.notices.values import read_identifier, read_instant

MOST_JUDGED: Final = 2_000
"""Faults against the schema found per release before the search is given up: it is what takes longest."""

_VERSIONS: Final = ("1.0", "1.1")
_LINK: Final = frozenset({"url", "date", "tag"})
"""What a record names of a release that it does not hold."""

_OLDEST: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Process:
    """What a file holds of one contracting process: the `whole` as one release, made of `releases`."""

    ocid: str
    whole: Node
    releases: list[Node]
    dates: list[datetime]
    log: FaultLog


@dataclass(frozen=True, slots=True)
class Opened:
    """A file taken apart: `log` is about the package, `refused` about what belongs to no process."""

    log: FaultLog
    processes: list[Process] = field(default_factory=list)
    refused: FaultLog = field(default_factory=FaultLog)


def opened(root: Node, log: FaultLog) -> Opened:
    """Take a file apart; NoticeRefused with `not_ocds` or `package_empty` when there is nothing to take."""
    found = Opened(log)
    records, releases = root.get("records"), root.get("releases")
    standing_alone = root.get("ocid") is not None
    if records and (records.entries or not releases):
        _judge_package(root, "records", log)
        for record in _objects(records, found):
            _open_record(record, found)
    elif releases and not standing_alone:
        _judge_package(root, "releases", log)
        _open_releases(_objects(releases, found), found)
    elif releases or root.get("compiledRelease"):
        log.add("", "package_missing")
        _open_record(root, found)
    elif standing_alone or root.get("tender") or root.get("tag"):
        log.add("", "package_missing")
        _open_releases([root], found)
    else:
        raise NoticeRefused([Fault.at("", "not_ocds"), *log.listed()])
    if not found.processes and not found.refused.listed():
        raise NoticeRefused([Fault.at("", "package_empty"), *log.listed()])
    return found


def _judge_package(root: Node, contents: str, log: FaultLog) -> None:
    metadata = {key: node.plain() for key, node in root.members.items() if key != contents}
    log.extend(islice(faults_of_package(metadata), MOST_JUDGED))
    version = root.get("version")
    if version and str(version.value) not in _VERSIONS:
        log.add(version.pointer, "version_unknown")


def _objects(listed: Node, found: Opened) -> Iterator[Node]:
    if not listed.is_list:
        found.refused.add(listed.pointer, "not_a_list")
    for entry in listed.entries:
        if entry.is_object:
            yield entry
        else:
            found.refused.add(entry.pointer, "not_an_object")


def _open_releases(releases: Iterable[Node], found: Opened) -> None:
    """Releases that stand side by side: those of one ocid are one process."""
    belonging: dict[str, list[Node]] = {}
    for release in releases:
        # What is odd about the ocid is logged when the schema and the reader come to it.
        if (ocid := read_identifier(release.get("ocid"), FaultLog())) is None:
            found.refused.add(f"{release.pointer}/ocid", "ocid_missing")
        else:
            belonging.setdefault(ocid, []).append(release)
    for ocid, own in belonging.items():
        found.processes.append(_process(ocid, own, None, FaultLog()))


def _open_record(record: Node, found: Opened) -> None:
    log = FaultLog()
    compiled = record.get("compiledRelease")
    if compiled and not compiled.is_object:
        log.add(compiled.pointer, "not_an_object")
        compiled = None
    embedded = [release for release in record.objects("releases") if not release.members.keys() <= _LINK]
    held = [*embedded, compiled] if compiled else embedded
    named = [node for release in (record, *held) if (node := release.get("ocid"))]
    ocid = next(filter(None, (read_identifier(node, FaultLog()) for node in named)), None)
    if ocid is None:
        found.refused.add(f"{record.pointer}/ocid", "ocid_missing")
    elif not held:
        versioned = record.get("versionedRelease") is not None
        found.refused.add(record.pointer, "versioned_release" if versioned else "releases_linked_only")
    else:
        for key in ("ocid", "releases"):
            if record.get(key) is None:
                log.add(f"{record.pointer}/{key}", "schema_required")
        for node in named:
            if read_identifier(node, FaultLog()) != ocid:
                log.add(node.pointer, "ocid_differs")
        found.processes.append(_process(ocid, embedded, compiled, log))


def _process(ocid: str, releases: list[Node], compiled: Node | None, log: FaultLog) -> Process:
    """Releases merged in the order of their dates; what the compiled release has goes before it."""
    dated = []
    for release in releases:
        log.extend(islice(faults_of_release(release.plain(), release.pointer), MOST_JUDGED))
        dated.append((read_instant(release.get("date"), log), release))
        if dated[-1][0] is None:
            log.add(f"{release.pointer}/date", "release_date_missing")
    ordered = [release for _, release in sorted(dated, key=lambda pair: pair[0] or _OLDEST)]
    dates = [date for date, _ in dated if date]
    if compiled is None:
        return Process(ocid, merged(ordered), ordered, dates, log)
    log.extend(islice(faults_of_release(compiled.plain(), compiled.pointer), MOST_JUDGED))
    if (date := read_instant(compiled.get("date"), log)) is not None:
        dates.append(date)
    present = {key: node for key, node in compiled.members.items() if node.value is not None}
    whole = {**merged(ordered).members, **present} if ordered else present
    return Process(ocid, Node(compiled.pointer, whole), ordered or [compiled], dates, log)
