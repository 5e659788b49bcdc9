# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Known security holes of server versions, and the warnings about them. Pure; PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide.versions import Server

SECURE_SINCE = {
    "redis": {(7, 2): 16, (7, 4): 11, (8, 2): 10, (8, 4): 6, (8, 6): 7, (8, 8): 3, (8, 10): 2},
    "valkey": {(7, 2): 14, (8, 0): 10, (8, 1): 9, (9, 0): 5, (9, 1): 1},
}
"""Patch releases with all security fixes known in November 2026. Branches that are not here and not
newer than all others got no release for the latest ones. Sources: docker-library/official-images 22078
and 22312 (Redis), the release notes of 21 July 2026 (Valkey)."""


@dataclass(frozen=True)
class Hole:
    """``fixed``: by family, the first patch release of each branch without it. A branch that is not there and not newer
    than all others was never mended; ``since``: the first branch that has it."""

    name: str
    effect: str
    fixed: Mapping[str, Mapping[tuple[int, ...], int]]
    since: tuple[int, ...] = (7, 0)

    def is_in(self, server: Server) -> bool:
        """A version without a patch release is taken for one that is mended, as far as its branch is."""
        fixed = self.fixed.get(server.family, {})
        branch = server.version[:2]
        if not fixed or not self.since <= branch <= max(fixed):
            return False
        return branch not in fixed or (len(server.version) > 2 and server.version[2] < fixed[branch])


MAY_2026: dict[str, dict[tuple[int, ...], int]] = {
    "redis": {(7, 2): 14, (7, 4): 9, (8, 2): 6, (8, 4): 3, (8, 6): 3},
    "valkey": {(7, 2): 13, (8, 0): 8, (8, 1): 7, (9, 0): 4},
}

HOLES = (
    Hole(
        "CVE-2026-63639",
        "a stream in a crafted RDB file or RESTORE runs code",
        {"valkey": {(7, 2): 14, (8, 0): 10, (8, 1): 9, (9, 0): 5, (9, 1): 1}},
    ),
    Hole(
        "CVE-2026-62356",
        "RESTORE of a crafted CMSketch runs code",
        {"redis": {(8, 2): 8, (8, 4): 5, (8, 6): 5, (8, 8): 1}},
        since=(8, 0),
    ),
    Hole("CVE-2026-25243", "a crafted RESTORE runs code", MAY_2026),
    Hole("CVE-2026-23479", "a blocked client that is evicted lets code run", MAY_2026, since=(7, 2)),
    Hole(
        "CVE-2025-49844",
        "a Lua script runs code outside of the sandbox",
        {
            "redis": {(7, 2): 11, (7, 4): 6, (8, 0): 4, (8, 2): 2},
            "valkey": {(7, 2): 11, (8, 0): 6, (8, 1): 4},
        },
    ),
    Hole(
        "CVE-2025-32023",
        "HyperLogLog commands write out of bounds",
        {"redis": {(7, 2): 10, (7, 4): 5, (8, 0): 3}, "valkey": {(7, 2): 10, (8, 0): 4, (8, 1): 3}},
    ),
)
"""Of the many, those by which a client that may write can run code in the server; the newest first. Sources:
docker-library/official-images 19401, 20011 and 21922, redis/docs 3292 and 3825 (Redis), the notes of the releases
(Valkey)."""


def warnings(server: Server) -> list[str]:
    """Known security holes of this version; at most one sentence."""
    secure = SECURE_SINCE[server.family]
    branch = server.version[:2]
    if branch > max(secure):
        return []
    named = "; ".join(f"{hole.name}: {hole.effect}" for hole in HOLES if hole.is_in(server))
    known = f"known security holes ({named})" if named else "known security holes"
    if branch not in secure:
        newest = ".".join(map(str, max(secure)))
        return [f"{server} has {known}, and no release of its branch closes all of them; newer ones go up to {newest}."]
    fixed = f"{'.'.join(map(str, branch))}.{secure[branch]}"
    if len(server.version) < 3:
        return [f"The tag of {server} does not name a patch release; make sure that it is at least {fixed}."]
    if server.version[2] < secure[branch]:
        return [f"{server} has {known} that {fixed} closes; use that or a newer one."]
    return []
