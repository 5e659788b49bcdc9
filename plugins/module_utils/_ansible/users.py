# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options for ACL users, shared by the modules that check and that keep them. PRIVATE to the collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._decide import acl, directives

Spec = dict[str, Any]

SHORTEST_SECRET = 5
"""Characters; masking less would make words of every message unreadable."""


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


def rules(given: Mapping[str, Any], users: Iterable[Mapping[str, Any]] | None) -> list[list[Any]]:
    """All rules, of the application's user in ``given`` and of the others."""
    parts = ("commands", "keys", "channels")
    own = [given.get(f"application_{part}") for part in parts]
    return [
        each for each in (*own, *(user.get(part) for user in users or () for part in parts)) if isinstance(each, list)
    ]


def mask_misplaced(module: AnsibleModule, config: Any, rules: Iterable[list[Any]]) -> None:
    """Passwords that stand where none belongs are refused, and must not be shown with the arguments of the task."""
    given = config if isinstance(config, Mapping) else {}
    found = [text for name, value in given.items() if directives.is_secret(str(name)) for text in _texts(value)]
    found += [word for rule in rules for text in rule for word in acl.PASSWORD_RULE.findall(str(text))]
    bare = [word[1:] for word in found if acl.PASSWORD_RULE.fullmatch(word)]
    module.no_log_values.update(text for text in [*found, *bare] if len(text) >= SHORTEST_SECRET)


def _texts(value: Any) -> Iterable[str]:
    """A directive's value, as a whole and, where it is a list of words, each of them."""
    return [str(value), *(str(each) for each in value)] if isinstance(value, list) else [str(value)]
