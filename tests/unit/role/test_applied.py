# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role redis_common says that it has changed, by the answers of kubernetes.core.k8s."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from tests.environment import CHECKOUT

VARIABLES = DataLoader().load_from_file(
    str(CHECKOUT / "roles" / "redis_common" / "vars" / "main.yml"), trusted_as_template=True
)
SCALED = {"before": {"spec": {"replicas": 5}}, "after": {"spec": {"replicas": 4}}}
HIDDEN: dict[str, Any] = {"before": {"metadata": {}}, "after": {"metadata": {}}}
"""What is left of a diff of which others wrote everything."""


def one(name: str, changed: bool, diff: dict[str, Any]) -> dict[str, Any]:
    """The result of a task with one object; those with several have a list of such."""
    return {"changed": changed, "diff": diff, "result": {"kind": "StatefulSet", "metadata": {"name": name}}}


def several(*results: dict[str, Any]) -> dict[str, Any]:
    return {"changed": any(each["changed"] for each in results), "result": {"results": list(results)}}


def changed_names(applied: dict[str, Any]) -> list[str]:
    templar = Templar(loader=DataLoader(), variables={**VARIABLES, "__redis_common_applied": applied})
    return list(templar.template(trust_as_template("{{ __redis_common_changed_names }}")))


@pytest.mark.parametrize(
    ("applied", "names"),
    [
        (one("a-0", True, SCALED), ["StatefulSet a-0"]),
        (one("a-0", False, {}), []),
        (one("a-0", True, HIDDEN), []),
        (several(one("a-0", True, SCALED), one("a-1", False, {}), one("a-2", True, HIDDEN)), ["StatefulSet a-0"]),
        (several(one("a-0", False, {}), one("a-1", False, {})), []),
    ],
)
def test_what_has_changed(applied: dict[str, Any], names: list[str]) -> None:
    assert changed_names(applied) == names
