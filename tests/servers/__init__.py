# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Redis, Valkey and HAProxy programs of several versions, unpacked from Debian packages into the cache.

``available()`` tells which servers are there, ``proxies()`` which HAProxy. Each ``Server`` runs on this machine by
``command("redis-server")``, and is an image of the local Kubernetes by the name ``image``.
"""

from __future__ import annotations

from tests.servers.server import Server
from tests.servers.store import available, proxies

__all__ = ["Server", "available", "proxies"]
