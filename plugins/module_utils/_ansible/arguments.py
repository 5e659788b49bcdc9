# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs that modules share; their documentation is in plugins/doc_fragments. PRIVATE to the collection."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from ansible.module_utils.basic import env_fallback
from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC

Spec = dict[str, Any]


def kubernetes() -> Spec:
    """Options of kubernetes.core.k8s_auth_options. They have no defaults: a default would hide the
    environment variables that a job template's credential sets."""
    return deepcopy(AUTH_ARG_SPEC)


def target() -> Spec:
    """Whom to talk to, and how."""
    return {
        **kubernetes(),
        "name": {"type": "str"},
        "namespace": {"type": "str", "default": "default"},
        "label_selectors": {"type": "list", "elements": "str"},
        "endpoints": {"type": "list", "elements": "str"},
        "transport": {"type": "str", "choices": ["port_forward", "direct"], "default": "port_forward"},
        "port": {"type": "int", "default": 6379},
        "container": {"type": "str", "default": "redis"},
        "auth_secret": {"type": "str", "no_log": False},
        **connection(),
    }


def connection() -> Spec:
    """How to log in to servers, wherever they are."""
    return {
        "redis_username": {"type": "str", "fallback": (env_fallback, ["K8SREDIS_USERNAME"])},
        "redis_password": {"type": "str", "no_log": True, "fallback": (env_fallback, ["K8SREDIS_PASSWORD"])},
        "redis_tls": {"type": "bool", "default": False},
        "redis_ca_cert": {"type": "path"},
        "redis_client_cert": {"type": "path"},
        "redis_client_key": {"type": "path"},
        "redis_validate_certs": {"type": "bool", "default": True},
        "redis_timeout": {"type": "float", "default": 5.0},
    }


def lock() -> Spec:
    """The run that changes something."""
    return {"run_id": {"type": "str"}}


def topology() -> Spec:
    """The wished shape, and how long to work towards it."""
    return {
        "shards": {"type": "int", "required": True},
        "replicas": {"type": "int", "default": 1},
        "leaving": {"type": "list", "elements": "str", "default": []},
        "node_timeout": {"type": "int"},
        "replica_sync_delay": {"type": "int"},
        "wait_timeout": {"type": "int", "default": 300},
    }


def made_from() -> Spec:
    """What pods are to be made from; without it, what their StatefulSets say."""
    return {"restart_hash": {"type": "str"}, "made_from": {"type": "str"}}


def shares() -> Spec:
    """What each shard is to have."""
    return {
        "balance_by": {"type": "str", "choices": ["slots", "keys", "bytes"], "default": "slots"},
        "weights": {"type": "dict", "default": {}},
    }


def moving() -> Spec:
    """Which shares the shards are to have, and how slots get there."""
    return {
        **shares(),
        "move": {"type": "bool", "default": True},
        "engine": {"type": "str", "choices": ["auto", "atomic", "setslot"], "default": "auto"},
        "transfers": {"type": "int", "default": 1},
        "slice_seconds": {"type": "float", "default": 0.0},
        "keys_per_second": {"type": "int", "default": 0, "no_log": False},
        "bytes_per_second": {"type": "int", "default": 0},
        "memory_percent": {"type": "int", "default": 75},
        "large_key": {"type": "int", "default": 64 * 1024 * 1024, "no_log": False},
        "allow_large_keys": {"type": "bool", "default": False, "no_log": False},
        "conflict_winner": {"type": "str", "choices": ["source", "target"]},
    }


RULES: dict[str, Any] = {
    "supports_check_mode": True,
    "mutually_exclusive": [("name", "endpoints"), ("label_selectors", "endpoints"), ("name", "label_selectors")],
    "required_one_of": [("name", "label_selectors", "endpoints")],
    "required_together": [("redis_client_cert", "redis_client_key")],
}
"""Keyword arguments of AnsibleModule for every module with a target."""
