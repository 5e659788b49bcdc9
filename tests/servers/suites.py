# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which server, and which HAProxy, comes from which Debian suite."""

from __future__ import annotations

from dataclasses import dataclass

HAPROXY = "haproxy"


@dataclass(frozen=True)
class Source:
    """``family`` as packaged in ``suite``; ``below`` is the suite that has the libraries which ``suite`` lacks."""

    suite: str
    family: str
    required: bool
    below: str | None = None

    @property
    def suites(self) -> list[str]:
        return [self.suite, self.below] if self.below else [self.suite]

    @property
    def packages(self) -> list[str]:
        """The program and its tools, pinned to the suite: experimental is never chosen by itself."""
        if self.family == HAPROXY:
            return [f"{HAPROXY}/{self.suite}"]
        return [f"{self.family}-{part}/{self.suite}" for part in ("server", "tools")]

    def __str__(self) -> str:
        name = "HAProxy" if self.family == HAPROXY else self.family.capitalize()
        return f"{name} of Debian {self.suite}"


SOURCES = (
    Source("bookworm", "redis", required=True),
    Source("trixie", "redis", required=True),
    Source("trixie", "valkey", required=True),
    Source("sid", "redis", required=False),
    Source("sid", "valkey", required=False),
    Source("experimental", "redis", required=False, below="sid"),
)

PROXIES = (
    Source("bookworm", HAPROXY, required=True),
    Source("trixie", HAPROXY, required=True),
    Source("sid", HAPROXY, required=False),
)
