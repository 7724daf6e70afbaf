"""A report's part on the log: the checkpoint, its keys, and commands that check them without this program."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ledger.audit.books import Books
from ledger.audit.completing import Complete
from ledger.audit.journals.alphabet import one_line
from ledger.audit.report.markup import Markup, tag
from ledger.audit.report.tables import Column, table
from ledger.audit.trusting import Trusted
from ledger.audit.verifying import Verified
from tlog.checkpoints import Checkpoint
from tlog.notes import Note, Verifier

_UNPINNED: Final = (
    "The log’s key was taken from the log itself: whoever made up the whole log would have signed it too. "
    "Compare it with the key that you have from elsewhere, or make this page with --key."
)
_UNWITNESSED: Final = (
    "No witness has cosigned the checkpoint, since no charter in the log names any and none was asked for: "
    "whether others are shown the same history, only comparing checkpoints with them tells."
)
_ED25519: Final = bytes.fromhex("302a300506032b6570032100")
"""What stands before a bare Ed25519 key in the form that openssl reads (RFC 8410, section 4)."""


@dataclass(frozen=True)
class Checked:
    """The log that a report is of, and what was found to hold before it was made."""

    note: bytes
    """The checkpoint, signed."""
    signed_by: Sequence[Verifier]
    key_said: str
    """Where the keys are from."""
    found: Mapping[str, str]
    """What was checked, and with what result."""
    cautions: Sequence[str] = ()
    """What the reader must know before believing it."""
    company: UUID | None = None
    """Whose keys opened the figures; None for an alliance's, `NOBODY` for none."""

    @classmethod
    def of(cls, note: bytes, found: Verified, whole: Complete, trust: Trusted, books: Books) -> "Checked":
        names = ", ".join(one_line(key.name) for key in found.signed_by)
        cautions = [] if trust.pinned else [_UNPINNED]
        witnesses = {}
        quorum = found.cosigned.quorum
        if quorum is None:
            cautions.append(_UNWITNESSED)
        else:
            cosigned = f"{len(found.cosigned.times)} cosigned; needed: {quorum.number}, {quorum.by}"
            witnesses = {"Witnessed": cosigned}
        numbers = ", ".join(f"{name.split('/')[1]} 1 to {last:,}" for name, last in whole.last.items())
        said = {
            "Signed": f"by {names}",
            **witnesses,
            "Unchanged": f"all {found.checkpoint.size:,} entries and every tile lie under the signed root",
            "Complete": f"no event is missing or doubled: {numbers}",
            "Replayed": f"every sum on this page was worked out again from the entries; {_closings(books)}",
        }
        return cls(note, found.signed_by, trust.said, said, cautions, books.keys.company)

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint.parse(Note.parse(self.note).text)


def _closings(books: Books) -> str:
    """What of the closed half-years these keys could show."""
    whole = sum(one.whole for one in books.checked)
    if not books.checked:
        return "no half-year is closed"
    said = f"{whole} records of closed half-years are what follows from them"
    rest = len(books.checked) - whole
    return f"{said}, {rest} more these keys do not show" if rest else said


def section(checked: Checked) -> Markup:
    checkpoint = checked.checkpoint
    return tag(
        "section",
        tag("h2", "The checkpoint, and how to check it by hand", id="proof"),
        tag(
            "p",
            "Everything on this page follows from the entries of one log. Its checkpoint names how many "
            "there are, and a hash over all of them that whoever changes, drops or reorders one changes too. "
            "Two people who hold the same checkpoint hold the same history: compare it.",
        ),
        table(
            "The checkpoint",
            [Column("What"), Column("Value")],
            [
                ("Log", tag("code", one_line(checkpoint.origin))),
                ("Entries", f"{checkpoint.size:,}"),
                ("Root, in hexadecimal", tag("code", checkpoint.root.hex(), class_="long")),
                *(("Signed by the key", tag("code", str(key), class_="long")) for key in checked.signed_by),
                ("The key is", checked.key_said),
            ],
        ),
        tag("h3", "As it was signed"),
        tag("pre", checked.note.decode(), tabindex="0", dir="ltr"),
        *(_signature(checked.note, key) for key in checked.signed_by),
        tag("h3", "The root, from the entries"),
        tag("p", "In the log’s folder, with nothing but Python. It prints the root above:"),
        _commands(_ROOT.replace("SIZE", str(checkpoint.size))),
        tag("h3", "The rest"),
        tag(
            "p",
            "One entry with its proof: ", tag("code", "alliance-audit show DIR N"),
            ". That no event is missing: ", tag("code", "alliance-audit complete DIR"),
            ". That every sum follows: ", tag("code", "alliance-audit replay DIR --keys FILE"),
            ". In other programs: ", tag("code", "alliance-audit export DIR --format hledger"),
            ". That the log goes on from a checkpoint you kept: ",
            tag("code", "alliance-audit verify DIR --since FILE"), ".",
        ),
        aria_labelledby="proof",
    )  # fmt: skip


def _signature(note: bytes, key: Verifier) -> Markup:
    """Shell commands of base64 alone: no text of the log reaches the shell."""
    parsed = Note.parse(note)
    found = [
        signature for name, key_id, signature in parsed.signatures if (name, key_id) == (key.name, key.id)
    ]
    made = (
        (parsed.text.encode(), "text"),
        (_ED25519 + key.public, "key.der"),
        (found[0] if found else b"", "signature"),
    )
    lines = [f"echo {b64encode(content).decode()} | base64 -d > {file}" for content, file in made]
    lines.append(
        "openssl pkeyutl -verify -pubin -keyform DER -inkey key.der -rawin -in text -sigfile signature"
    )
    return tag(
        "div",
        tag("h3", "The signature of ", tag("bdi", one_line(key.name))),
        tag(
            "p",
            "With openssl, version 3. The first file is the signed text, the second the key, the third its "
            "signature; openssl says “Signature Verified Successfully”:",
        ),
        _commands("\n".join(lines)),
    )


def _commands(text: str) -> Markup:
    return tag("pre", tag("code", text), class_="commands", tabindex="0")


_ROOT: Final = """python3 - <<'END'
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

size, subtrees = SIZE, []  # of whole subtrees: (height, hash), the highest first
for number in range(-(-size // 256)):
    *above, last = (digits.zfill(3) for digits in f"{number:,}".split(","))
    width = min(256, size - 256 * number)
    name = "/".join([*("x" + digits for digits in above), last]) + (f".p/{width}" if width < 256 else "")
    bundle = Path("tile/entries", name).read_bytes()
    while bundle:
        end = 2 + int.from_bytes(bundle[:2], "big")
        height, found, bundle = 0, sha256(b"\\0" + bundle[2:end]).digest(), bundle[end:]
        while subtrees and subtrees[-1][0] == height:
            height, found = height + 1, sha256(b"\\1" + subtrees.pop()[1] + found).digest()
        subtrees.append((height, found))
found = subtrees.pop()[1] if subtrees else sha256().digest()
while subtrees:
    found = sha256(b"\\1" + subtrees.pop()[1] + found).digest()
print(found.hex())
END"""
