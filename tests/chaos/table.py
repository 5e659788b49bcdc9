# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdicts of a folder as a table, for docs/proof.md; runs of one name with numbers behind it are one row. Pure but
for reading them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.chaos.gaps import EVERYONE, percentile

HEAD = (
    "| ledger | runs | writes | lost | promised by WAIT | lost | longest time without a write; p95 | in | errors |",
    "|---|---|---|---|---|---|---|---|---|",
)
NUMBERED = re.compile(r"(.+)-\d\d")
"""The tenth restart is ten-3x1-09, and a version such as redis-8-0 is none of it."""


def lines(folder: Path) -> list[str]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(folder.glob("*/verdict.json")):
        name = file.parent.name
        numbered = NUMBERED.fullmatch(name)
        rows.setdefault(numbered[1] if numbered else name, []).append(json.loads(file.read_text(encoding="utf-8")))
    return [*HEAD, *(row(name, verdicts) for name, verdicts in rows.items())]


def row(name: str, verdicts: Sequence[dict[str, Any]]) -> str:
    accounts = [verdict["account"] for verdict in verdicts]
    acknowledged, lost, replicated, lost_replicated = (
        sum(account[key] for account in accounts) for key in ("acknowledged", "lost", "replicated", "lost_replicated")
    )
    gaps = sorted(_gaps(verdicts), key=lambda gap: float(gap["seconds"]))
    seconds = [float(gap["seconds"]) for gap in gaps]
    measured = f"{seconds[-1]:.2f} s; {percentile(seconds, 95):.2f} s"
    errors = ", ".join(_errors(verdicts)) or "0"
    columns = (
        name,
        len(verdicts),
        acknowledged,
        lost,
        replicated,
        lost_replicated,
        measured,
        gaps[-1]["phase"],
        errors,
    )
    return f"| {' | '.join(map(str, columns))} |"


def _gaps(verdicts: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Of each shard of each run, whichever client it was that wrote."""
    for verdict in verdicts:
        for gap in verdict["gaps"]:
            if (gap["what"], gap["client"]) == ("write", EVERYONE) and gap["place"].startswith("shard"):
                yield gap


def _errors(verdicts: Sequence[dict[str, Any]]) -> Iterator[str]:
    for client in sorted({client for verdict in verdicts for client in verdict["errors"]}):
        number = sum(sum(verdict["errors"].get(client, {}).values()) for verdict in verdicts)
        if number:
            yield f"{client} {number}"
