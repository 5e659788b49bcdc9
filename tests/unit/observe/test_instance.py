# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the state of a pod says of its server."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.k8sredis.core.plugins.module_utils._observe import pods

ENDED: dict[str, Any] = {"terminated": {"exitCode": 1}}
STATES: list[tuple[str, list[dict[str, Any]] | None, bool]] = [
    ("not scheduled", None, False),
    ("its image is pulled", [{"restartCount": 0, "state": {"waiting": {}}, "lastState": {}}], False),
    ("it runs", [{"restartCount": 0, "state": {"running": {}}}], True),
    ("it has ended", [{"restartCount": 0, "state": ENDED}], True),
    ("it waits to be started again", [{"restartCount": 0, "state": {"waiting": {}}, "lastState": ENDED}], True),
    ("it was started again", [{"restartCount": 3, "state": {"waiting": {}}}], True),
]


@pytest.mark.parametrize(("statuses", "started"), [row[1:] for row in STATES], ids=[row[0] for row in STATES])
def test_whether_a_server_has_ever_run(statuses: list[dict[str, Any]] | None, started: bool) -> None:
    status = {} if statuses is None else {"containerStatuses": statuses}
    assert pods.has_started({"status": status}) is started
