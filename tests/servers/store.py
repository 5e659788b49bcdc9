# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The servers, and the HAProxy versions, that are in the cache."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cache import cache_dir
from tests.servers.server import Server
from tests.servers.suites import HAPROXY, PROXIES, SOURCES, Source

ABOUT = "server.json"


def servers_dir() -> Path:
    return cache_dir() / "servers"


def proxies_dir() -> Path:
    return cache_dir() / "proxies"


def folder_of(source: Source) -> Path:
    return proxies_dir() if source.family == HAPROXY else servers_dir()


def available() -> list[Server]:
    """What is in the cache, oldest first within its family."""
    return _found(servers_dir())


def proxies() -> list[Server]:
    """The HAProxy versions in the cache, oldest first."""
    return _found(proxies_dir())


def _found(folder: Path) -> list[Server]:
    found = [read(path.parent) for path in folder.glob(f"[!.]*/{ABOUT}")]
    return sorted(found, key=lambda server: (server.family, server.version_key))


def missing() -> list[Source]:
    """The sources of which nothing is in the cache."""
    have = {(server.suite, server.family) for server in (*available(), *proxies())}
    return [source for source in (*SOURCES, *PROXIES) if (source.suite, source.family) not in have]


def read(folder: Path) -> Server:
    return Server(rootfs=folder / "rootfs", **json.loads((folder / ABOUT).read_text(encoding="utf-8")))


def write(folder: Path, family: str, version: str, suite: str) -> None:
    """What ``read`` reads, beside the ``rootfs`` that is there already."""
    about = {"family": family, "version": version, "suite": suite}
    (folder / ABOUT).write_text(json.dumps(about), encoding="utf-8")
