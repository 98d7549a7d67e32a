#!/usr/bin/env python3
"""What an operation of the codecs costs in instructions and allocations, counted by valgrind: the same on a busy machine.

    make bench-codec                             # builds release, counts all
    make bench-codec ONLY=PUBLISH                # operations whose name has this

Each operation is done N and 2N times; the difference, divided by N, is what one costs, without what the program costs beside it. Instructions are callgrind's,
those of malloc and free included; allocations and their bytes are memcheck's.
"""
import argparse, concurrent.futures, os, re, subprocess, sys, tempfile

INSTRUCTIONS = ["--tool=callgrind", "--callgrind-out-file=/dev/null"], r"Collected : (\d+)"
ALLOCATIONS = ["--tool=memcheck", "--leak-check=no", "--undef-value-errors=no"], r"total heap usage: ([\d,]+) allocs, [\d,]+ frees, ([\d,]+) bytes"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="the codec-operations that was built")
    parser.add_argument("--only", metavar="TEXT", help="only operations whose name has this")
    arguments = parser.parse_args()
    listed = subprocess.run([arguments.program], check=True, capture_output=True, text=True).stdout
    operations = [line.split("\t") for line in listed.splitlines()]
    chosen = [(int(count), name) for count, name in operations if not arguments.only or arguments.only in name]
    if not chosen:
        sys.exit("no operation has such a name: " + ", ".join(name for _, name in operations))
    print(f"{'operation':50} {'instructions':>12} {'allocations':>11} {'bytes':>9}")
    with tempfile.TemporaryDirectory(prefix="codec-") as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        # Debian's valgrind gives up on the compiler's debug information.
        program = os.path.join(folder, "codec-operations")
        subprocess.run(["strip", "--strip-debug", "-o", program, arguments.program], check=True)
        rows = [(name, pool.submit(cost, program, count, name)) for count, name in chosen]
        for name, row in rows:
            instructions, allocations, size = row.result()
            print(f"{name:50} {instructions:12,.0f} {allocations:11,.1f} {size:9,.0f}", flush=True)


def cost(program, count, name):
    figures = []
    for tool, pattern in (INSTRUCTIONS, ALLOCATIONS):
        once, twice = (measure(tool, pattern, [program, str(times), name]) for times in (count, 2 * count))
        figures += [(more - less) / count for less, more in zip(once, twice)]
    return figures


def measure(tool, pattern, command):
    # The same order in every dictionary each time.
    environment = {**os.environ, "SWIFT_DETERMINISTIC_HASHING": "1"}
    run = subprocess.run(["valgrind", *tool, *command], env=environment, capture_output=True, text=True)
    found = re.search(pattern, run.stderr)
    if run.returncode != 0 or not found:
        sys.exit(run.stderr)
    return [int(text.replace(",", "")) for text in found.groups()]


if __name__ == "__main__":
    main()
