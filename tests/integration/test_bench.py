# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bench works and writes what its readers expect. How long anything took is not judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.environment import CHECKOUT

MEASURED = ("move-empty/3-4", "reshard-setslot/3-6", "failover-stall/3x1", "sentinel-stall/1+1", "proxy-stall/1+1")


def test_the_quick_bench_writes_every_figure(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    command = [sys.executable, "-m", "tests.bench", "--quick", "--output", str(file)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(file.read_text())
    assert [figure["case"] for figure in figures] == [
        *("create/6", "create-modules/6", "info/6"),
        *MEASURED,
        "plan/100",
    ]
    assert all(set(figure) == {"case", "version", "ours_s", "reference_s", "ratio"} for figure in figures)
    assert all(figure["ours_s"] > 0 for figure in figures)
    assert [figure["case"] for figure in figures if figure["reference_s"]] == ["create/6", "info/6", *MEASURED]


def test_an_unknown_version_is_named_with_the_known_ones() -> None:
    command = [sys.executable, "-m", "tests.bench", "--version", "redis-1.0.0"]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr.startswith("Cannot measure ['redis-1.0.0']: there is no such server; there are ")
