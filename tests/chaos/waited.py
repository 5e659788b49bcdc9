# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of the WAIT that followed a write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Waited:
    """``replicated``: all replicas have the write. ``seconds`` went by since it was acknowledged."""

    replicated: bool = False
    seconds: float = 0.0
