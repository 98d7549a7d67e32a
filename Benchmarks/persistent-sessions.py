#!/usr/bin/env python3
"""How fast are QoS 1 messages to persistent sessions, with the store and without?

    swift build -c release --product embedded-broker
    Benchmarks/persistent-sessions.py .build/release/embedded-broker [--messages N] [--mosquitto /usr/sbin/mosquitto] [--rounds N]

Prints acknowledged messages a second of one publisher with so many PUBLISHes unacknowledged at once, and as a floor how often a second a file takes the
bytes of such a batch by append and fdatasync. Subscribers are connected and acknowledge everything, or absent. mosquitto with persistence writes
every 30 minutes and at its end only: what it acknowledged in between is lost with the process. Runs of the kinds alternate.
"""
import argparse, multiprocessing, os, re, shutil, socket, statistics, struct, subprocess, tempfile, threading, time

PAYLOAD = b"x" * 100
SIZE = 2 + 2 + 1 + 2 + len(PAYLOAD)


def connect(port, name, clean):
    peer = socket.create_connection(("127.0.0.1", port))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    body = b"\0\4MQTT\4" + bytes([2 if clean else 0]) + b"\0\0" + struct.pack(">H", len(name)) + name.encode()
    peer.sendall(bytes([0x10, len(body)]) + body)
    exactly(peer, 4)
    return peer


def exactly(peer, count):
    data = b""
    while len(data) < count:
        more = peer.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def subscribe(peer):
    peer.sendall(b"\x82\x06\0\1\0\1t\1")
    exactly(peer, 5)


def receive(port, name, count, ready):
    peer = connect(port, name, False)
    subscribe(peer)
    ready.release()
    rest, left = b"", count
    while left:
        rest += peer.recv(1 << 18)
        whole = len(rest) // SIZE
        peer.sendall(b"".join(b"\x40\2" + rest[n * SIZE + 5:n * SIZE + 7] for n in range(whole)))
        rest, left = rest[whole * SIZE:], left - whole
    peer.close()


def publish(port, count, window):
    peer = connect(port, "publisher", True)
    packets = [
        b"\x32" + bytes([SIZE - 2]) + b"\0\1t" + struct.pack(">H", n % 65535 + 1) + PAYLOAD for n in range(count)]
    start = time.perf_counter()
    if not window:
        thread = threading.Thread(target=lambda: peer.sendall(b"".join(packets)))
        thread.start()
        exactly(peer, 4 * count)
        thread.join()
    else:
        sent = done = 0
        while done < count:
            more = min(window - (sent - done), count - sent)
            peer.sendall(b"".join(packets[sent:sent + more]))
            sent += more
            data = peer.recv(4 * window)
            data += exactly(peer, -len(data) % 4)
            done += len(data) // 4
    seconds = time.perf_counter() - start
    peer.close()
    return count / seconds


class Broker:
    def __init__(self, kind, options):
        self.folder = tempfile.mkdtemp()
        if kind == "mosquitto":
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
            path = self.folder + "/conf"
            with open(path, "w") as file:
                file.write(
                    f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\nuser root\n"
                    f"persistence_location {self.folder}/\nmax_queued_messages 0\nmax_inflight_messages 1000\n")
            self.process = subprocess.Popen([options.mosquitto, "-c", path], stderr=subprocess.DEVNULL)
            for _ in range(100):
                time.sleep(0.05)
                try:
                    socket.create_connection(("127.0.0.1", self.port)).close()
                    break
                except OSError:
                    pass
        else:
            more = ["--persistence", self.folder + "/broker"] if kind == "store" else []
            self.process = subprocess.Popen(
                [options.broker, "--port", "0", "--receive-maximum", "65535"] + more, stdout=subprocess.PIPE, text=True)
            self.port = int(re.search(r":(\d+)\s*$", self.process.stdout.readline()).group(1))

    def end(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


def measure(kind, subscribers, are_connected, window, count, options):
    broker = Broker(kind, options)
    try:
        receivers = []
        if are_connected:
            ready = multiprocessing.Semaphore(0)
            for number in range(subscribers):
                receiver = multiprocessing.Process(
                    target=receive, args=(broker.port, f"s{number}", count, ready), daemon=True)
                receiver.start()
                receivers.append(receiver)
                ready.acquire()
        else:
            for number in range(subscribers):
                peer = connect(broker.port, f"s{number}", False)
                subscribe(peer)
                peer.close()
        rate = publish(broker.port, count, window)
        for receiver in receivers:
            receiver.join()
        return rate
    finally:
        broker.end()


def floor(batch):
    folder = tempfile.mkdtemp()
    file = os.open(folder + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    data = b"x" * (SIZE + 40) * batch
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < 1:
        os.write(file, data)
        os.fdatasync(file)
        count += batch
    os.close(file)
    shutil.rmtree(folder)
    return count / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("broker")
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mosquitto")
    options = parser.parse_args()
    kinds = ["store", "memory"] + (["mosquitto"] if options.mosquitto else [])
    print("floor, append and fdatasync of batches of 1, 20, 1000: "
          + ", ".join(f"{floor(batch):,.0f}" for batch in (1, 20, 1000)) + " messages/s")
    for subscribers, are_connected in ((1, True), (10, True), (1, False), (10, False)):
        for window in (1, 20, 0):
            count = options.messages if window != 1 else max(options.messages // 10, 100)
            rates = {kind: [] for kind in kinds}
            for _ in range(options.rounds):
                for kind in kinds:
                    rates[kind].append(measure(kind, subscribers, are_connected, window, count, options))
            print(f"{subscribers} {'connected' if are_connected else 'absent'}, window {window or 'unlimited'}: "
                  + ", ".join(f"{kind} {statistics.median(rates[kind]):,.0f}" for kind in kinds), flush=True)


main()
