# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the stages that prove the collection: `python -m tests.run [stage or group ...]`, all but `chaos` without a name.

A stage is one command. If it leaves JUnit files in build/junit/<stage>/, their tests are counted, otherwise it counts
as one test. A stage that fails does not stop the others. The last line sums up: `N passed, N failed, N skipped`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.environment import CHECKOUT, SetupError, require_commands, tool_environment

JUNIT = Path("build/junit")
PLUGINS = "collections/ansible_collections/k8sredis/core/plugins"  # so mypy knows the modules by their real names

# The scripts of the pods are tested under the shells of the official images: Debian's and Alpine's.
DEBIAN_PACKAGES = {"busybox": "busybox", "dash": "dash"}

DOCS = ["lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "self", "."]


@dataclass(frozen=True)
class Stage:
    name: str
    group: str
    command: list[str]


def pytest(name: str, group: str, folder: str, *options: str) -> Stage:
    return Stage(name, group, ["pytest", "-q", *options, f"--junitxml={JUNIT}/{name}/pytest.xml", folder])


# In this order; cheap ones first. A new kind of test is one more line here.
STAGES = [
    Stage("ruff", "lint", ["ruff", "check", "."]),
    Stage("ruff-format", "lint", ["ruff", "format", "--check", "."]),
    Stage("mypy", "lint", ["mypy", PLUGINS, "tests", "examples"]),
    Stage("shellcheck", "lint", ["python", "-m", "tests.shellcheck"]),
    Stage("ansible-lint", "lint", ["ansible-lint", "--offline"]),  # yamllint included, of all YAML files in git
    Stage("changelog", "docs", ["antsibull-changelog", "lint"]),
    Stage("changelog-yaml", "docs", ["antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml"]),
    Stage("docs", "docs", ["antsibull-docs", "--config-file", "tests/antsibull.cfg", *DOCS]),
    Stage("servers", "integration", ["python", "-m", "tests.servers", "fetch"]),  # unit tests use one, if it is there
    pytest("unit", "unit", "tests/unit", "-n", "2"),
    pytest("build", "build", "tests/build"),
    Stage("sanity", "lint", ["python", "-m", "tests.sanity"]),
    pytest("integration", "integration", "tests/integration", "-n", "4", "-m", "not chaos"),
    Stage("targets", "integration", ["python", "-m", "tests.targets"]),
    pytest("lab", "e2e", "tests/kube"),
    pytest("e2e", "e2e", "tests/e2e", "-m", "not chaos"),
    pytest("chaos", "chaos", "tests/integration", "-n", "2", "-m", "chaos"),
    pytest("chaos-e2e", "chaos", "tests/e2e", "-m", "chaos"),
]

BY_NAME_ALONE = {"chaos"}
"""Groups that take too long to be run with all others."""


@dataclass
class Result:
    stage: Stage
    seconds: float
    passed: int = 0
    failures: list[str] = field(default_factory=list)
    skips: list[str] = field(default_factory=list)


def main(names: list[str]) -> int:
    stages = select(names)
    if not stages:
        known = sorted({stage.name for stage in STAGES} | {stage.group for stage in STAGES})
        print(f"Cannot run {' '.join(names)}: no such stage; known are: {', '.join(known)}.", file=sys.stderr)
        return 2
    try:
        require_commands(DEBIAN_PACKAGES)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    results = [run(stage) for stage in stages]
    summarize(results)
    return 1 if any(result.failures for result in results) else 0


def select(names: list[str]) -> list[Stage]:
    if not names:
        return [stage for stage in STAGES if stage.group not in BY_NAME_ALONE]
    return [stage for stage in STAGES if stage.name in names or stage.group in names]


def run(stage: Stage) -> Result:
    print(f"\n=== {stage.name}: {' '.join(stage.command)}", flush=True)
    reports = CHECKOUT / JUNIT / stage.name
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    start = time.monotonic()
    code = execute(stage.command)
    result = Result(stage, time.monotonic() - start)
    count(result, reports.glob("*.xml"), code)
    print(f"--- {stage.name}: {'failed' if result.failures else 'passed'} in {result.seconds:.1f} s", flush=True)
    return result


def execute(command: list[str]) -> int:
    environment = tool_environment() if sys.stdout.isatty() else {**tool_environment(), "NO_COLOR": "1"}
    try:
        # Both streams in one, so that the closing line of this program is the last one for whoever reads both.
        return subprocess.run(command, cwd=CHECKOUT, env=environment, stderr=subprocess.STDOUT, check=False).returncode
    except OSError as error:
        print(f"Cannot run {command[0]}: {error.strerror}; `make setup` installs it.")
        return 127


def count(result: Result, reports: Iterable[Path], code: int) -> None:
    """Take the tests of the reports over; a command that failed without a failed test is a failure of its own."""
    for report in sorted(reports):
        try:
            cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314  written by our own tests
        except ElementTree.ParseError as error:
            result.failures.append(f"{result.stage.name}: unreadable report {report.name}: {error}")
            continue
        for case in cases:
            add(result, case)
    if code != 0 and not result.failures:
        result.failures.append(f"{result.stage.name}: ended with code {code}")
    elif not (result.passed or result.failures or result.skips):
        result.passed += 1


def add(result: Result, case: ElementTree.Element) -> None:
    name = f"{result.stage.name}: {case.get('classname')} {case.get('name')}"
    if case.find("failure") is not None or case.find("error") is not None:
        result.failures.append(name)
    elif (skipped := case.find("skipped")) is not None:
        result.skips.append(f"{name}: {skipped.get('message') or skipped.text or 'no reason given'}")
    else:
        result.passed += 1


def summarize(results: list[Result]) -> None:
    print(f"\n=== summary\n{'stage':<16}{'passed':>8}{'failed':>8}{'skipped':>8}{'seconds':>9}")
    for result in results:
        counts = f"{result.passed:>8}{len(result.failures):>8}{len(result.skips):>8}"
        print(f"{result.stage.name:<16}{counts}{result.seconds:>9.1f}")
    for heading, field_name in (("skipped", "skips"), ("failed", "failures")):
        for line in [line for result in results for line in getattr(result, field_name)]:
            print(f"{heading}: {line}")
    passed = sum(result.passed for result in results)
    failed = sum(len(result.failures) for result in results)
    skipped = sum(len(result.skips) for result in results)
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
