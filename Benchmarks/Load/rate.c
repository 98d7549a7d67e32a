// Many small messages: how many a second at QoS 1, whether those that were acknowledged arrive, and how long each takes at a fixed rate.
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { topic_bytes = 6, time_bytes = sizeof(double) };

static int ready;
static long sent, acknowledged, delivered, latencies_count;
static double *latencies;
static struct connection **publishers;
static struct buffer payload;

// Publisher i and subscriber i % clients share the topic "t/0000" + i % clients.
static const char *topic_of(int index) {
    static char text[16];
    snprintf(text, sizeof text, "t/%04d", index % options.clients % 10000);
    return text;
}

static void connected(struct connection *connection) {
    char name[32];
    bool subscribes = connection->index < options.clients;
    snprintf(name, sizeof name, subscribes ? "subscriber-%d" : "publisher-%d", connection->index);
    append_connect(&connection->output, name);
    if (subscribes) append_subscribe(&connection->output, 1, topic_of(connection->index), options.qos);
}

static void publish_one(struct connection *connection) {
    append_publish_head(
        &connection->output, topic_of(connection->index - options.clients), options.qos,
        (uint16_t)(connection->count % 65535 + 1), payload.length);
    double time = now();
    memcpy(payload.bytes, &time, time_bytes);
    append(&connection->output, payload.bytes, payload.length);
    connection->count++;
    sent++;
}

static void fill_window(struct connection *connection) {
    // In halves of the window, so that packets travel together.
    if (connection->count - connection->acknowledged > options.window / 2) return;
    while (connection->count < options.rounds && connection->count - connection->acknowledged < options.window)
        publish_one(connection);
}

static void received(struct connection *connection, const struct packet *packet) {
    switch (packet->type) {
    case CONNACK: ready += connection->index >= options.clients; break;
    case SUBACK: ready++; break;
    case PUBACK:
        connection->acknowledged++;
        acknowledged++;
        fill_window(connection);
        break;
    case PUBLISH: {
        size_t position = 2 + topic_bytes;
        if (packet->flags >> 1 & 3) {
            append_puback(&connection->output, (uint16_t)(packet->start[position] << 8 | packet->start[position + 1]));
            position += 2;
        }
        delivered++;
        if (!latencies) break;
        double time;
        memcpy(&time, packet->start + position, time_bytes);
        latencies[latencies_count++] = now() - time;
    }
    }
}

static void prepare(void) {
    start_loop();
    int count = options.clients + options.publishers;
    publishers = calloc((size_t)options.publishers, sizeof *publishers);
    for (int index = 0; index < count; index++) {
        struct connection *connection = open_connection(index, received);
        connection->connected = connected;
        if (index >= options.clients) publishers[index - options.clients] = connection;
    }
    run_until(ready == count, "CONNACKs and SUBACKs");
    for (int index = 0; index < options.size; index++) append(&payload, "x", 1);
    if (payload.length < time_bytes) fail("a payload must have room for a time, %d bytes", (int)time_bytes);
}

void throughput(void) {
    prepare();
    reset_peak(options.server);
    long total = (long)options.publishers * options.rounds;
    double start = now(), cpu = cpu_of(options.server), own = own_cpu();
    for (int index = 0; index < options.publishers; index++) {
        fill_window(publishers[index]);
        flush(publishers[index]);
    }
    run_until(acknowledged == total, "PUBACKs");
    // What a broker drops never comes: a second of silence is the end.
    double last = now();
    for (long before = delivered; delivered < total && now() - last < 1;) {
        run_once(20);
        if (delivered != before) last = now();
        before = delivered;
    }
    double time = (delivered < total ? last : now()) - start;
    cpu = cpu_of(options.server) - cpu;
    own = own_cpu() - own;
    printf(
        "{\"seconds\": %.4f, \"messages_per_second\": %.0f, \"acknowledged\": %ld, \"dropped\": %ld, \"server_cpu\": %.4f, "
        "\"server_cpu_per_message\": %.9f, \"load_cpu\": %.4f, \"server_kib_peak\": %ld}\n",
        time, delivered / time, acknowledged, acknowledged - delivered, cpu, cpu / (double)delivered, own,
        memory_of(options.server).peak);
}

void latency(void) {
    prepare();
    long total = (long)options.publishers * options.rounds;
    latencies = calloc((size_t)total, sizeof *latencies);
    double start = now(), cpu = cpu_of(options.server), own = own_cpu();
    int next = 0;
    while (sent < total) {
        long due = (long)((now() - start) * options.rate);
        while (sent < due && sent < total) {
            publish_one(publishers[next]);
            flush(publishers[next]);
            next = (next + 1) % options.publishers;
        }
        run_once(0);
    }
    double limit = now() + 2;
    while (delivered < total && now() < limit) run_once(20);
    double time = now() - start;
    cpu = cpu_of(options.server) - cpu;
    own = own_cpu() - own;
    size_t count = (size_t)latencies_count;
    printf(
        "{\"seconds\": %.4f, \"offered_per_second\": %d, \"dropped\": %ld, \"p50\": %.7f, \"p99\": %.7f, \"worst\": %.7f, "
        "\"server_cpu\": %.4f, \"load_cpu\": %.4f}\n",
        time, options.rate, total - delivered, quantile(latencies, count, 0.5), quantile(latencies, count, 0.99),
        quantile(latencies, count, 1), cpu, own);
}
