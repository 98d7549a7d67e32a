"""What is measured: the load generator's arguments, who takes part, and which of its figures count."""
from collections.abc import Callable
from dataclasses import dataclass, field

import daemon


@dataclass(frozen=True)
class Metric:
    key: str
    title: str
    unit: str
    scale: float = 1
    digits: int = 0
    less_is_better: bool = True

    def show(self, value):
        return f"{value * self.scale:,.{self.digits}f} {self.unit}"


CPU_PER_GB = Metric("server_cpu_per_gigabyte", "server CPU", "s/GB", digits=3)
GB_PER_SECOND = Metric("gigabytes_per_second", "rate", "GB/s", digits=2, less_is_better=False)
MESSAGES = Metric("messages_per_second", "rate", "msg/s", less_is_better=False)
PEAK = Metric("server_kib_peak", "resident at most", "MB", 1024 / 1e6)
KERNEL = Metric("kernel_tcp_kib", "kernel's TCP memory", "MB", 1024 / 1e6)
CLIENTS = Metric("clients_per_second", "clients", "/s", less_is_better=False)
ANSWER_P99 = Metric("answer_p99", "answered, p99", "ms", 1000, 1)
PER_CONNECTION = Metric("bytes_per_connection", "resident per connection", "B")
HANDSHAKES = Metric("connections_per_second", "connections", "/s", less_is_better=False)
HANDSHAKES_PER_CPU = Metric("connections_per_server_cpu_second", "per CPU second", "", less_is_better=False)
DROPPED = Metric("dropped", "acknowledged and lost", "")
P50 = Metric("p50", "latency, p50", "ms", 1000, 3)
P99 = Metric("p99", "latency, p99", "ms", 1000, 2)
WORST = Metric("worst", "latency, worst", "ms", 1000, 1)
WOKEN_LATE = Metric("woken_late_p99", "woken late, p99", "ms", 1000, 2)
CPU_PER_MESSAGE = Metric("server_cpu_per_message", "server CPU", "us/msg", 1e6, 2)
READY = Metric("ready_seconds", "exec to ready", "s", digits=2)
RESIDENT = Metric("server_kib_ready", "resident when ready", "MB", 1024 / 1e6)
DATABASE = Metric("database_bytes", "database", "MB", 1e-6)
PUSHED = Metric("seconds", "all confirmed", "s", digits=2)
CPU_PER_PUSH = Metric("server_cpu_per_push", "server CPU", "us/gateway", 1e6)
PAGES = {
    "dashboard": "dashboard", "upgrade_page": "upgrade page", "upgrade_page_filtered": "upgrade page, filtered",
    "upgrade_page_searched": "upgrade page, searched"
}


def page_times(name, title):
    return Metric(f"{name}_median", title, "ms", 1000, 1), Metric(f"{name}_p99", f"{title}, p99", "ms", 1000, 1)


@dataclass(frozen=True)
class Scenario:
    name: str
    explanation: str
    load: list
    metrics: list
    ceilings: list = field(default_factory=list)
    """Ways of the bare machine to do the same."""
    measure: Callable = None
    """Drives the server in place of the load generator."""
    server: str = "broker"
    tls: bool = False
    most_in_flight: int = 1000
    """What brokers may send a client before it acknowledges, where they can be told."""
    one_thread: bool = False
    """Whether our broker is measured with one thread too."""


def fan_out(name, explanation, clients, size, rounds, qos=0, tls=False, metrics=None, extra=(), one_thread=False):
    load = ["fan-out", "--clients", str(clients), "--size", str(size), "--rounds", str(rounds), "--qos", str(qos), *extra]
    return Scenario(
        name, explanation, load + (["--tls"] if tls else []),
        metrics or [CPU_PER_GB, GB_PER_SECOND, PEAK],
        ceilings=["SSL_write"] if tls else ["writev", "sendfile"], tls=tls, one_thread=one_thread)


def large_database(name, explanation, measure):
    return Scenario(
        name, f"umd on {daemon.GATEWAYS_IN_DATABASE:,} gateways, {daemon.REQUESTS} requests a page; {explanation}", [],
        [READY, RESIDENT, PEAK, DATABASE, *(each for name, title in PAGES.items() for each in page_times(name, title))],
        measure=measure, server="umd")


KIB, MIB = 1024, 1024 * 1024

