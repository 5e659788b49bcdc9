# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands that a user must be allowed before slots are moved, for ACL DRYRUN. Pure; PRIVATE to the collection.

A right that is missing in mid-move leaves slots open (valkey-operator#306).
"""

from __future__ import annotations

from ansible_collections.k8sredis.core.plugins.module_utils._decide import engines

KEY = "k8sredis"
"""Any key: a user who may not use all keys may not use this one."""

TOOL = {
    engines.SETSLOT: (
        ("CLUSTER", "SETSLOT", "0", "STABLE"),
        ("CLUSTER", "COUNTKEYSINSLOT", "0"),
        ("CLUSTER", "GETKEYSINSLOT", "0", "1"),
        ("MIGRATE", "host", "6379", KEY, "0", "1000"),
        ("SELECT", "0"),
        ("RESTORE-ASKING", KEY, "0", ""),
        ("EVAL_RO", "return 0", "0"),
        ("MEMORY", "USAGE", KEY),
        ("DUMP", KEY),
        ("ASKING",),
        ("MULTI",),
        ("EXEC",),
        ("ROLE",),
        ("SCRIPT", "LOAD", ""),
        ("SCRIPT", "EXISTS", ""),
    ),
    engines.MIGRATION: (
        ("CLUSTER", "MIGRATION", "STATUS", "ALL"),
        ("CLUSTER", "COUNTKEYSINSLOT", "0"),
        ("EVAL_RO", "return 0", "0"),
        ("MEMORY", "USAGE", KEY),
    ),
    engines.MIGRATESLOTS: (
        ("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", "0", "0", "NODE", "id"),
        ("CLUSTER", "GETSLOTMIGRATIONS"),
        ("CLUSTER", "CANCELSLOTMIGRATIONS"),
        ("CLUSTER", "COUNTKEYSINSLOT", "0"),
        ("EVAL_RO", "return 0", "0"),
        ("MEMORY", "USAGE", KEY),
    ),
}
"""Of the user whom the modules log in as."""

REPLICATION = {
    engines.MIGRATESLOTS: (
        ("CLUSTER", "SYNCSLOTS", "ESTABLISH"),
        ("SELECT", "0"),
        ("SET", KEY, ""),
        ("HSET", KEY, "field", ""),
        ("MULTI",),
    ),
}
"""Of the user whom nodes log in as at each other, where the engine has none of its own."""
