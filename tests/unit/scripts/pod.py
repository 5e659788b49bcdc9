# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inside of a pod as a folder: the scripts of a role, run under a shell of the images with their tools alone."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from pathlib import Path

from tests.environment import CHECKOUT

ROLES = CHECKOUT / "roles"
SHELLS = {"dash": ["dash"], "busybox": ["busybox", "sh"]}
"""sh of the Debian images and of the Alpine images."""
TOOLS = (
    *("cat", "date", "dd", "grep", "head", "id", "mkdir", "mv", "rm", "sed", "sha1sum", "sleep", "sort", "tail"),
    *("timeout", "tr"),
)
"""All that the scripts may call beside the server's own programs."""
PLACES = (
    "/usr/local/lib/redis/modules",
    "/usr/local/etc/redis",
    "/etc/k8sredis/addresses",
    "/etc/k8sredis/auth",
    "/etc/k8sredis/scripts",
    "/run/redis",
    "/data",
)
"""The folders of a pod that the scripts name."""

SCRIPTS = "/etc/k8sredis/scripts"


class Pod:
    def __init__(self, folder: Path, shell: str, role: str = "redis_cluster") -> None:
        self.folder = folder
        self._files = [ROLES / each / "files" for each in ("redis_common", role)]
        self.server: subprocess.Popen[bytes] | None = None
        program, *words = SHELLS[shell]
        self._shell = [which(program), *words]
        self.address = "127.0.0.1"
        """Where the scripts find the server of this pod."""
        self.environment = {
            "POD_NAME": "shop-0-1",
            "POD_IPS": "10.1.2.3",
            "IP_FAMILY": "ipv4",
            "ANNOUNCE_HOSTNAME": "shop-0-1.shop-nodes.web.svc.cluster.local",
            "PORT": "6379",
            "MODULES": "bundled",
        }
        for place in PLACES:
            self.place(place).mkdir(parents=True)
        self.programs = folder / "bin"
        self.programs.mkdir()
        for tool in TOOLS:
            self._link(tool)
        self.write("/etc/k8sredis/auth/replication-password", "replica-secret")
        self.write("/etc/k8sredis/auth/probe-password", "probe-secret")
        self.write("/etc/k8sredis/auth/keeper-password", "keeper-secret")
        (self.programs / "sh").symlink_to(self._shell[0])

    def place(self, path: str) -> Path:
        """Where a path of the pod is on this machine."""
        return self.folder / "root" / path.lstrip("/")

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        self.place(path).write_text(text, encoding="utf-8")
        self.place(path).chmod(mode)

    def program(self, name: str, text: str) -> None:
        """A program of the image; ``text`` is a shell script."""
        path = self.programs / name
        path.unlink(missing_ok=True)  # else a link to a program of this machine would be written through
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)

    def run(self, script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(script, *arguments),
            env=self.variables(**environment),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def command(self, script: str, *arguments: str) -> list[str]:
        for file in (file for folder in self._files for file in folder.iterdir()):
            # But not in `replicaof 127.0.0.1 1`, which is nobody.
            text = re.sub(r"127\.0\.0\.1(?! 1\b)", self.address, file.read_text(encoding="utf-8"))
            text = re.sub("|".join(PLACES), lambda found: str(self.place(found[0])), text)
            target = self.place(SCRIPTS) / file.name
            # Another file instead: a shell reads on in that of a script that runs.
            new = target.with_suffix(f".{threading.get_ident()}")
            new.write_text(text, encoding="utf-8")
            new.replace(target)
        return [*self._shell, str(self.place(SCRIPTS) / script), *arguments]

    def variables(self, **more: str) -> dict[str, str]:
        return {"PATH": str(self.programs), **self.environment, **more}

    def _link(self, tool: str) -> None:
        (self.programs / tool).symlink_to(which(tool))


def which(program: str) -> str:
    found = shutil.which(program)
    assert found, f"this machine has no {program}"
    return found
