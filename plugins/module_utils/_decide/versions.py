# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which server an image holds, and what is known of its version. Pure; PRIVATE to the collection.

The version decides which directives and commands the server has, before any pod can be asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.k8sredis.core.plugins.module_utils._decide.refusal import unusable

OLDEST = {"redis": (7, 0), "valkey": (7, 2)}
"""7.0: ADDSLOTSRANGE, ACL rules for subcommands, host names, shutdown that waits for replicas."""

RDB_FORMAT: dict[str, dict[tuple[int, ...], int]] = {
    "redis": {(7, 0): 10, (7, 2): 11, (7, 4): 12, (8, 0): 12, (8, 2): 12, (8, 4): 12, (8, 6): 13, (8, 8): 14},
    "valkey": {(7, 2): 11, (8, 0): 11, (8, 1): 11, (9, 0): 80, (9, 1): 80},
}
"""Number of the format that a branch writes, as its files begin (REDIS0012, VALKEY080). Source: RDB_VERSION in
src/rdb.h; a test compares it with what the real servers write."""

TAG = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-._+].*)?")
DECLARED = re.compile(r"(redis|valkey)-(\d+)\.(\d+)(?:\.(\d+))?")
ADVICE = "set redis_cluster_version to what it holds, for example redis-8.6.7 or valkey-8.1.9"


@dataclass(frozen=True)
class Server:
    """``family`` is redis or valkey; ``version`` has two or three numbers, as the tag says it."""

    family: str
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.family}-{self.number}"

    @property
    def number(self) -> str:
        return ".".join(str(part) for part in self.version)


def server(image: str, declared: str) -> tuple[Server | None, list[str]]:
    """The server of an image; ``declared`` is the setting ``version``, empty to read it from the tag."""
    from_tag = _from_image(image)
    if _moves(image):
        reason = "what it stands for changes, so that pods of one instance may differ"
        return None, [unusable("image", image, reason, "name the tag of one version, or a digest")]
    if not declared:
        if from_tag is None:
            return None, [unusable("image", image, "its tag does not name a version of Redis or Valkey", ADVICE)]
        return from_tag, _too_old(from_tag, "image", image)
    found = DECLARED.fullmatch(declared)
    if not found:
        return None, [unusable("version", declared, "it is not of the form <family>-<version>", ADVICE)]
    named = Server(found[1], _numbers(found))
    if from_tag and not _agree(named, from_tag):
        reason = f"the tag of redis_cluster_image says {from_tag}"
        return None, [unusable("version", declared, reason, "correct one of the two")]
    return named, _too_old(named, "version", declared)


def can_load(server: Server, data_of: str) -> bool:
    """Whether a server reads what another one wrote: the same family, and not an older branch.

    The format of the files grows from branch to branch, and no server reads a newer one than its own.
    """
    found = DECLARED.fullmatch(data_of)
    if not found:
        return True
    return server.family == found[1] and server.version[:2] >= _numbers(found)[:2]


def step_back(server: Server, data_of: str) -> str:
    """Why pods cannot go from ``data_of``, such as redis-8.0.2, to ``server`` one by one; empty when they can.

    Another patch release of the branch and every newer branch of the family can be reached. An older branch cannot
    read the files of a newer one, or full synchronisations from it: the number of the format tells where (RDB_FORMAT).
    Where the number is the same, data types may still differ. Valkey reads what Redis up to 7.2 wrote, but members of
    two families are no candidates for each other, so no master could be handed over.
    """
    if can_load(server, data_of):
        return ""
    family, _dash, number = data_of.partition("-")
    if family != server.family:
        return f"pods that run {data_of} cannot become {server.family} one by one, the two do not follow each other"
    here = RDB_FORMAT[family].get(server.version[:2])
    there = RDB_FORMAT[family].get(tuple(int(part) for part in number.split(".")[:2]))
    formats = f" (RDB format {there} and {here})" if here and there and here != there else ""
    return f"{server} is of an older branch than {data_of}, which pods run, and does not read its data{formats}"


def _from_image(image: str) -> Server | None:
    repository, _at, _digest = image.partition("@")
    path, _slash, last = repository.rpartition("/")
    name, _colon, tag = last.partition(":")
    family = next((family for family in ("valkey", "redis") if family in name or family in path.split("/")), "")
    found = TAG.fullmatch(tag)
    if not family or not found:
        return None
    return Server(family, tuple(int(part) for part in found.groups() if part is not None))


def _moves(image: str) -> bool:
    """Without a tag an image is its ``latest``."""
    repository, _at, digest = image.partition("@")
    _name, _colon, tag = repository.rpartition("/")[2].partition(":")
    return not digest and tag in ("", "latest")


def _numbers(found: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(part) for part in found.groups()[1:] if part is not None)


def _agree(one: Server, other: Server) -> bool:
    length = min(len(one.version), len(other.version))
    return one.family == other.family and one.version[:length] == other.version[:length]


def _too_old(server: Server, setting: str, value: str) -> list[str]:
    oldest = OLDEST[server.family]
    if server.version[:2] >= oldest:
        return []
    number = ".".join(map(str, oldest))
    return [unusable(setting, value, f"{server} is older than {number}", f"use {server.family} {number} or newer")]
