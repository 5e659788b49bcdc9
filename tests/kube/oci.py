# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write a container image: an OCI archive with one layer, as ``ctr images import`` takes it."""

from __future__ import annotations

import hashlib
import io
import json
import platform
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
MEDIA = "application/vnd.oci.image"


@dataclass(frozen=True)
class Image:
    """``owners`` gives folders of the rootfs (top level) to a user id; all else is root's."""

    reference: str
    rootfs: Path
    command: list[str]
    workdir: str = "/"
    volumes: tuple[str, ...] = ()
    owners: dict[str, int] = field(default_factory=dict)
    user: str = ""
    stop_signal: str = ""

    def write(self, archive: Path) -> None:
        blobs: dict[str, bytes] = {}
        layer = self._layer()
        platform_of = {"os": "linux", "architecture": ARCHITECTURES.get(platform.machine(), platform.machine())}
        config = {
            **platform_of,
            "config": self._run_config(),
            "rootfs": {"type": "layers", "diff_ids": [_add(blobs, layer)]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{MEDIA}.manifest.v1+json",
            "config": _descriptor(blobs, json.dumps(config).encode(), "config.v1+json"),
            "layers": [_descriptor(blobs, layer, "layer.v1.tar")],
        }
        described = _descriptor(blobs, json.dumps(manifest).encode(), "manifest.v1+json")
        names = {"io.containerd.image.name": self.reference}
        index = {
            "schemaVersion": 2,
            "mediaType": f"{MEDIA}.index.v1+json",
            "manifests": [{**described, "annotations": names, "platform": platform_of}],
        }
        _write_archive(archive, index, blobs)

    def _run_config(self) -> dict[str, Any]:
        return {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Cmd": self.command,
            "WorkingDir": self.workdir,
            "Volumes": {volume: {} for volume in self.volumes},
            "User": self.user,
            "StopSignal": self.stop_signal,
        }

    def _layer(self) -> bytes:
        """The same files give the same bytes: names in order, and nothing of time or the maker's accounts."""

        def neutral(entry: tarfile.TarInfo) -> tarfile.TarInfo:
            entry.mtime = 0
            entry.uname = entry.gname = ""
            entry.uid = entry.gid = self.owners.get(entry.name.partition("/")[0], 0)
            return entry

        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path in sorted(self.rootfs.iterdir()):
                archive.add(path, arcname=path.name, filter=neutral)
        return buffer.getvalue()


def _add(blobs: dict[str, bytes], content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    blobs[digest] = content
    return f"sha256:{digest}"


def _descriptor(blobs: dict[str, bytes], content: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": f"{MEDIA}.{kind}", "digest": _add(blobs, content), "size": len(content)}


def _write_archive(archive: Path, index: dict[str, Any], blobs: dict[str, bytes]) -> None:
    files = {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": json.dumps(index).encode(),
        **{f"blobs/sha256/{digest}": content for digest, content in blobs.items()},
    }
    with tarfile.open(archive, "w") as output:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            output.addfile(entry, io.BytesIO(content))
