# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scenarios of extensions/molecule, each as one test."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster
from tests.environment import CHECKOUT, tool_environment

FOLDER = CHECKOUT / "extensions" / "molecule"
SCENARIOS = sorted(path.parent.name for path in FOLDER.glob("*/molecule.yml") if path.parent.name != "default")
LONG = ("classic",)
"""In `make chaos`: of a layout that new instances do not have."""
SECONDS = 1800


@pytest.mark.parametrize(
    "scenario", [pytest.param(name, marks=pytest.mark.chaos if name in LONG else ()) for name in SCENARIOS]
)
def test_scenario(scenario: str, cluster: Cluster, tmp_path: Path) -> None:
    del cluster  # it is there; the scenarios find it themselves
    plain = {"COLUMNS": "200", "NO_COLOR": "1", "MOLECULE_EPHEMERAL_DIRECTORY": str(tmp_path)}
    done = subprocess.run(
        ["molecule", "test", "--scenario-name", scenario, "--no-command-borders"],
        cwd=CHECKOUT,
        env={**os.environ, **tool_environment(), **plain},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout
    # Molecule passes a step whose playbook it cannot find.
    assert "Missing playbook" not in done.stdout, done.stdout
