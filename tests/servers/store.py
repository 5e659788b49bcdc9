# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers that are in the cache."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cache import cache_dir
from tests.servers.server import Server
from tests.servers.suites import SOURCES, Source

ABOUT = "server.json"


def servers_dir() -> Path:
    return cache_dir() / "servers"


def available() -> list[Server]:
    """What is in the cache, oldest first within its family."""
    found = [read(path.parent) for path in servers_dir().glob(f"[!.]*/{ABOUT}")]
    return sorted(found, key=lambda server: (server.family, server.version_key))


def missing() -> list[Source]:
    """The sources of which nothing is in the cache."""
    have = {(server.suite, server.family) for server in available()}
    return [source for source in SOURCES if (source.suite, source.family) not in have]


def read(folder: Path) -> Server:
    return Server(rootfs=folder / "rootfs", **json.loads((folder / ABOUT).read_text(encoding="utf-8")))


def write(folder: Path, family: str, version: str, suite: str) -> None:
    """What ``read`` reads, beside the ``rootfs`` that is there already."""
    about = {"family": family, "version": version, "suite": suite}
    (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")
