# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""valkey-glide's GlideClient, which knows one address and no Sentinel; for its settings see glide.py."""

from __future__ import annotations

from typing import Any

from glide_sync import GlideClient, GlideClientConfiguration, NodeAddress, ServerCredentials

from tests.chaos.glide import Glide


class GlidePlain(Glide):
    def connect(self, seeds: list[tuple[str, int]], login: ServerCredentials | None) -> Any:
        nodes = [NodeAddress(host, port) for host, port in seeds]
        return GlideClient.create(GlideClientConfiguration(nodes, credentials=login))
