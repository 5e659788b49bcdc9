# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the test beds keep what is expensive to make: outside the checkout, shared by all checkouts of a user."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_dir() -> Path:
    """``K8SREDIS_CACHE``, else ``k8sredis`` in the user's cache folder (XDG base directories)."""
    own = os.environ.get("K8SREDIS_CACHE")
    if own:
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "k8sredis"


@contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """A scratch folder beside ``target`` that takes its name when the block ends well, and vanishes otherwise.

    So whoever sees ``target`` sees it complete, also after a kill. The caller holds the lock of the parent folder:
    one maker at a time, which also clears away what killed makers left.
    """
    for leftover in target.parent.glob(".making-*"):
        shutil.rmtree(leftover)
    scratch = target.parent / f".making-{target.name}"
    scratch.mkdir()
    try:
        yield scratch
        scratch.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Wait for, then hold, the exclusive lock of a folder, made if need be; the kernel drops it with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
