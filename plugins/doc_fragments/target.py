# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the instance, as given to the role P(k8sredis.core.redis_cluster#role).
      - Its pods are found by their labels, its password in its Secret.
    type: str
  namespace:
    description:
      - Kubernetes namespace of the instance.
    type: str
    default: default
  label_selectors:
    description:
      - Labels of the pods, for a cluster that this collection did not make, for example C(app=redis).
    type: list
    elements: str
  endpoints:
    description:
      - Servers as C(host:port), for a cluster that does not run on Kubernetes. Kubernetes is then not asked at all.
      - Each host must be, or resolve to, the address by which the servers reach each other. IPv6 addresses stand in
        brackets.
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
      - Port of Redis in the pod.
    type: int
    default: 6379
  container:
    description:
      - Name of the container that runs Redis; says which state of a pod counts.
    type: str
    default: redis
  auth_secret:
    description:
      - Secret that holds the password of the collection's own ACL user in the key C(tool-password).
      - The default is the O(name) followed by C(-auth).
      - It is read by the module, so that no password passes through a playbook.
    type: str
  redis_username:
    description:
      - ACL user to log in as, when not the collection's own.
      - The environment variable E(K8SREDIS_USERNAME) is used when the option is not set.
    type: str
  redis_password:
    description:
      - Password to log in with, when not the one in O(auth_secret).
      - The environment variable E(K8SREDIS_PASSWORD) is used when the option is not set.
    type: str
  redis_tls:
    description:
      - Whether the Redis port speaks TLS.
    type: bool
    default: false
  redis_ca_cert:
    description:
      - File of the certificate authority that signed the servers' certificates. Without it the system's are used.
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
      - Whether the servers' certificates are checked.
    type: bool
    default: true
  redis_timeout:
    description:
      - Seconds to wait for a connection and for each reply.
    type: float
    default: 5.0
requirements:
  - python >= 3.11
  - kubernetes >= 29.0.0, not 36.0.0 or 36.0.1 (not needed with O(endpoints))
  - redis >= 5.3.0
"""
