# Copyright (c) 2026 the k8sredis.core authors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  master_name:
    description:
      - Name by which the Sentinels know the master.
    type: str
    required: true
  endpoints:
    description:
      - The servers, the master and its replicas, as C(host:port). IPv6 addresses stand in brackets.
      - Each host must be, or resolve to, the address or the name by which servers and Sentinels know it.
    type: list
    elements: str
    required: true
  sentinels:
    description:
      - All Sentinels as C(host:port), as O(endpoints) are given. One that is not named counts as left over.
    type: list
    elements: str
    required: true
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
  - redis >= 5.3.0
"""
