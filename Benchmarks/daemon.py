"""What the load generator alone cannot measure of `umd`: a start on the database of a large fleet, and an upgrade from the order to the last confirmation.

Each function is a scenario's `measure`: it is given the contestant and the load generator, and returns figures as the load generator would print them.
"""
import contextlib, http.client, json, os, re, shutil, signal, statistics, subprocess, time

from contestants import Unavailable

GATEWAYS_IN_DATABASE, PER_STORM = 50_000, 12_500
PUSHED_GATEWAYS, PUSHED_BYTES = 10_000, 1024
REQUESTS = 20
USER, PASSWORD = "bench@example.com", "in a benchmark alone"
PAGES = {
    "dashboard": "/",
    "upgrade_page": "/upgrade",
    "upgrade_page_filtered": "/upgrade?company=3&state=pending",
    "upgrade_page_searched": "/upgrade?search=gateway-499",
}
QUIET_CPU = 0.05
"""Of a processor, below which the daemon counts as idle."""


class Daemon:
    """A running `umd`: with `--nossl`, or in TLS mode with the one who looks at pages logged in."""

    def __init__(self, contestant, data, tls=False):
        self.data = data
        self.log = f"{data}.log"
        start = time.monotonic()
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                [
                    contestant.program, "--data", data, "--http-port", "0",
                    *(["--mqtts-port", "0"] if tls else ["--nossl", "--mqtt-port", "0"])
                ], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        self.seconds_to_ready = time.monotonic() - start
        if not line.startswith("umd ready"):
            self.process.wait()
            raise Unavailable(f"umd did not come up: {open(self.log).read()[-500:].strip()}")
        self.http_port, self.mqtt_port = (int(re.search(rf"{name}:(\d+)", line).group(1)) for name in (
            r"http=http://[^: ]*", r"mqtt=mqtts?://[^: ]*"))
        self.http = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        self.headers = {"Cookie": self.log_in()} if tls else {}

    @property
    def cpu(self):
        return cpu_of(self.process.pid)

    def memory(self, name):
        """KiB, of `VmRSS` or `VmHWM`."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(rf"^{name}:\s*(\d+)", file.read(), re.MULTILINE).group(1))

    def log_in(self):
        """The session's cookie."""
        body = json.dumps({"username": USER, "password": PASSWORD})
        self.http.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
        response = self.http.getresponse()
        response.read()
        if response.status != 200:
            raise Unavailable(f"the log-in answers {response.status}")
        return response.getheader("Set-Cookie").split(";")[0]

    def get(self, path):
        self.http.request("GET", path, headers=self.headers)
        response = self.http.getresponse()
        body = response.read()
        if response.status != 200:
            raise Unavailable(f"GET {path} answers {response.status}: {body[:200]}")
        return body

    def api(self, path):
        return json.loads(self.get(f"/api/v1{path}"))

    def times_of(self, path):
        times = []
        for _ in range(REQUESTS):
            start = time.perf_counter()
            self.get(path)
            times.append(time.perf_counter() - start)
        return times

    def add_release(self, version, size=0):
        """By the watched folder. Spaces do not matter to a gateway that takes the content for its version."""
        with open(f"{self.data}/resources/{version}", "w") as file:
            file.write(version.ljust(size))
        self.wait_for("its release", lambda: any(each["version"] == float(version) for each in self.api("/releases")["items"]))

    def wait_for(self, what, condition, limit=120, pause=0.02):
        end = time.monotonic() + limit
        while not condition():
            if time.monotonic() > end:
                raise Unavailable(f"waited {limit} s for {what}")
            time.sleep(pause)

    def wait_until_idle(self):
        def is_idle(stretch=1.0):
            before = self.cpu
            time.sleep(stretch)
            return self.cpu - before < QUIET_CPU * stretch
        self.wait_for("quiet", is_idle, pause=0)

    def stop(self):
        self.http.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            if self.process.wait(60) != 0:
                raise Unavailable(f"umd ended with {self.process.returncode}")
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


@contextlib.contextmanager
def running(contestant, data, tls=False):
    daemon = Daemon(contestant, data, tls)
    try:
        yield daemon
    finally:
        daemon.stop()


def order(contestant, daemon, version, *target):
    """What `umctl push` orders, as the API shows it."""
    umctl = contestant.sibling("umctl")
    output = subprocess.run(
        [umctl, "push", "--json", "--data", daemon.data, "--version", version, *target], check=True, capture_output=True, text=True)
    return json.loads(output.stdout)


