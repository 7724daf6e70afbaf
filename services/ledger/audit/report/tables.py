"""Tables that say what they are, and of which every figure says what it is of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.audit.report.markup import Content, Markup, tag


@dataclass(frozen=True, slots=True)
class Column:
    """`figure`: aligned to the right, digits below digits."""

    name: str
    figure: bool = False


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Content]],
    total: Sequence[Content] | None = None,
) -> Markup:
    """The first cell of a row is its heading."""

    def row(cells: Sequence[Content]) -> Markup:
        return tag(
            "tr",
            *(
                tag(
                    "td" if number else "th",
                    cell,
                    scope=None if number else "row",
                    class_="figure" if column.figure else None,
                )
                for number, (column, cell) in enumerate(zip(columns, cells, strict=True))
            ),
        )

    heading = tag(
        "tr",
        *(
            tag("th", column.name, scope="col", class_="figure" if column.figure else None)
            for column in columns
        ),
    )
    whole = tag(
        "table",
        tag("caption", caption),
        tag("thead", heading),
        tag("tbody", *map(row, rows)),
        tag("tfoot", row(total)) if total else None,
    )
    # Wide tables scroll by themselves on a narrow screen, and can be reached with the keyboard.
    return tag("div", whole, class_="wide", tabindex="0", role="group", aria_label=caption)
