# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A measured figure, the table of all, and the file of all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.environment import CHECKOUT

FILE = CHECKOUT / "build" / "bench.json"


@dataclass(frozen=True)
class Figure:
    """``reference_s``: seconds of the reference tool for the same work in the same run; None where there is none."""

    case: str
    version: str
    ours_s: float
    reference_s: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times faster than the reference."""
        return None if self.reference_s is None else round(self.reference_s / self.ours_s, 1)

    def as_dictionary(self) -> dict[str, object]:
        return {
            "case": self.case,
            "version": self.version,
            "ours_s": round(self.ours_s, 4),
            "reference_s": None if self.reference_s is None else round(self.reference_s, 4),
            "ratio": self.ratio,
        }


def write(figures: Iterable[Figure], file: Path = FILE) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [figure.as_dictionary() for figure in figures]
    file.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


HEAD = f"{'case':<26}{'version':<16}{'ours':>10}{'reference':>12}{'ratio':>8}"


def _text(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"


def line(figure: Figure) -> str:
    reference = "-" if figure.reference_s is None else _text(figure.reference_s)
    ratio = "-" if figure.ratio is None else f"{figure.ratio:.1f}x"
    return f"{figure.case:<26}{figure.version:<16}{_text(figure.ours_s):>10}{reference:>12}{ratio:>8}"
