"""Faults of the proxy that do not affect the first requests: `Latency`, `Outage` and `Trigger`."""

import socket
import threading
import time
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from fault_proxy import Exchange, Fault, Latency, Outage, Storm, Trigger, fault_proxy
from processes import BOUND
from s3 import S3

BUCKET = "proxied"


@pytest.fixture(scope="module")
def server(s3: S3) -> S3:
    s3.make_bucket(BUCKET)
    s3.put(BUCKET, {"a": b"content"})
    return s3


def read(client: Any) -> bytes:
    return client.get_object(Bucket=BUCKET, Key="a")["Body"].read()


def test_every_request_is_delayed_and_then_affected_by_the_other_faults(server: S3) -> None:
    latency, storm = Latency(0.5, 0.6, seed=1), Storm(times=1)
    with fault_proxy(server.port, latency, storm) as proxy:
        client = server.keys.client("s3", proxy.endpoint)
        start = time.monotonic()
        with pytest.raises(ClientError, match="SlowDown"):
            read(client)
        assert [read(client) for _ in range(2)] == [b"content"] * 2
        assert time.monotonic() - start >= 3 * 0.5
    assert (latency.strikes, storm.strikes) == (3, 1)


def test_delays_follow_from_the_seed() -> None:
    first, same, other = ([latency.next_delay() for _ in range(5)] for latency in (
        Latency(1, 2, seed=1), Latency(1, 2, seed=1), Latency(1, 2, seed=2),
    ))  # fmt: skip
    assert first == same != other and all(1 <= delay <= 2 for delay in first)


def test_a_delay_ends_with_the_proxy(server: S3) -> None:
    latency = Latency(10 * BOUND, 10 * BOUND, seed=1)
    with fault_proxy(server.port, latency) as proxy:
        client = server.keys.client("s3", proxy.endpoint)
        reader = threading.Thread(target=read, args=[client], daemon=True)
        reader.start()
        deadline = time.monotonic() + BOUND
        while not latency.strikes and time.monotonic() < deadline:
            time.sleep(0.01)
        assert reader.is_alive()
    reader.join(BOUND)
    assert latency.strikes == 1 and not reader.is_alive()


def test_an_outage_resets_open_and_new_connections_until_it_ends(server: S3) -> None:
    outage = Outage()
    with fault_proxy(server.port, outage) as proxy:
        client = server.keys.client("s3", proxy.endpoint)
        assert read(client) == b"content" and outage.strikes == 0
        outage.start()
        # The first upload uses the open connection, the second a new one.
        for number in (1, 2):
            with pytest.raises(BotoCoreError):
                client.put_object(Bucket=BUCKET, Key="lost", Body=b"1")
            assert outage.strikes == number
        with (
            pytest.raises(ConnectionResetError),
            socket.create_connection(("127.0.0.1", proxy.server_port), timeout=BOUND) as connection,
        ):
            connection.recv(1)
        assert not server.etags(BUCKET, "lost")
        outage.stop()
        assert read(client) == b"content" and outage.strikes == 3


@dataclass
class BeforeTheResponse(Fault):
    """The outage starts between a request and its response."""

    outage: Outage | None = None

    def fits(self, exchange: Exchange) -> bool:
        return exchange.is_upload

    def spoil(self, exchange: Exchange) -> None:
        reply = exchange.upstream()
        assert self.outage
        self.outage.start()
        exchange.send(reply)


def test_an_outage_resets_requests_in_progress_which_may_take_effect(server: S3) -> None:
    outage = Outage()
    with fault_proxy(server.port, BeforeTheResponse(1, outage), outage) as proxy:
        client = server.keys.client("s3", proxy.endpoint)
        with pytest.raises(BotoCoreError):
            client.put_object(Bucket=BUCKET, Key="b", Body=b"1", IfNoneMatch="*")
        assert outage.strikes == 1 and server.get(BUCKET, "b") == b"1"
        outage.stop()
        with pytest.raises(ClientError, match="PreconditionFailed"):
            client.put_object(Bucket=BUCKET, Key="b", Body=b"2", IfNoneMatch="*")


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_trigger_acts_once_before_the_request_of_its_number(server: S3, is_lost: bool) -> None:
    found: list[bool] = []
    trigger = Trigger(2, lambda: found.append("c" in server.etags(BUCKET, "c")), is_lost)
    with fault_proxy(server.port, trigger) as proxy:
        client = server.keys.client("s3", proxy.endpoint)
        assert read(client) == b"content" and not found
        with pytest.raises(BotoCoreError) if is_lost else nullcontext():
            client.put_object(Bucket=BUCKET, Key="c", Body=b"1")
        assert found == [False] and ("c" in server.etags(BUCKET, "c")) is not is_lost
        assert read(client) == b"content" and trigger.strikes == 1
    server.client.delete_object(Bucket=BUCKET, Key="c")
