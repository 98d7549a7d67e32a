// How long a small QoS 1 message takes to its PUBACK while a large payload goes to many subscribers.
//
// The small messages are sent and timed by a process of their own, so that what this load generator needs to read the fan-out is not in the figures. It
// shares the processors with the server and the readers all the same: how late it is woken to send tells what of a figure that may be. It sends by the
// clock, whether or not what it sent before was acknowledged: a stall counts for all that come into it.
#include "load.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { most_times = 60000, message_bytes = 64 };
static const double interval = 0.002;

// What both processes see.
static struct shared {
    _Atomic enum { connecting, ready, measuring, over } phase;
    size_t sent, acknowledged;
    double cpu;
    double sent_at[most_times], took[most_times], woken_late[most_times];
} *shared;

static bool is_accepted;

static void received(struct connection *connection, const struct packet *packet) {
    (void)connection;
    if (packet->type == CONNACK) is_accepted = true;
    if (packet->type != PUBACK || packet->captured < 2) return;
    size_t index = (size_t)(packet->start[0] << 8 | packet->start[1]) - 1;
    if (index >= shared->sent) fail("bystander: a PUBACK for nothing");
    shared->took[shared->acknowledged++] = now() - shared->sent_at[index];
}

static void connected(struct connection *connection) { append_connect(&connection->output, "bystander"); }

static void send_one(struct connection *connection, double due) {
    if (shared->sent == most_times) fail("bystander: the fan-out takes too long");
    shared->sent_at[shared->sent] = now();
    shared->woken_late[shared->sent] = shared->sent_at[shared->sent] - due;
    shared->sent++;
    append_publish_head(&connection->output, "bench/status", 1, (uint16_t)shared->sent, message_bytes);
    for (int index = 0; index < message_bytes; index++) append(&connection->output, "x", 1);
    flush(connection);
}

__attribute__((noreturn)) static void stand_by(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    start_loop();
    struct connection *connection = open_connection(options.clients + 1, received);
    connection->connected = connected;
    run_until(is_accepted, "the bystander's CONNACK");
    shared->phase = ready;
    while (shared->phase == ready) run_once(1);
    double cpu = own_cpu();
    for (double due = now(); shared->phase == measuring; due += interval) {
        while (now() < due) run_for(due - now());
        send_one(connection, due);
    }
    run_until(shared->acknowledged == shared->sent, "PUBACKs");
    shared->cpu = own_cpu() - cpu;
    _exit(0);
}

void bystander(void) {
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) fail("mmap: %s", strerror(errno));
    pid_t other = fork();
    if (other < 0) fail("fork: %s", strerror(errno));
    if (other == 0) stand_by();
    start_loop();
    struct connection *publisher = make_subscribers_and_publisher();
    run_until(shared->phase == ready || waitpid(other, NULL, WNOHANG) != 0, "the bystander");
    struct buffer message = make_message();
    double start = now(), cpu = cpu_of(options.server), own = own_cpu();
    shared->phase = measuring;
    for (int round = 1; round <= options.rounds; round++) {
        lend(publisher, message.bytes, message.length);
        run_until(deliveries() == options.clients * round, "deliveries");
    }
    shared->phase = over;
    double time = now() - start;
    cpu = cpu_of(options.server) - cpu;
    own = own_cpu() - own;
    int status;
    if (waitpid(other, &status, 0) < 0 || status != 0) fail("the bystander failed");
    printf(
        "{\"seconds\": %.4f, \"messages\": %zu, \"p50\": %.6f, \"p99\": %.6f, \"worst\": %.6f, \"woken_late_p50\": %.6f, "
        "\"woken_late_p99\": %.6f, \"server_cpu\": %.4f, \"load_cpu\": %.4f, \"bystander_cpu\": %.4f}\n",
        time, shared->sent, quantile(shared->took, shared->sent, 0.5), quantile(shared->took, shared->sent, 0.99),
        quantile(shared->took, shared->sent, 1), quantile(shared->woken_late, shared->sent, 0.5),
        quantile(shared->woken_late, shared->sent, 0.99), cpu, own, shared->cpu);
}
