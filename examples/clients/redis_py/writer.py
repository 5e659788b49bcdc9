"""Writes to the master that the Sentinels name, reads back, and goes on across a failover.

    pip install -r requirements.txt && python writer.py

Settings come from the environment: SENTINELS (host:port,host:port,...), MASTER_NAME, SENTINEL_PASSWORD, PASSWORD,
WRITES.
"""

import os
import sys
import time

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from redis.sentinel import Sentinel

PATIENCE = 60.0


def connect() -> Redis:
    # what docs/sentinel.md shows: begin
    sentinel = Sentinel(
        [(host, int(port)) for host, port in (each.rsplit(":", 1) for each in os.environ["SENTINELS"].split(","))],
        sentinel_kwargs={
            "password": os.environ["SENTINEL_PASSWORD"],
            "socket_connect_timeout": 2,
            "socket_timeout": 2,
            "retry": Retry(NoBackoff(), 0),  # go on to the next Sentinel at once
        },
        password=os.environ["PASSWORD"],
        socket_connect_timeout=2,
        socket_timeout=5,
        decode_responses=True,
    )
    master = sentinel.master_for(os.environ["MASTER_NAME"])
    # what docs/sentinel.md shows: end
    master.ping()  # a wrong name or password is told at once
    return master


def write(master: Redis, key: str, value: str) -> str:
    """Repeats until it is acknowledged, which is right for what may be executed twice, such as SET: without an answer
    nobody knows whether it was executed."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            master.set(key, value)
            return master.get(key)
        except RedisError as error:
            if time.monotonic() > deadline:
                raise
            print(f"again: {error}", file=sys.stderr, flush=True)
            time.sleep(0.1)


def main() -> None:
    master = connect()
    for number in range(int(os.environ.get("WRITES", "100"))):
        key = f"redis-py:{number}"
        print(key, write(master, key, str(number)), flush=True)
        time.sleep(0.01)


if __name__ == "__main__":
    main()
