// How long a small QoS 1 message takes to its PUBACK while a large payload goes to many subscribers.
#include "load.h"

#include <stdio.h>
#include <stdlib.h>

static bool waits, is_ready;
static double asked, *times;
static size_t count;

enum { most_times = 1000000 };

static void received(struct connection *connection, const struct packet *packet) {
    (void)connection;
    if (packet->type == CONNACK) is_ready = true;
    if (packet->type != PUBACK) return;
    waits = false;
    if (count < most_times) times[count++] = now() - asked;
}

static void connected(struct connection *connection) { append_connect(&connection->output, "bystander"); }

void bystander(void) {
    static const double pause = 0.002;
    struct connection *publisher = make_subscribers_and_publisher();
    struct connection *other = open_connection(options.clients + 1, received);
    other->connected = connected;
    run_until(is_ready, "the bystander's CONNACK");
    times = calloc(most_times, sizeof *times);
    struct buffer message = make_message();
    double start = now();
    for (int round = 1; round <= options.rounds; round++) {
        lend(publisher, message.bytes, message.length);
        double limit = now() + options.timeout;
        while (deliveries() < options.clients * round) {
            if (!waits && now() - asked > pause) {
                append_publish_head(&other->output, "bench/status", 1, 1, 64);
                for (int index = 0; index < 64; index++) append(&other->output, "x", 1);
                waits = true;
                asked = now();
                flush(other);
            }
            run_once(1);
            if (now() > limit) fail("bystander: waited for deliveries");
        }
    }
    double time = now() - start;
    printf(
        "{\"seconds\": %.4f, \"messages\": %zu, \"p50\": %.6f, \"p99\": %.6f, \"worst\": %.6f}\n", time, count,
        quantile(times, count, 0.5), quantile(times, count, 0.99), quantile(times, count, 1));
}
