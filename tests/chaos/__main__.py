# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m tests.chaos write|read|owners|found``, told by a JSON line on stdin; ``judge FOLDER`` again;
``table FOLDER``: of the folders in it."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.chaos import readback, table, worker
from tests.chaos.ledger import judge_folder


def main(words: list[str]) -> int:
    match words:
        case ["write" | "read" as verb]:
            worker.work(verb)
        case ["owners"]:
            readback.owners()
        case ["found"]:
            readback.found()
        case ["judge", folder]:
            print(judge_folder(Path(folder)))
        case ["table", folder]:
            print(*table.lines(Path(folder)), sep="\n")
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
