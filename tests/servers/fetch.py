# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make the root file systems of servers and HAProxy, each once: what is in the cache is never fetched again."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.cache import locked, made_whole
from tests.servers import rootfs, store
from tests.servers.apt import FetchError, PrivateApt
from tests.servers.server import Server
from tests.servers.suites import Source


def fetch_missing(say: Callable[[str], None]) -> None:
    """Fetch what is missing. A required source that cannot be had raises, an optional one is only told of."""
    with locked(store.servers_dir()), locked(store.proxies_dir()):
        for source in store.missing():
            say(f"fetching {source} …")
            try:
                server = fetch(source)
            except FetchError as error:
                if source.required:
                    raise
                say(f"{source} is optional and cannot be had here, its tests will be skipped: {error}")
            else:
                say(f"{server.family} {server.version} is in {server.rootfs}")


def fetch(source: Source) -> Server:
    """Download, unpack and assemble one server; what was downloaded is dropped at the end."""
    with tempfile.TemporaryDirectory(prefix="k8sredis-") as scratch:
        apt = PrivateApt(Path(scratch) / "apt", source.suites)
        apt.update()
        version = upstream_version(apt.version(source.packages[0]))
        target = store.folder_of(source) / f"{source.family}-{version}"
        if target.exists():
            raise FetchError(f"Cannot add {source}: its version {version} is here already, from another suite.")
        packages = apt.download([*source.packages, *rootfs.EXTRA_PACKAGES])
        with made_whole(target) as finished:
            try:
                rootfs.unpack(packages, Path(scratch) / "unpacked")
                rootfs.assemble(Path(scratch) / "unpacked", source.family, finished / "rootfs")
            except subprocess.CalledProcessError as error:
                raise FetchError(f"Cannot unpack {source}: {error.cmd[0]} ended with {error.returncode}.") from None
            store.write(finished, source.family, version, source.suite)
    return store.read(target)


def upstream_version(debian_version: str) -> str:
    """``5:7.0.15-1~deb12u10`` -> ``7.0.15``; ``9.1.0~rc1+dfsg-1`` -> ``9.1.0``."""
    match = re.match(r"(?:\d+:)?(\d+(?:\.\d+)+)", debian_version)
    if not match:
        raise FetchError(f"Cannot read the version {debian_version}: it does not start with digits and dots.")
    return match.group(1)
