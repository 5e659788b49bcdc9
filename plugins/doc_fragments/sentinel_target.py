# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of an instance of the role P(k8sredis.core.redis_sentinel#role).
      - Its pods are found by their labels, the passwords in its Secret.
    type: str
  replicas:
    description:
      - How many replicas the instance O(name) is to have. Servers beyond are to leave, and whoever of them does not
        answer is not counted on.
      - Without it as many as its last run declared.
    type: int
  watchers:
    description:
      - How many Sentinels it is to have, as O(replicas).
    type: int
  master_name:
    description:
      - Name by which the Sentinels know the master.
      - Needed without O(name); with it the default is C(<namespace>.<name>).
    type: str
  endpoints:
    description:
      - The servers, the master and its replicas, as C(host:port). IPv6 addresses stand in brackets.
      - Each host must be, or resolve to, the address or the name by which servers and Sentinels know it.
      - One of O(name), this and O(label_selectors) is needed.
    type: list
    elements: str
  sentinels:
    description:
      - All Sentinels as C(host:port), as O(endpoints) are given. One that is not named counts as left over.
      - One of O(name), this and O(sentinel_label_selectors) is needed.
    type: list
    elements: str
  namespace:
    description:
      - Kubernetes namespace of the pods.
    type: str
    default: default
  label_selectors:
    description:
      - Labels of the pods of the servers, for example C(app=redis).
    type: list
    elements: str
  sentinel_label_selectors:
    description:
      - Labels of the pods of the Sentinels. They may be the same pods as those of the servers.
    type: list
    elements: str
  transport:
    description:
      - How pods are reached.
      - V(port_forward) goes through the Kubernetes API and works from anywhere the API is reachable.
      - V(direct) connects to pod addresses and works only inside the cluster's network.
    type: str
    choices: [port_forward, direct]
    default: port_forward
  port:
    description:
      - Port of Redis in the pods.
    type: int
    default: 6379
  sentinel_port:
    description:
      - Port of Sentinel in the pods.
    type: int
    default: 26379
  container:
    description:
      - Name of the container that runs Redis; says which state of a pod counts.
    type: str
    default: redis
  sentinel_container:
    description:
      - Name of the container that runs Sentinel.
    type: str
    default: sentinel
  auth_secret:
    description:
      - Secret that holds the passwords of the collection's own ACL user, C(tool-password) for the servers and
        C(sentinel-tool-password) for the Sentinels.
      - The default is the O(name) followed by C(-auth).
      - It is read by the module, so that no password passes through a playbook.
    type: str
  redis_username:
    description:
      - ACL user to log in to the servers as. Without it, the default user.
      - The environment variable E(K8SREDIS_USERNAME) is used when the option is not set.
    type: str
  redis_password:
    description:
      - Password to log in to the servers with.
      - The environment variable E(K8SREDIS_PASSWORD) is used when the option is not set.
    type: str
  sentinel_username:
    description:
      - ACL user to log in to the Sentinels as. Without it, the default user.
      - The environment variable E(K8SREDIS_SENTINEL_USERNAME) is used when the option is not set.
    type: str
  sentinel_password:
    description:
      - Password to log in to the Sentinels with.
      - The environment variable E(K8SREDIS_SENTINEL_PASSWORD) is used when the option is not set.
    type: str
  redis_tls:
    description:
      - Whether servers and Sentinels speak TLS.
    type: bool
    default: false
  redis_ca_cert:
    description:
      - File of the certificate authority that signed the certificates. Without it the system's are used.
    type: path
  redis_client_cert:
    description:
      - Client certificate file, for servers that ask for one. Requires O(redis_client_key).
    type: path
  redis_client_key:
    description:
      - Key file of O(redis_client_cert).
    type: path
  redis_validate_certs:
    description:
      - Whether the certificates are checked.
    type: bool
    default: true
  redis_timeout:
    description:
      - Seconds to wait for a connection and for each reply.
    type: float
    default: 5.0
requirements:
  - python >= 3.11
  - kubernetes >= 29.0.0, not 36.0.0 or 36.0.1 (not needed with O(endpoints) and O(sentinels))
  - redis >= 5.3.0
"""
