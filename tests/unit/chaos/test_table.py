# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.chaos import table
from tests.chaos.gaps import EVERYONE


def verdict(lost: int, *seconds: float, errors: int = 0) -> dict[str, Any]:
    account = {"acknowledged": 100, "lost": lost, "replicated": 10, "lost_replicated": 0}
    gaps = [
        {"what": "write", "place": f"shard {number}", "client": EVERYONE, "seconds": each, "phase": f"phase {number}"}
        for number, each in enumerate(seconds)
    ]
    others = [
        {"what": "read", "place": "shard 0", "client": EVERYONE, "seconds": 99.0, "phase": ""},
        {"what": "write", "place": "shard 0", "client": "glide", "seconds": 99.0, "phase": ""},
        {"what": "write", "place": "group 0", "client": EVERYONE, "seconds": 99.0, "phase": ""},
    ]
    return {"account": account, "gaps": [*gaps, *others], "errors": {"glide": {"late": errors}, "redis-py": {}}}


def put(folder: Path, name: str, found: dict[str, Any]) -> None:
    (folder / name).mkdir()
    (folder / name / "verdict.json").write_text(json.dumps(found), encoding="utf-8")


def test_runs_with_numbers_are_one_row(tmp_path: Path) -> None:
    put(tmp_path, "ten-00", verdict(0, 0.1, 0.2))
    put(tmp_path, "ten-01", verdict(1, 0.3, 0.05, errors=3))
    put(tmp_path, "out-redis-8-0", verdict(0, 6.0))
    assert table.lines(tmp_path)[2:] == [
        "| out-redis-8-0 | 1 | 100 | 0 | 10 | 0 | 6.00 s; 6.00 s | phase 0 | 0 |",
        "| ten | 2 | 200 | 1 | 20 | 0 | 0.30 s; 0.30 s | phase 0 | glide 3 |",
    ]


def test_a_folder_without_a_verdict_is_no_row(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    assert table.lines(tmp_path) == list(table.HEAD)
