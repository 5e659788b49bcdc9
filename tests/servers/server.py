# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Redis or Valkey server program of one version, or HAProxy, unpacked in a folder of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """``family`` is ``redis``, ``valkey`` or ``haproxy``, ``version`` that of upstream, ``suite`` that of Debian."""

    family: str
    version: str
    suite: str
    rootfs: Path

    @property
    def image(self) -> str:
        """The name under which the local Kubernetes knows this version."""
        return f"localhost/{self.family}:{self.version}"

    @property
    def version_key(self) -> tuple[int, ...]:
        """For sorting and comparing: 8.10.0 is newer than 8.6.0."""
        return tuple(int(part) for part in self.version.split("."))

    def command(self, program: str) -> list[str]:
        """The words that run ``program`` on this machine, without root and without a container.

        The program's own dynamic loader and libraries are used, so a server of a newer Debian runs on an older one.
        """
        loader = next(self.rootfs.glob("lib*/ld-linux-*.so.*"))
        libraries = next(self.rootfs.glob("usr/lib/*-linux-gnu*"))
        return [str(loader), "--library-path", str(libraries), str(self.rootfs / "usr/bin" / program)]
