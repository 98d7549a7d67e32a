// One publisher, many subscribers: how fast a large payload reaches all of them, what it costs the server, and what those cost that stop reading.
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char topic[] = "bench/fan-out";
static int accepted, subscribed, delivered, acknowledged;
static struct connection **subscribers;

static void subscriber_received(struct connection *connection, const struct packet *packet) {
    switch (packet->type) {
    case CONNACK: accepted++; break;
    case SUBACK: subscribed++; break;
    case PUBLISH:
        connection->count++;
        delivered++;
        if (packet->flags >> 1 & 3) {
            size_t position = 2 + sizeof topic - 1;
            if (packet->captured < position + 2) fail("a PUBLISH without its packet identifier");
            append_puback(&connection->output, (uint16_t)(packet->start[position] << 8 | packet->start[position + 1]));
        }
    }
}

static void publisher_received(struct connection *connection, const struct packet *packet) {
    (void)connection;
    if (packet->type == CONNACK) accepted++;
    if (packet->type == PUBACK) acknowledged++;
}

static void subscribe(struct connection *connection) {
    char name[32];
    snprintf(name, sizeof name, "subscriber-%d", connection->index);
    append_connect(&connection->output, name);
    append_subscribe(&connection->output, 1, topic, options.qos);
}

static void connect_publisher(struct connection *connection) { append_connect(&connection->output, "publisher"); }

struct connection *make_subscribers_and_publisher(void) {
    subscribers = calloc((size_t)options.clients, sizeof *subscribers);
    for (int index = 0; index < options.clients; index++) {
        subscribers[index] = open_connection(index, subscriber_received);
        subscribers[index]->connected = subscribe;
        run_until(index - subscribed < options.window, "subscriptions");
    }
    run_until(subscribed == options.clients, "subscriptions");
    struct connection *publisher = open_connection(options.clients, publisher_received);
    publisher->connected = connect_publisher;
    run_until(accepted == options.clients + 1, "the publisher's CONNACK");
    return publisher;
}

struct buffer make_message(void) {
    struct buffer message = {0};
    append_publish_head(&message, topic, options.qos, 1, (size_t)options.size);
    uint8_t block[4096];
    for (size_t index = 0; index < sizeof block; index++) block[index] = (uint8_t)(index * 31 + index / 251);
    for (int rest = options.size; rest > 0; rest -= (int)sizeof block)
        append(&message, block, rest < (int)sizeof block ? (size_t)rest : sizeof block);
    return message;
}

int deliveries(void) { return delivered; }

void fan_out(void) {
    start_loop();
    struct connection *publisher = make_subscribers_and_publisher();
    for (int index = 0; index < options.stalled; index++) stop_reading(subscribers[index]);
    int readers = options.clients - options.stalled;
    struct buffer message = make_message();
    reset_peak(options.server);
    struct memory before = memory_of(options.server);
    double start = now(), cpu = cpu_of(options.server), own = own_cpu();
    long kernel = 0;
    for (int round = 1; round <= options.rounds; round++) {
        lend(publisher, message.bytes, message.length);
        run_until(delivered == readers * round && (options.qos == 0 || acknowledged == round), "deliveries");
        long memory = kernel_tcp_memory();
        if (memory > kernel) kernel = memory;
    }
    double time = now() - start;
    cpu = cpu_of(options.server) - cpu;
    own = own_cpu() - own;
    double gigabytes = (double)options.size * readers * options.rounds / 1e9;
    struct memory after = memory_of(options.server);
    printf(
        "{\"seconds\": %.4f, \"gigabytes\": %.4f, \"gigabytes_per_second\": %.3f, \"messages_per_second\": %.0f, "
        "\"server_cpu_per_gigabyte\": %.4f, \"server_cpu\": %.4f, \"load_cpu\": %.4f, \"server_kib_before\": %ld, "
        "\"server_kib_peak\": %ld, \"kernel_tcp_kib\": %ld}\n",
        time, gigabytes, gigabytes / time, (double)readers * options.rounds / time, cpu / gigabytes, cpu, own,
        before.resident, after.peak, kernel);
}
