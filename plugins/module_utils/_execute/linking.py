# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proves the links of the cluster bus between a member and those who vote. PRIVATE to the collection."""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import links
from ansible_collections.k8sredis.core.plugins.module_utils._execute import wait
from ansible_collections.k8sredis.core.plugins.module_utils._execute.converge import SEND_AGAIN_AFTER, TICK
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Node, Retryable, View


def prove_links(session: Session, view: View, name: str, deed: str, timeout: float) -> None:
    """Each voter has answered the member, and the member each voter, since now (see _decide/links.py)."""
    before = links.answered(_there(view, name), view)
    asked_at = session.clock.now() - SEND_AGAIN_AFTER

    def missing() -> list[links.Link]:
        nonlocal asked_at
        seen = session.observe()
        left = links.unproven(before, links.answered(_there(seen, name), seen))
        if left and session.clock.now() - asked_at >= SEND_AGAIN_AFTER:
            asked_at = session.clock.now()
            session.tell(view, links.introductions(_there(view, name), view))
        return left

    left = wait.until(missing, lambda found: not found, timeout, TICK, session.clock)
    if left:
        asker, other = left[0]
        raise Retryable(
            f"Cannot begin '{deed}': within {timeout:.0f} s {other} sent {asker} no answer over the "
            "cluster bus, so its vote could be lost; look at the network between the two (port 16379 unless "
            "declared otherwise) and run again."
        )


def _there(view: View, name: str) -> Node:
    node = view.node(name)
    if node is None:
        raise Retryable(f"Cannot find {name} any more: its pod is gone; run again.")
    return node
