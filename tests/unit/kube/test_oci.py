# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images: the same files give the same layer, and folders belong to whom they are given."""

from __future__ import annotations

import json
import os
import tarfile
from io import BytesIO
from pathlib import Path

from tests.kube.oci import Image


def write(folder: Path, rootfs: Path) -> tuple[dict[str, bytes], bytes]:
    """All files of the archive, and the layer."""
    image = Image("localhost/thing:1", rootfs, ["thing"], owners={"data": 999})
    image.write(folder / "image.tar")
    with tarfile.open(folder / "image.tar") as archive:
        files = {member.name: file.read() for member in archive if (file := archive.extractfile(member))}
    manifest = json.loads(files[blob(json.loads(files["index.json"])["manifests"][0]["digest"])])
    return files, files[blob(manifest["layers"][0]["digest"])]


def blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def make_rootfs(path: Path) -> Path:
    (path / "data").mkdir(parents=True)
    (path / "bin").mkdir()
    (path / "bin/thing").write_text("thing")
    return path


def test_the_layer_depends_on_the_files_alone(tmp_path: Path) -> None:
    first, second = make_rootfs(tmp_path / "first"), make_rootfs(tmp_path / "second")
    os.utime(second / "bin/thing", (1, 1))
    assert write(tmp_path, first)[1] == write(tmp_path, second)[1]


def test_only_the_named_folder_is_the_users(tmp_path: Path) -> None:
    layer = write(tmp_path, make_rootfs(tmp_path / "rootfs"))[1]
    with tarfile.open(fileobj=BytesIO(layer)) as archive:
        owners = {member.name: member.uid for member in archive}
    assert owners == {"bin": 0, "bin/thing": 0, "data": 999}


def test_the_image_has_its_name(tmp_path: Path) -> None:
    files, _layer = write(tmp_path, make_rootfs(tmp_path / "rootfs"))
    annotations = json.loads(files["index.json"])["manifests"][0]["annotations"]
    assert annotations == {"io.containerd.image.name": "localhost/thing:1"}
