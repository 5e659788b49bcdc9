# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is to be there and is not is seen as absent."""

from __future__ import annotations

from typing import Any

from ansible_collections.k8sredis.core.plugins.module_utils._decide import sentinel_health
from ansible_collections.k8sredis.core.plugins.module_utils._execute.watching import Watching
from ansible_collections.k8sredis.core.plugins.module_utils._model import NO_POD, Member


class Pods:
    """Of which none runs."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def members(self) -> tuple[Member, ...]:
        return tuple(Member(name, "", 0, waiting="the pod is Pending") for name in self._names)

    def connect(self, member: Member, timeout: float | None = None) -> Any:
        raise AssertionError(f"{member.name} was asked, within {timeout} s")

    def not_made(self, name: str) -> str:
        return "exceeded quota: pods" if name == "sessions-sentinel-0" else ""


def test_a_pod_that_nobody_has_made() -> None:
    expected = ["sessions-0-0", "sessions-0-1"], ["sessions-sentinel-0", "sessions-sentinel-1"]
    watching = Watching(Pods("sessions-0-0"), Pods("sessions-sentinel-1"), "web.sessions", expected=expected)
    watch = watching.observe()
    assert {each.name: each.error for each in watch.processes} == {
        "sessions-0-0": "the pod is Pending",
        "sessions-0-1": NO_POD,
        "sessions-sentinel-0": NO_POD,
        "sessions-sentinel-1": "the pod is Pending",
    }
    subjects = {found.subject for found in sentinel_health.findings(watch) if "unreachable" in found.code}
    assert subjects == {*expected[0], *expected[1]}
    assert watching.not_made("sessions-0-1") == ""
    assert watching.not_made("sessions-sentinel-0") == "exceeded quota: pods"
    watching.close()
