# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs modules in a process of their own, and reads their results as Ansible does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.environment import CHECKOUT
from tests.loopback import Process

CREATE = ("cluster_meet", "cluster_slots", "cluster_replicas")
"""The modules that make a cluster, in their order."""

PYTHON_PATH = os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "collections")])


@dataclass(frozen=True)
class Result:
    """What a module returned; ``output`` is all that its process printed."""

    values: dict[str, Any]
    output: str

    @property
    def changed(self) -> bool:
        return bool(self.values["changed"])

    @property
    def failed(self) -> bool:
        return bool(self.values.get("failed", False))

    @property
    def message(self) -> str:
        return str(self.values.get("msg", ""))

    @property
    def plan(self) -> list[str]:
        """The steps in words."""
        return [step["text"] for step in self.values["plan"]]

    @property
    def findings(self) -> set[str]:
        """Codes of what cluster_info found."""
        return {finding["code"] for finding in self.values["findings"]}


def run(
    modules: Sequence[str],
    members: Iterable[Process],
    *,
    check: bool = False,
    environment: Mapping[str, str] | None = None,
    **options: Any,
) -> list[Result]:
    """Results up to the first that failed."""
    completed = _start(_calls(modules, members, check, options), None, environment or {})
    results = _results(completed)
    assert completed.returncode == (1 if results[-1].failed else 0), results[-1].output
    assert len(results) == len(modules) or results[-1].failed, results[-1].output
    return results


def succeed(modules: Sequence[str], members: Iterable[Process], **options: Any) -> list[Result]:
    results = run(modules, members, **options)
    assert not results[-1].failed, results[-1].message
    return results


def refuse(module: str, members: Iterable[Process], **options: Any) -> str:
    """The message of a module that must fail, without having changed anything."""
    (result,) = run([module], members, **options)
    assert result.failed, f"{module} was to fail, it did {result.plan}"
    assert not result.changed
    assert "Traceback" not in result.output
    return result.message


def create(members: Iterable[Process], **options: Any) -> list[Result]:
    return succeed(CREATE, members, **options)


def killed(
    modules: Sequence[str], members: Iterable[Process], batch: int, *, amid: bool, having: str = "", **options: Any
) -> bool:
    """Whether the run lived until the batch of that number and was killed there; otherwise it was done before.
    ``having``: only batches with this word in a command count."""
    kill = {"batch": batch, "amid": amid, "having": having}
    completed = _start(_calls(modules, members, False, options), kill, {})
    if completed.returncode == -signal.SIGKILL:
        return True
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return False


class Running:
    """A run that goes on while the test does something else."""

    def __init__(self, modules: Sequence[str], members: Iterable[Process], **options: Any) -> None:
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment({}),
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"calls": _calls(modules, members, False, options), "kill": None}))
        self._process.stdin.close()
        self._process.stdin = None

    @property
    def goes_on(self) -> bool:
        return self._process.poll() is None

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def result(self) -> Result:
        """Of its last module, when it has ended."""
        output, errors = self._process.communicate(timeout=400)
        return _results(subprocess.CompletedProcess([], self._process.returncode, output, errors))[-1]


def _calls(
    modules: Sequence[str], members: Iterable[Process], check: bool, options: Mapping[str, Any]
) -> list[tuple[str, dict[str, Any]]]:
    endpoints = [member.endpoint for member in members]
    arguments = {"endpoints": endpoints, **options, "_ansible_check_mode": check, "_ansible_diff": True}
    return [(module, arguments) for module in modules]


def _start(
    calls: list[tuple[str, dict[str, Any]]], kill: dict[str, Any] | None, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _COMMAND,
        input=json.dumps({"calls": calls, "kill": kill}),
        env=_environment(environment),
        capture_output=True,
        text=True,
        check=False,
    )


_COMMAND = [sys.executable, "-m", "tests.integration.module_process"]


def _environment(more: Mapping[str, str]) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": PYTHON_PATH, **more}


def _results(completed: subprocess.CompletedProcess[str]) -> list[Result]:
    output = completed.stdout + completed.stderr
    assert completed.stderr == "", output
    results = [Result(json.loads(line), output) for line in completed.stdout.splitlines() if line]
    assert results, f"no result, code {completed.returncode}"
    return results
