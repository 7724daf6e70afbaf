"""Twelve hours a day are the most that one person works: whether lines of hours can be true."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from heapq import heappop, heappush, heapreplace
from typing import Final

from declarations.events import Line

MOST_A_DAY: Final = Decimal(12)
_NEXT: Final = timedelta(days=1)


def fits(lines: Iterable[Line]) -> bool:
    """Whether one person can have worked all these lines without a day of more than twelve hours.

    A line says within which days, not on which of them. Day after day, what must be done first is done
    first: if that does not work out nothing does. So this is exact: it holds if and only if in every span of
    days the lines that lie within it come to at most twelve hours a day (Hall's condition).
    """
    coming = sorted(lines, key=lambda line: line.first_day, reverse=True)
    open_lines: list[tuple[int, Decimal]] = []
    day = coming[-1].first_day if coming else None
    while day is not None:
        while coming and coming[-1].first_day <= day:
            line = coming.pop()
            heappush(open_lines, (line.last_day.toordinal(), line.hours))
        left = MOST_A_DAY
        while open_lines and left:
            last_day, hours = open_lines[0]
            worked = min(hours, left)
            left -= worked
            if worked == hours:
                heappop(open_lines)
            else:
                heapreplace(open_lines, (last_day, hours - worked))
        if open_lines and open_lines[0][0] <= day.toordinal():
            return False
        if open_lines:
            day += _NEXT
        else:
            day = coming[-1].first_day if coming else None
    return True
