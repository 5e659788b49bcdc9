# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Debian packages of any suite, fetched through a private apt folder: the machine's own apt state is not touched."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

DEBIAN_SUITES = ("bookworm", "trixie", "forky", "sid", "oldstable", "stable", "testing", "unstable")
# It has the keys of all current suites, the key that a host's entry names may be that of one suite only.
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class FetchError(Exception):
    """One sentence for people."""


def debian_archive() -> str:
    """The Debian archive that this machine uses, asked of apt itself: whatever form its entries have."""
    fields = "$(CREATED_BY) $(TARGET_OF) $(RELEASE) $(COMPONENT) $(REPO_URI)"
    listed = _run(["apt-get", "indextargets", "--no-release-info", "--format", fields], "list the apt entries")
    archives = []
    for line in listed.splitlines():
        kind, target, release, component, uri = line.split(maxsplit=4)
        if (kind, target, component) == ("Packages", "deb", "main") and release in DEBIAN_SUITES:
            archives.append(uri)
    if not archives:
        raise FetchError(
            "Cannot fetch Redis, Valkey and HAProxy: no entry of a Debian suite with component main among the apt "
            "sources; add one (deb822 or one-line form), any suite will do."
        )
    # Others offer suites under Debian's names as well.
    return next((uri for uri in archives if uri.rstrip("/").endswith("/debian")), archives[0])


class PrivateApt:
    """apt with its own sources, lists, cache and an empty set of installed packages (so all dependencies come)."""

    def __init__(self, folder: Path, suites: Iterable[str]) -> None:
        self.folder = folder
        for name in ("lists/partial", "archives/partial", "parts"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        signed = f" [signed-by={KEYRING}]" if KEYRING.exists() else ""
        archive = debian_archive()
        entries = [f"deb{signed} {archive} {suite} main\n" for suite in suites]
        (folder / "sources.list").write_text("".join(entries), encoding="utf-8")
        self._options = [
            f"Dir::Etc::SourceList={folder}/sources.list",
            f"Dir::Etc::SourceParts={folder}/parts",
            f"Dir::Etc::Preferences={folder}/parts/none",
            f"Dir::Etc::PreferencesParts={folder}/parts",
            f"Dir::State::Lists={folder}/lists",
            f"Dir::State::status={folder}/status",
            f"Dir::Cache={folder}",
            f"Dir::Cache::Archives={folder}/archives",
            "Acquire::Languages=none",
            "Acquire::Retries=2",
            # The private folder belongs to the caller; with it the machine's own locks are of no concern.
            "APT::Sandbox::User=",
            "Debug::NoLocking=true",
        ]

    def update(self) -> None:
        """Read the package lists; a suite that is not there is an error (apt alone would only warn)."""
        self._apt("update", ["--error-on=any"])

    def version(self, package: str) -> str:
        """The Debian version that ``download`` would fetch of ``name/suite``."""
        name = package.partition("/")[0]
        for line in self._apt("install", ["--simulate", "--no-install-recommends", package]).splitlines():
            if line.startswith(f"Inst {name} "):
                return line.split("(", 1)[1].split()[0]
        raise FetchError(f"Cannot find {package}: apt does not offer it.")

    def download(self, packages: Iterable[str]) -> list[Path]:
        """The packages and everything that they depend on, as .deb files."""
        for old in (self.folder / "archives").glob("*.deb"):
            old.unlink()
        self._apt("install", ["--yes", "--download-only", "--no-install-recommends", *packages])
        return sorted((self.folder / "archives").glob("*.deb"))

    def _apt(self, verb: str, arguments: list[str]) -> str:
        options = [word for option in self._options for word in ("-o", option)]
        return _run(["apt-get", "-q", *options, verb, *arguments], f"{verb} packages")


def _run(command: list[str], deed: str) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=600, check=False, env={**os.environ, "LC_ALL": "C"}
    )
    if done.returncode != 0:
        seen = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()[-1:]
        raise FetchError(f"Cannot {deed}: {seen[0] if seen else f'apt-get ended with {done.returncode}'}")
    return done.stdout
