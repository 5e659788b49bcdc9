#!/usr/bin/python
# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_users
short_description: Keep the ACL users of an instance, in its Secret and in its servers
version_added: 0.1.0
description:
  - Keeps the instance's Secret with the passwords of the collection's own users, which are generated once, the password
    of the application's user, and the ACL file that pods start with. The file holds hashes of passwords only.
  - Brings the users of running servers to the same state by C(ACL SETUSER) for each user that differs, proves it by
    C(ACL GETUSER), and removes users that nobody declared. Nobody who is logged in as a declared user is cut off.
  - The collection's own users may do no more than they need. C(k8sredis-tool) is what modules log in as, its password
    is in no pod; C(k8sredis-replication) is for replicas; C(k8sredis-probe) for the probes of the pods;
    C(k8sredis-keeper) for the scripts with which pods look after themselves.
  - No password and no hash is in its results. Its diff shows rules without them.
author:
  - the k8sredis.core authors (@k8sredis)
options:
  name:
    description:
      - Name of the instance.
    type: str
    required: true
  application_user:
    description:
      - Name of the application's user. With V(default) clients that send a password only are this user. With any other
        name the user C(default) is switched off.
    type: str
    default: default
  application_commands:
    description:
      - What the application's user may run, as rules of the ACL in their order.
      - Without it V(+@all), V(-@admin), V(-@dangerous), V(+info), V(+keys), V(+role) and V(+sort).
    type: list
    elements: str
  application_keys:
    description:
      - Patterns of the keys that the application's user may use. Without it all keys.
    type: list
    elements: str
  application_channels:
    description:
      - Patterns of the channels that the application's user may use. Without it all channels.
    type: list
    elements: str
  family:
    description:
      - Family of the servers. Valkey 9 moves slots between nodes as C(k8sredis-replication), which therefore may
        write there; on Redis it may replicate and nothing else.
    type: str
    choices: [redis, valkey]
    default: redis
  topology:
    description:
      - V(cluster) for a Redis Cluster.
      - With V(sentinel) there are the users by which Sentinels log in to the servers and to each other as well,
        applications cannot publish in the Sentinels' name, and the Secret holds the file of the Sentinels' own users,
        C(sentinel.acl), and the password of applications at the Sentinels, C(sentinel-password).
    type: str
    choices: [cluster, sentinel]
    default: cluster
  sentinel_port:
    description:
      - Port of the Sentinels in their pods.
    type: int
    default: 26379
  labels:
    description:
      - Labels of the Secret besides the collection's own.
    type: dict
    default: {}
  annotations:
    description:
      - Annotations of the Secret.
    type: dict
    default: {}
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - k8sredis.core.target
  - k8sredis.core.lock
  - k8sredis.core.users
  - k8sredis.core.attributes
  - k8sredis.core.attributes.changes
"""

EXAMPLES = r"""
- name: Make the users of the instance
  k8sredis.core.cluster_users:
    name: shop
    namespace: web

- name: Let a report read what begins with 'report:'
  k8sredis.core.cluster_users:
    name: shop
    namespace: web
    users:
      - name: report
        password: "{{ report_password }}"
        commands: [+@read, +@connection]
        keys: ["report:*"]
        channels: []
"""

RETURN = r"""
plan:
  description: What was done, or in check mode would be done, in order. Names users and parts of them, never a password.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: V(user) for a change in a server, V(secret) for one of the Secret.
      type: str
    subject:
      description: The pod or Secret that it is done to.
      type: str
    text:
      description: The step in words.
      type: str
    reason:
      description: Why it is needed.
      type: str
  sample: [{kind: user, subject: shop-0-0, text: "shop-0-0: create user report", reason: the user does not exist there}]
secret:
  description: Name of the Secret.
  returned: success
  type: str
  sample: shop-auth
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import arguments, sentinel
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import module as border
from ansible_collections.k8sredis.core.plugins.module_utils._ansible import users as options
from ansible_collections.k8sredis.core.plugins.module_utils._decide import names
from ansible_collections.k8sredis.core.plugins.module_utils._decide import users as declared
from ansible_collections.k8sredis.core.plugins.module_utils._decide.declaration import CLUSTER, SENTINEL
from ansible_collections.k8sredis.core.plugins.module_utils._execute import users
from ansible_collections.k8sredis.core.plugins.module_utils._execute.session import Session
from ansible_collections.k8sredis.core.plugins.module_utils._model import Refused
from ansible_collections.k8sredis.core.plugins.module_utils._observe.kube import Kube


def wanted(params: dict[str, Any]) -> users.Wanted:
    application, others = declared.application(params), declared.others(params)
    problems = declared.problems(application, others, None)
    if problems:
        raise Refused("\n".join(problems))
    return users.Wanted(
        secret=params["auth_secret"] or f"{params['name']}-auth",
        labels={**params["labels"], **names.labels(params["name"], params["topology"])},
        annotations=params["annotations"],
        application=application,
        others=others,
        family=params["family"],
        topology=params["topology"],
    )


def new_password() -> str:
    """43 characters of 256 random bits."""
    return secrets.token_urlsafe(32)


def work(module: AnsibleModule) -> dict[str, Any]:
    options.mask_misplaced(module, module.params, module.params["users"])
    wish = wanted(module.params)
    api = border.kube(module)
    with border.session(module, []) as session, watchers(module, api, session) as sentinels:
        done = users.keep(api, session, wish, new_password, module.no_log_values.add, module.check_mode, sentinels)
    return {
        "changed": done.plan.changed,
        "plan": border.steps(done.plan),
        "diff": {"before": done.before, "after": done.after, "before_header": wish.secret, "after_header": wish.secret},
        "secret": wish.secret,
    }


@contextmanager
def watchers(module: AnsibleModule, api: Kube, servers: Session) -> Iterator[Session | None]:
    """The Sentinels of the instance, where it has some."""
    if module.params["topology"] != SENTINEL:
        yield None
        return
    session = Session(sentinel.of_instance(module, api), [])
    session.guard = servers.guard
    try:
        yield session
    finally:
        session.close()


def main() -> None:
    spec = {
        **arguments.target(),
        **arguments.lock(),
        **options.secrets(),
        **options.application(),
        "name": {"type": "str", "required": True},
        "family": {"type": "str", "choices": ["redis", "valkey"], "default": "redis"},
        "topology": {"type": "str", "choices": [CLUSTER, SENTINEL], "default": CLUSTER},
        "sentinel_port": {"type": "int", "default": 26379},
        "labels": {"type": "dict", "default": {}},
        "annotations": {"type": "dict", "default": {}},
    }
    border.run(spec, work, **arguments.RULES)


if __name__ == "__main__":
    main()
