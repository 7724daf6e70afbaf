"""`make bench`: what the product costs, as ratios against baselines measured in the same run.

`python -m bench [--full] [PART…]` measures some parts; `--full` takes a million events where it is fewer by
default.
"""

import argparse
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from bench import balances, execute, fetch, http, ledger, relay, replay, sealed, visible
from bench.table import HEAD, Row

PARTS: Final[Mapping[str, Callable[[bool], Iterable[Row]]]] = {
    "http": http.measure,
    "execute": execute.measure,
    "relay": relay.measure,
    "ledger": ledger.measure,
    "visible": visible.measure,
    "balances": balances.measure,
    "sealed": sealed.measure,
    "fetch": fetch.measure,
    "replay": replay.measure,
}


def main() -> None:
    options = argparse.ArgumentParser(prog="bench")
    options.add_argument("--full", action="store_true", help="a million events in place of fewer")
    options.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all unless given")
    chosen = options.parse_args()
    if unknown := set(chosen.parts) - set(PARTS):
        options.error(f"no such part: {', '.join(sorted(unknown))}")
    print(HEAD, flush=True)
    for part in chosen.parts or PARTS:
        for row in PARTS[part](chosen.full):
            print(row, flush=True)


if __name__ == "__main__":
    main()
