# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module in this process, as ansible-core's wrapper does, and reads what it printed."""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic

from tests.unit.stand_ins.kubernetes_api import ApiServer, api_server
from tests.unit.stand_ins.threads import in_order

Run = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def known_order() -> Iterator[None]:
    with in_order():
        yield


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    # The client keeps what it discovers in a file for each server there.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with api_server() as server:
        yield server


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``run(module, check=…, **options)`` gives the result; what the module printed is JSON and nothing else."""

    def run_module(name: str, /, *, check: bool = False, **options: Any) -> dict[str, Any]:
        arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
        module = importlib.import_module(f"ansible_collections.k8sredis.core.plugins.modules.{name}")
        with pytest.raises(SystemExit):
            module.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return run_module
