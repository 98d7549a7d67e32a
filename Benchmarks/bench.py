#!/usr/bin/env python3
"""Our broker and daemon side by side with peers and with what the machine can do.

    make bench                                   # builds release, runs all
    Benchmarks/bench.py --list
    Benchmarks/bench.py --only fan-out --repeat 5 --json results.json

Every contestant is started afresh for every run, and the runs of the contestants alternate, so that noise of the machine meets all. Printed are medians, and the
ratio to the best peer and to the ceiling. README.md explains the scenarios.
"""
import argparse, json, os, shutil, statistics, subprocess, sys, tempfile

from contestants import Ceiling, EmbeddedBroker, FlashMQ, Mosquitto, OneLoop, Unavailable, UpgradeDaemon
from scenarios import SCENARIOS

CEILINGS = {"writev": "writev", "sendfile": "sendfile", "SSL_write": "tls"}
"""What the bare machine is measured by, and the load generator's name for it."""
HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", default=os.path.join(HERE, "../.build/release"), help="where our programs are")
    parser.add_argument("--load", default=None, help="the load generator; by default it is compiled")
    parser.add_argument("--only", action="append", metavar="TEXT", help="only scenarios whose name has this")
    parser.add_argument("--without", action="append", default=[], metavar="NAME", help="leave out a contestant")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each contestant in each scenario")
    parser.add_argument("--json", metavar="FILE", help="write every run there")
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    arguments = parser.parse_args()
    chosen = [each for each in SCENARIOS if not arguments.only or any(text in each.name for text in arguments.only)]
    if arguments.list:
        for scenario in chosen:
            print(f"{scenario.name:34} {' '.join(scenario.load) or scenario.measure.__name__}")
        print("CRC-32\nopenssl speed")
        return
    ceilings = [each for each in (checksums, ciphers) if not arguments.only or any(text in each.__doc__ for text in arguments.only)]
    if not chosen and not ceilings:
        sys.exit("no scenario has such a name; --list names them")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        load = arguments.load or compile_load_generator(folder)
        make_certificate(folder)
        contestants = [
            *(Ceiling(folder, arguments.binaries, name, mode) for name, mode in CEILINGS.items()),
            *(kind(folder, arguments.binaries) for kind in (Mosquitto, FlashMQ, EmbeddedBroker, OneLoop, UpgradeDaemon))
        ]
        contestants = [each for each in contestants if each.name not in arguments.without]
        results = [{"scenario": each.__doc__, "runs": each(folder)} for each in ceilings]
        for scenario in chosen:
            runs = run(scenario, contestants, load, arguments.repeat)
            results.append({"scenario": scenario.name, "arguments": scenario.load, "runs": runs})
            report(scenario, runs)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"machine": machine(), "results": results}, file, indent=1)


def checksums(folder):
    """CRC-32"""
    sources = os.path.join(HERE, "../Sources/CCRC32")
    program = os.path.join(folder, "crc")
    files = [os.path.join(sources, name) for name in sorted(os.listdir(sources)) if name.endswith(".c")]
    compile_c([os.path.join(HERE, "CRC/crc.c"), *files, f"-I{sources}/include", "-ldl"], program)
    outcome = json.loads(subprocess.run([program], check=True, capture_output=True, text=True).stdout)
    print("\nCRC-32  (the best of five turns)")
    for name, figures in outcome.items():
        print(
            f"  {name:18} 64 B {figures['ns_64_bytes']:6.1f} ns   4 KiB {figures['gigabytes_per_second_4_kib']:6.1f} GB/s   "
            f"1 MiB {figures['gigabytes_per_second_1_mib']:6.1f} GB/s")
    return outcome