SCENARIOS = [
    fan_out("fan-out 1 MiB x 1000", "one message to 1000 subscribers", 1000, MIB, 3),
    fan_out("fan-out 1 MiB x 1000, QoS 1", "the same, acknowledged", 1000, MIB, 3, qos=1),
    fan_out("fan-out 64 KiB x 2000", "one message to 2000 subscribers", 2000, 64 * KIB, 10),
    fan_out("fan-out 16 MiB x 50", "one large message to 50 subscribers", 50, 16 * MIB, 3, one_thread=True),
    fan_out(
        "fan-out 64 MiB x 20, QoS 1", "one very large message to 20 subscribers", 20, 64 * MIB, 2, qos=1,
        one_thread=True),
    fan_out(
        "fan-out 1 KiB x 5000", "one small message to 5000 subscribers", 5000, KIB, 40,
        metrics=[MESSAGES, CPU_PER_GB, PEAK]),
    fan_out("fan-out TLS, 1 MiB x 200", "over TLS 1.3, P-256", 200, MIB, 4, tls=True),
    fan_out(
        "stalled subscribers", "20 x 1 MiB to 200 subscribers, half of which stop reading", 200, MIB, 20,
        metrics=[GB_PER_SECOND, CPU_PER_GB, PEAK, KERNEL], extra=["--stalled", "100"]),
    fan_out(
        "stalled subscribers, none", "the same without those that stop", 100, MIB, 20,
        metrics=[GB_PER_SECOND, CPU_PER_GB, PEAK, KERNEL]),
    Scenario(
        "storm", "10,000 clients connect, 8 SUBSCRIBEs each, 3 PUBLISHes, PING",
        ["storm", "--clients", "10000", "--window", "500"], [CLIENTS, ANSWER_P99, PEAK]),
    Scenario(
        "storm, 2000 clients", "the same of 2,000", ["storm", "--clients", "2000", "--window", "500"],
        [CLIENTS, ANSWER_P99, PEAK]),
    Scenario(
        "storm, 19000 clients", "the same of 19,000", ["storm", "--clients", "19000", "--window", "500"],
        [CLIENTS, ANSWER_P99, PEAK]),
    Scenario(
        "storm of gateways", "10,000 gateways: STATUS committed, both answers delivered",
        ["storm", "--clients", "10000", "--window", "500", "--daemon"], [CLIENTS, ANSWER_P99, PEAK],
        server="umd"),
    Scenario(
        "TLS storm", "full handshakes, P-256, TLS 1.3",
        ["idle", "--clients", "3000", "--subscriptions", "0", "--tls", "--close", "--window", "100"],
        [HANDSHAKES, HANDSHAKES_PER_CPU], tls=True),
    Scenario(
        "TLS storm, resumed", "the same with sessions that are resumed",
        ["idle", "--clients", "3000", "--subscriptions", "0", "--tls", "--close", "--resume", "--window", "100"],
        [HANDSHAKES, HANDSHAKES_PER_CPU], tls=True),
    Scenario(
        "idle", "10,000 connections without subscriptions",
        ["idle", "--clients", "10000", "--subscriptions", "0", "--window", "200"], [PER_CONNECTION]),
    Scenario(
        "idle, 8 subscriptions", "10,000 connections with 8 subscriptions each",
        ["idle", "--clients", "10000", "--window", "200"], [PER_CONNECTION]),
    Scenario(
        "idle, TLS", "4,000 connections over TLS without subscriptions",
        ["idle", "--clients", "4000", "--subscriptions", "0", "--tls", "--window", "100"], [PER_CONNECTION], tls=True),
    Scenario(
        "QoS 1, 4 to 4", "4 publishers, each to a subscriber of its own",
        ["throughput", "--clients", "4", "--publishers", "4", "--rounds", "100000", "--qos", "1", "--window", "500"],
        [MESSAGES, CPU_PER_MESSAGE, DROPPED, PEAK]),
    Scenario(
        "QoS 1, 100 to 1", "100 publishers to one subscriber",
        ["throughput", "--clients", "1", "--publishers", "100", "--rounds", "3000", "--qos", "1", "--window", "100"],
        [MESSAGES, CPU_PER_MESSAGE, DROPPED, PEAK]),
    Scenario(
        "latency at 60k/s", "4 publishers to 4 subscribers, QoS 0",
        ["latency", "--clients", "4", "--publishers", "4", "--rounds", "60000", "--rate", "60000"], [P50, P99, WORST]),
    Scenario(
        "STATUS during a fan-out", "PUBACK of a small message while 1 MiB goes to 1000 subscribers",
        ["bystander", "--clients", "1000", "--size", str(MIB), "--rounds", "4"], [P50, P99, WORST, WOKEN_LATE]),
    large_database("large database", "without log-in", daemon.large_database),
    large_database("large database, logged in", "the same in TLS mode", daemon.large_database_logged_in),
    Scenario(
        "push", f"{daemon.PUSHED_BYTES} bytes to {daemon.PUSHED_GATEWAYS:,} simulated gateways, from the order to the last confirmation", [],
        [PUSHED, CPU_PER_PUSH, PEAK], measure=daemon.push, server="umd"),
]
