# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of all tests."""

from __future__ import annotations

from ansible.plugins.loader import init_plugin_loader
from hypothesis import HealthCheck, settings

from tests.environment import CHECKOUT

# Before any test imports the collection: what Python's own import found first, Ansible's would not know.
init_plugin_loader([str(CHECKOUT / "collections")])

# A busy machine must not fail a property: durations are never asserted, and how long examples take to make neither.
settings.register_profile("k8sredis", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("k8sredis")