def ciphers(folder):
    """openssl speed"""
    command = ["openssl", "speed", "-seconds", "1", "-mr", "-bytes", "16384", "-evp", "aes-128-gcm"]
    output = subprocess.run(command, capture_output=True, text=True).stdout
    rate = next((float(line.split(":")[-1]) for line in output.splitlines() if line.startswith("+F:")), None)
    signing = subprocess.run(["openssl", "speed", "-seconds", "1", "-mr", "ecdsap256"], capture_output=True, text=True).stdout
    line = next((line for line in signing.splitlines() if line.startswith("+F4:")), None)
    signatures = float(line.split(":")[3]) if line else None
    print("\nopenssl speed  (what the cryptography of the machine's OpenSSL does on one core)")
    if rate:
        print(f"  AES-128-GCM, 16 KiB    {rate / 1e9:.2f} GB/s, {1e9 / rate:.3f} s/GB")
    if signatures:
        print(f"  ECDSA P-256            {signatures:,.0f} signatures/s")
    return {"aes_128_gcm_bytes_per_second": rate, "ecdsa_p256_signatures_per_second": signatures}


def run(scenario, contestants, load, repeat):
    """All runs by contestant, each a dictionary of what the load generator measured."""
    runs = {}
    taking_part = [each for each in contestants if each.takes_part_in(scenario)]
    for turn in range(repeat):
        for contestant in taking_part[turn % max(1, len(taking_part)):] + taking_part[:turn % max(1, len(taking_part))]:
            progress(f"{scenario.name}: {contestant.name}, {turn + 1} of {repeat}")
            try:
                figures = contestant.measure(scenario, load)
            except (Unavailable, OSError, subprocess.SubprocessError) as reason:
                figures = {"failed": str(reason)}
            runs.setdefault(contestant.name, []).append(figures)
    progress("")
    return runs


def report(scenario, runs):
    print(f"\n{scenario.name}  ({scenario.explanation})")
    for metric in scenario.metrics:
        values = {name: median(each, metric.key) for name, each in runs.items()}
        known = {name: value for name, value in values.items() if value is not None}
        if not known:
            continue
        line = "  ".join(f"{name} {metric.show(value)}" for name, value in known.items())
        print(f"  {metric.title:28} {line}")
        for ours in ("embedded-broker", "one loop", "umd"):
            if ours not in known:
                continue
            ratios = []
            peers = [value for name, value in known.items() if name in ("mosquitto", "flashmq")]
            if peers:
                best = min(peers) if metric.less_is_better else max(peers)
                ratios.append(f"{ratio(known[ours], best)} x best peer")
            ratios += [f"{ratio(known[ours], known[name])} x {name}" for name in CEILINGS if name in known]
            if ratios:
                print(f"  {'':28} {ours} = {', '.join(ratios)}")
    shares = {name: load_share(each) for name, each in runs.items()}
    line = "  ".join(f"{name} {share:.0%}" for name, share in shares.items() if share is not None)
    if line:
        print(f"  {'load generator':28} {line} of a processor")
    for name, each in runs.items():
        for failure in sorted({one["failed"] for one in each if "failed" in one}):
            print(f"  {name} failed: {failure}")
    sys.stdout.flush()


def load_share(runs):
    """What the load generator used of one processor: near 100 % it was the bottleneck itself."""
    shares = [run["load_cpu"] / run["seconds"] for run in runs if run.get("seconds")]
    return statistics.median(shares) if shares else None


def ratio(value, other):
    return f"{value / other:.2f}" if other else "-"


def median(runs, key):
    values = [run[key] for run in runs if key in run]
    return statistics.median(values) if values else None


def compile_load_generator(folder):
    load = os.path.join(HERE, "Load")
    program = os.path.join(folder, "mqtt-load")
    compile_c([os.path.join(load, name) for name in sorted(os.listdir(load)) if name.endswith(".c")] + ["-lssl", "-lcrypto"], program)
    return program


def compile_c(arguments, program):
    # clang as far as there is one: with it the Swift toolchain compiles our C.
    subprocess.run(
        [shutil.which("clang") or "cc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o", program, *arguments], check=True)


def make_certificate(folder):
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{folder}/key.pem", "-out",
            f"{folder}/cert.pem"
        ], check=True, capture_output=True)


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    return {"processor": model, "processors": os.cpu_count(), "kernel": os.uname().release, "load": os.getloadavg()}


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
