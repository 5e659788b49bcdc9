# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that nobody would make again. Pure; PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ansible_collections.k8sredis.core.plugins.module_utils._decide import health
from ansible_collections.k8sredis.core.plugins.module_utils._model import Finding
from ansible_collections.k8sredis.core.plugins.module_utils._model_instance import Pod


def findings(pods: Sequence[Pod]) -> Iterator[Finding]:
    """Their StatefulSet was deleted without them: by somebody, or by a run that made it anew and was killed."""
    for pod in pods:
        if not pod.owned:
            seen = "is owned by no StatefulSet, so nobody makes it again when it goes"
            yield Finding(
                "orphan", health.WARNING, pod.name, seen, "run the converge playbook, whose StatefulSet takes it"
            )
