# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options for ACL users, shared by the modules that check and that keep them. PRIVATE to the collection."""

from __future__ import annotations

from typing import Any

Spec = dict[str, Any]


def secrets() -> Spec:
    """What must be masked; documented in the fragment users."""
    rules = {"type": "list", "elements": "str"}
    return {
        "application_password": {"type": "str", "no_log": True},
        "users": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "password": {"type": "str", "required": True, "no_log": True},
                "commands": dict(rules),
                "keys": {**rules, "no_log": False},
                "channels": dict(rules),
            },
        },
    }


def application() -> Spec:
    """The application's user, but for its password."""
    rules = {"type": "list", "elements": "str"}
    return {
        "application_user": {"type": "str", "default": "default"},
        "application_commands": dict(rules),
        "application_keys": {**rules, "no_log": False},
        "application_channels": dict(rules),
    }
