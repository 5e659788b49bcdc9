# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner of the stages counts every test once, and never takes a broken stage for a passed one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import run
from tests.run import Result, Stage

REPORT = """<testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure message="no"/></testcase>
<testcase classname="a" name="broken"><error message="no"/></testcase>
<testcase classname="a" name="left"><skipped message="no server"/></testcase>
</testsuite></testsuites>"""
GOOD = '<testsuite><testcase classname="a" name="good"/></testsuite>'
BROKEN_OFF = "<testsuite><testcase "


@pytest.mark.parametrize(
    ("reports", "code", "counted"),
    [
        ([REPORT], 1, (1, 2, 1)),
        ([REPORT, GOOD], 1, (2, 2, 1)),
        ([GOOD], 0, (1, 0, 0)),
        ([GOOD], 3, (1, 1, 0)),
        ([], 0, (1, 0, 0)),
        ([], 5, (0, 1, 0)),
        ([BROKEN_OFF], 0, (0, 1, 0)),
    ],
    ids=["each kind", "two files", "passed", "died after its tests", "no report", "died", "unreadable report"],
)
def test_count(tmp_path: Path, reports: list[str], code: int, counted: tuple[int, int, int]) -> None:
    for number, report in enumerate(reports):
        (tmp_path / f"{number}.xml").write_text(report)
    result = Result(Stage("x", "x", []), 0.0)
    run.count(result, tmp_path.glob("*.xml"), code)
    assert (result.passed, len(result.failures), len(result.skips)) == counted
    assert all(skip.endswith(": no server") for skip in result.skips)


def test_last_line_sums_up_and_skips_are_listed_with_their_reason(capsys: pytest.CaptureFixture[str]) -> None:
    first = Result(Stage("one", "x", []), 1.0, passed=2, skips=["one: a left: no server"])
    second = Result(Stage("two", "x", []), 1.0, passed=3, failures=["two: b bad"])
    run.summarize([first, second])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "5 passed, 1 failed, 1 skipped"
    assert "skipped: one: a left: no server" in lines
    assert "failed: two: b bad" in lines


def test_a_failed_stage_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(run, "JUNIT", tmp_path)
    monkeypatch.setattr(run, "STAGES", [Stage("bad", "x", ["no-such-command"]), Stage("good", "y", ["true"])])
    assert run.main(["good"]) == 0
    assert run.main([]) == 1
    assert run.main(["unknown"]) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "good"]
