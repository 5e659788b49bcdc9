# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a key may be moved by MIGRATE, during which its master answers nobody. Pure; PRIVATE to the collection."""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._model import Node

BYTES_PER_SECOND = 25_000_000
"""Hashes and sets of 64 MiB took one to three seconds on two cores; strings are faster."""


def refusal(node: Node, slot: int, key: str, size: int, limit: int, allowed: bool) -> str:
    """Why it may not, in words; empty when it may. ``limit``: bytes above which it must be ``allowed``.

    A master that is silent for the node timeout is taken for dead, and the half-moved key may then be on both sides.
    """
    what = f"Cannot move slot {slot} of {node.name}: its key '{key}' has {size} bytes"
    if size > limit and not allowed:
        return (
            f"{what}, more than large_key ({limit}), and {node.name} would answer nobody while it is moved; set "
            "allow_large_keys, or make it smaller."
        )
    seconds = size / BYTES_PER_SECOND
    timeout = int((node.settings or {}).get("cluster-node-timeout", "0")) / 1000
    if timeout and seconds > timeout:
        return (
            f"{what} and may take {seconds:.0f} s, longer than the node timeout ({timeout:g} s), after which a replica "
            "takes over; raise node_timeout for the time of the move, or make it smaller."
        )
    return ""
