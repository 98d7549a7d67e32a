"""Who is measured, each in a fresh process per run."""
import contextlib, json, os, re, shutil, signal, socket, subprocess, tempfile, time


class Unavailable(Exception):
    """Why a contestant could not take part."""


class Contestant:
    name = ""
    serves = ("broker",)

    def __init__(self, folder, binaries):
        self.folder = folder
        self.binaries = binaries

    @property
    def program(self):
        return shutil.which(self.name)

    def takes_part_in(self, scenario):
        return scenario.server in self.serves and self.program is not None

    def load(self, scenario):
        """The load generator's arguments, but for where the server is."""
        return scenario.load

    def measure(self, scenario, load):
        """The figures of one run, in which the program `load` drives the server."""
        with self.started(scenario) as target:
            outcome = subprocess.run([load, *self.load(scenario), *target], capture_output=True, text=True, timeout=600)
        if outcome.returncode != 0:
            raise Unavailable(outcome.stderr.strip())
        return json.loads(outcome.stdout)

    @contextlib.contextmanager
    def started(self, scenario):
        """The arguments that tell the load generator of a server, which runs as long as the context."""
        with tempfile.TemporaryDirectory(dir=self.folder) as data:
            with open(f"{data}/log", "w+") as log:
                command, port = self.command(scenario, data)
                server = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
                try:
                    port = port or self.port_in(f"{data}/log", server, scenario)
                    wait_for(port, server)
                    yield ["--port", str(port), "--server", str(server.pid)]
                finally:
                    server.send_signal(signal.SIGTERM)
                    try:
                        server.wait(20)
                    except subprocess.TimeoutExpired:
                        server.kill()
                        server.wait()

    def command(self, scenario, data):
        """What to run, and its port if that is known beforehand."""
        raise NotImplementedError

    def port_in(self, log, server, scenario):
        """The port that a server tells of when it is ready."""
        raise NotImplementedError


class Mosquitto(Contestant):
    name = "mosquitto"

    @property
    def program(self):
        return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")

    def command(self, scenario, data):
        port = free_port()
        lines = [
            f"listener {port} 127.0.0.1", "allow_anonymous true", f"max_inflight_messages {scenario.most_in_flight}",
            "max_queued_messages 0", "max_queued_bytes 0", "set_tcp_nodelay true"
        ]
        if os.geteuid() == 0:
            lines.append("user root")
        if scenario.tls:
            lines += [f"certfile {self.folder}/cert.pem", f"keyfile {self.folder}/key.pem", "tls_version tlsv1.3"]
        with open(f"{data}/conf", "w") as file:
            file.write("\n".join(lines) + "\n")
        return [self.program, "-c", f"{data}/conf"], port


class FlashMQ(Contestant):
    name = "flashmq"

    def command(self, scenario, data):
        port = free_port()
        listener = [f"  port {port}", "  inet4_bind_address 127.0.0.1", "  protocol mqtt"]
        if scenario.tls:
            listener += [f"  fullchain {self.folder}/cert.pem", f"  privkey {self.folder}/key.pem"]
        lines = ["allow_anonymous true", f"storage_dir {data}", "log_level error", "listen {", *listener, "}"]
        with open(f"{data}/conf", "w") as file:
            file.write("\n".join(lines) + "\n")
        return [self.program, "-c", f"{data}/conf"], port


class Ours(Contestant):
    @property
    def program(self):
        path = os.path.join(self.binaries, self.name)
        return path if os.access(path, os.X_OK) else None

    def sibling(self, name):
        """Another program of ours."""
        path = os.path.join(self.binaries, name)
        if not os.access(path, os.X_OK):
            raise Unavailable(f"{path} is not there")
        return path


class EmbeddedBroker(Ours):
    name = "embedded-broker"

    def command(self, scenario, data):
        command = [self.program, "--port", "0", "--max-inflight-messages", str(scenario.most_in_flight)]
        if scenario.tls:
            command += ["--tls-port", "0", "--cert", f"{self.folder}/cert.pem", "--key", f"{self.folder}/key.pem"]
        return command, None

    def port_in(self, log, server, scenario):
        return int(found(r"mqtts://[^: ]*:(\d+)" if scenario.tls else r"mqtt://[^: ]*:(\d+)", log, server))


class OneLoop(EmbeddedBroker):
    """With one thread, as the ceilings have: on two processors two loops and the readers are three threads that want to run."""
    name = "one loop"

    @property
    def program(self):
        return self.sibling(EmbeddedBroker.name)

    def takes_part_in(self, scenario):
        return scenario.one_thread

    def command(self, scenario, data):
        command, port = super().command(scenario, data)
        return [*command, "--loops", "1"], port


class UpgradeDaemon(Ours):
    name = "umd"
    serves = ("umd",)

    def measure(self, scenario, load):
        return scenario.measure(self, load) if scenario.measure else super().measure(scenario, load)

    def command(self, scenario, data):
        return [self.program, "--nossl", "--data", f"{data}/umd", "--http-port", "0", "--mqtt-port", "0"], None

    def port_in(self, log, server, scenario):
        port = int(found(r"ready .*mqtt://[^: ]*:(\d+)", log, server))
        # Without a release there is no latest version to be told of.
        with open(os.path.join(os.path.dirname(log), "umd/resources/0.5"), "w") as file:
            file.write("0.5")
        found(r"(version=0.5 .*release added)", log, server)
        return port


class Ceiling(Contestant):
    """The load generator itself, with a writer that does nothing else, in one of the ways that its `--mode` knows."""
    program = "mqtt-load"

    def __init__(self, folder, binaries, name, mode):
        super().__init__(folder, binaries)
        self.name = name
        self.mode = mode

    def takes_part_in(self, scenario):
        return self.name in scenario.ceilings

    @contextlib.contextmanager
    def started(self, scenario):
        yield []

    def load(self, scenario):
        options = scenario.load[1:]
        kept, skipped = [], {"--qos", "--stalled"}
        pairs = [option for option in options if option != "--tls"]
        for name, value in zip(pairs[::2], pairs[1::2]):
            if name not in skipped:
                kept += [name, value]
        return [
            "ceiling", *kept, "--mode", self.mode, "--certificate", f"{self.folder}/cert.pem", "--key",
            f"{self.folder}/key.pem"
        ]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def found(pattern, log, server):
    limit = time.monotonic() + 30
    while time.monotonic() < limit:
        with open(log) as file:
            match = re.search(pattern, file.read())
        if match:
            return match.group(1)
        if server.poll() is not None:
            break
        time.sleep(0.05)
    with open(log) as file:
        raise Unavailable("it did not come up: " + file.read()[-500:].strip())


def wait_for(port, server):
    limit = time.monotonic() + 30
    while time.monotonic() < limit and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise Unavailable(f"nothing listens on port {port}")
