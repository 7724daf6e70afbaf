"""Charts as SVG that stands in the page: drawn without a script, told in words to who cannot see them.

Colours and type are the style sheet's. What is given and what is got differ in form too: hollow and full
bars, a dashed and a whole line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ledger.audit.report.gathering import Month
from ledger.audit.report.markup import Markup, joined, tag
from ledger.audit.report.wording import amount, shortened

WIDTH: Final = 760


@dataclass(frozen=True, slots=True)
class Bars:
    """One row: what was given and got, and how that compares with the floor where there is one."""

    name: str
    given: Decimal
    got: Decimal
    ratio: Decimal | None = None
    under: bool = False


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to places."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: Decimal | float) -> float:
        return self.start + (float(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    @classmethod
    def over(cls, values: Sequence[Decimal], start: float, end: float) -> tuple["_Scale", list[float]]:
        """Holds 0 and all values, with some five round marks."""
        places = [0.0, *map(float, values)]
        low, high = min(places), max(places)
        step = _round_step((high - low) / 4 or 1)
        marks = [step * number for number in range(int(low // step), int(-(-high // step)) + 1)]
        marks = marks if len(marks) > 1 else [0.0, step]
        return cls(marks[0], marks[-1], start, end), marks


def _round_step(least: float) -> float:
    power: float = 10.0 ** (len(str(int(least))) - 1)
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= least)


def paired_bars(
    identity: str,
    title: str,
    description: str,
    rows: Sequence[Bars],
    commodity: str,
    floor: Decimal | None = None,
    ratios: bool = False,
) -> Markup:
    """A row each: what was given above what was got; beside them, if asked for, the ratio and the floor."""
    left, right = 190, 470 if ratios else 640
    top, height = 28, 46
    across, _ = _Scale.over([value for row in rows for value in (row.given, row.got)], left, right)
    below = top + height * len(rows)
    parts = [
        _bar(left, 5, 10, 10, "given"),
        _text(left + 16, 14, "Given", "label"),
        _bar(left + 64, 5, 10, 10, "got"),
        _text(left + 80, 14, "Got", "label"),
        _line(across(0), top, across(0), below, "axis"),
    ]
    dots = _Scale(0, 3, 590, 740)
    if ratios:
        parts.append(_text(590, 14, "Ratio: got by given", "label"))
        parts += [_line(dots(mark), top, dots(mark), below, "grid") for mark in (0, 1, 2, 3)]
        parts += [_text(dots(mark), below + 14, str(mark), "tick", "middle") for mark in (0, 1, 2, 3)]
        if floor is not None:
            parts.append(_line(dots(floor), top - 4, dots(floor), below, "floor"))
            parts.append(_text(dots(floor), below + 28, f"floor {floor}", "tick under", "middle"))
    for number, row in enumerate(rows):
        upper = top + height * number
        parts.append(_text(0, upper + 27, shortened(row.name, 24), "name"))
        for value, offset, kind in ((row.given, 8, "given"), (row.got, 24, "got")):
            start, end = sorted((across(0), across(value)))
            if value:
                parts.append(_bar(start, upper + offset, max(end - start, 1), 12, kind))
            parts.append(_text(max(start, end) + 6, upper + offset + 10, amount(value, commodity), "value"))
        if ratios and row.ratio is not None:
            parts.append(_dot(dots, row, upper + 22))
    return _drawing(identity, title, description, below + (36 if ratios else 8), parts)


def _dot(dots: _Scale, row: Bars, middle: float) -> Markup:
    assert row.ratio is not None
    place = dots(min(max(row.ratio, Decimal(0)), Decimal(3)))
    kind = "dot under" if row.under else "dot"
    beyond = " →" if row.ratio > 3 else ""
    # To the left of a dot in the right half, so that it stays within the drawing.
    side, anchor = (9, "start") if row.ratio < Decimal("1.5") else (-9, "end")
    return joined(
        tag("circle", cx=f"{place:.1f}", cy=f"{middle:.1f}", r="5", class_=kind),
        _text(place + side, middle + 4, f"{row.ratio:.2f}{beyond}".replace("-", "−"), "value", anchor),
    )


def over_time(
    identity: str,
    title: str,
    description: str,
    months: Sequence[Month],
    given: Sequence[Decimal],
    got: Sequence[Decimal],
    commodity: str,
) -> Markup:
    """What was given and got up to the end of each month."""
    left, right, top, bottom = 74, WIDTH - 150, 14, 200
    up, marks = _Scale.over([*given, *got], bottom, top)
    along = _Scale(0, max(len(months), 1), left, right)
    parts: list[Markup] = []
    for mark in marks:
        parts.append(_line(left, up(mark), right, up(mark), "axis" if mark == 0 else "grid"))
        parts.append(_text(left - 10, up(mark) + 4, f"{mark:,.0f}".replace("-", "−"), "tick", "end"))
    parts += _years(months, along, top, bottom)
    for values, kind in ((given, "given"), (got, "got")):
        points = " ".join(
            f"{along(number):.1f},{up(value):.1f}" for number, value in enumerate([Decimal(), *values])
        )
        parts.append(tag("polyline", points=points, class_=f"run {kind}"))
    ends = sorted(((up(given[-1]), "Given", given[-1]), (up(got[-1]), "Got", got[-1])))
    apart = max(0.0, 30 - (ends[1][0] - ends[0][0])) / 2
    for (place, name, value), shift in zip(ends, (-apart, apart), strict=True):
        parts.append(_text(right + 12, place + shift - 1, name, f"end {name.lower()}"))
        parts.append(_text(right + 12, place + shift + 13, amount(value, commodity), "value"))
    return _drawing(identity, title, description, bottom + 26, parts)


def _years(months: Sequence[Month], along: _Scale, top: float, bottom: float) -> list[Markup]:
    """A mark at each half-year, or each year, or fewer, so that their names have room."""
    every = 6 if len(months) <= 60 else 12 * (1 + len(months) // 120)
    parts = []
    for number, month in enumerate(months):
        since = month.year * 12 + month.month - 1
        if since % every == 0:
            parts.append(_line(along(number), top, along(number), bottom + 4, "grid"))
            name = str(month.year) if month.month == 1 else "July"
            parts.append(_text(along(number), bottom + 20, name, "tick", "middle"))
    return parts


def _drawing(identity: str, title: str, description: str, height: float, parts: Sequence[Markup]) -> Markup:
    return tag(
        "svg",
        tag("title", title, id=f"{identity}-title"),
        tag("desc", description, id=f"{identity}-desc"),
        *parts,
        viewBox=f"0 0 {WIDTH} {height:.0f}",
        role="img",
        aria_labelledby=f"{identity}-title {identity}-desc",
    )


def _text(x: float, y: float, text: str, kind: str, anchor: str | None = None) -> Markup:
    return tag("text", text, x=f"{x:.1f}", y=f"{y:.1f}", class_=kind, text_anchor=anchor)


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    return tag("line", x1=f"{x1:.1f}", y1=f"{y1:.1f}", x2=f"{x2:.1f}", y2=f"{y2:.1f}", class_=kind)


def _bar(x: float, y: float, width: float, height: float, kind: str) -> Markup:
    return tag(
        "rect",
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        width=f"{width:.1f}",
        height=f"{height:.1f}",
        rx="2",
        class_=f"bar {kind}",
    )