# MARK: a large database


def large_database_logged_in(contestant, load):
    return large_database(contestant, load, tls=True)


def large_database(contestant, load, tls=False):
    data = os.path.join(contestant.folder, "large-fleet")
    if not os.path.exists(data):
        try:
            fill(contestant, load, data)
        except BaseException:
            shutil.rmtree(data, ignore_errors=True)
            raise
    with running(contestant, data, tls) as daemon:
        figures = {
            "ready_seconds": daemon.seconds_to_ready, "server_kib_ready": daemon.memory("VmRSS"),
            "database_bytes": os.path.getsize(f"{data}/umd.sqlite3"), "gateways": daemon.api("/gateways?limit=1")["total"]
        }
        start, cpu, own = time.monotonic(), daemon.cpu, time.process_time()
        for name, path in PAGES.items():
            times = daemon.times_of(path)
            figures[f"{name}_median"] = statistics.median(times)
            figures[f"{name}_p99"] = max(times)
        figures |= {
            "seconds": time.monotonic() - start, "server_cpu": daemon.cpu - cpu, "load_cpu": time.process_time() - own,
            "server_kib_peak": daemon.memory("VmHWM")
        }
    return figures


def fill(contestant, load, data):
    """Gateways of eight companies that came, reported and went; of one company the latest order is pending."""
    subprocess.run(
        [contestant.sibling("umctl"), "init", "--data", data, "--username", USER, "--password-stdin"], check=True,
        capture_output=True, input=PASSWORD, text=True)
    # The certificates are made before anything is measured.
    with running(contestant, data, tls=True):
        pass
    with running(contestant, data) as daemon:
        for version in ("0.5", "1.0", "1.1"):
            daemon.add_release(version)
        # Each storm ends with its gateways' connections; more at once have no descriptors.
        for first in range(0, GATEWAYS_IN_DATABASE, PER_STORM):
            subprocess.run(
                [
                    load, "storm", "--daemon", "--clients", str(PER_STORM), "--first", str(first), "--window", "500", "--port",
                    str(daemon.mqtt_port), "--server", str(daemon.process.pid)
                ], check=True, capture_output=True)
            daemon.wait_for("gateways to go", lambda: daemon.api("/gateways?limit=1&online=true")["total"] == 0)
        for version in ("1.0", "1.1"):
            order(contestant, daemon, version, "--company", "3")
        daemon.wait_until_idle()


# MARK: an upgrade from the order to the last confirmation


def push(contestant, load):
    data = os.path.join(contestant.folder, "pushed-fleet")
    shutil.rmtree(data, ignore_errors=True)
    with running(contestant, data) as daemon:
        daemon.add_release("1.0", PUSHED_BYTES)
        gateways = subprocess.Popen(
            [
                contestant.sibling("gateway-sim"), "gw", "2", "--nossl", "--port", str(daemon.mqtt_port), "--count",
                str(PUSHED_GATEWAYS), "--delay", "0s", "--poll", "0s"
            ], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            daemon.wait_for(
                "the gateways", lambda: daemon.api("/gateways?limit=1&online=true")["total"] == PUSHED_GATEWAYS, pause=0.2)
            # They have asked for the latest version and been sent it, to keep.
            daemon.wait_until_idle()
            return push_to_all(contestant, daemon, gateways)
        finally:
            gateways.terminate()
            gateways.wait()


def push_to_all(contestant, daemon, gateways):
    start, cpu, own = time.monotonic(), daemon.cpu, cpu_of(gateways.pid)
    deployment = order(contestant, daemon, "1.0", "--all")["id"]
    ordered = time.monotonic() - start
    progress = {}

    def is_settled():
        progress.update(daemon.api(f"/deployments/{deployment}")["counts"])
        return progress["pending"] == 0
    daemon.wait_for("the confirmations", is_settled, pause=0.05)
    seconds = time.monotonic() - start
    if progress["confirmed"] != PUSHED_GATEWAYS:
        raise Unavailable(f"not every gateway has confirmed: {progress}")
    cpu, own = daemon.cpu - cpu, cpu_of(gateways.pid) - own
    return {
        "seconds": seconds, "ordered_seconds": ordered, "server_cpu": cpu, "server_cpu_per_push": cpu / PUSHED_GATEWAYS,
        "load_cpu": own, "pushes_per_second": PUSHED_GATEWAYS / seconds, "server_kib_peak": daemon.memory("VmHWM")
    }


def cpu_of(process):
    """Seconds of processor time that a process has used."""
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
