# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be so before a failover may begin. Pure; PRIVATE to the collection."""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import candidates, health
from ansible_collections.k8sredis.core.plugins.module_utils._model import Step, View


def shut(view: View) -> str:
    """Why no failover may begin now, in words; empty when one may."""
    found = health.findings(view, health.CONVERGENCE)
    return found[0].text if found else ""


def lacking(view: View, step: Step) -> str:
    """What the candidate of a failover lacks at this moment, in words; empty when nothing."""
    candidate = view.node(step.subject)
    master = view.by_id.get(candidate.myself.master_id) if candidate else None
    if candidate is None or master is None:
        return f"{step.subject} does not follow a member"
    why = candidates.lacking(candidate, master, view)
    return f"{candidate.name} is no candidate: {why}" if why else ""
