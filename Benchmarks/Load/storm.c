// A fleet that comes back at once: every client connects, subscribes, says what it has to say, and stays. Against umd, every client is a gateway that waits for its answers.
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int begun, settled;
static double *answer_times;

// The PUBACK of a STATUS, and two answers.
enum { due_to_gateway = 3 };
// Among which gateways are spread.
enum { companies = 8 };

static const char *const gateway_topics[] = {"UPGRADE", "LATEST_VERSION", "AVAILABLE_VERSIONS", "DOWNLOAD_UPGRADE"};

static void connected(struct connection *connection) {
    char name[48], text[160];
    connection->since = now();
    snprintf(name, sizeof name, "gateway-%d", options.first + connection->index);
    append_connect(&connection->output, name);
    for (int index = 0; index < options.subscriptions; index++) {
        if (options.daemon) {
            snprintf(text, sizeof text, index % 2 ? "TOGATEWAY/%s/%s" : "TOGATEWAY/%s", gateway_topics[index / 2 % 4], name);
        } else {
            snprintf(text, sizeof text, index % 2 ? "to/verb-%d/%s" : "to/verb-%d", index / 2, name);
        }
        append_subscribe(&connection->output, (uint16_t)(index + 1), text, 1);
    }
}

static void say(struct connection *connection) {
    static const char *const verbs[] = {"STATUS", "REQUEST_LATEST_VERSION", "REQUEST_AVAILABLE_VERSIONS"};
    int number = options.first + connection->index;
    connection->since = now();
    for (int index = 0; index < 3; index++) {
        char topic[96], status[64];
        struct buffer frame = {0};
        snprintf(status, sizeof status, "{\"companyId\":\"%d\",\"version\":0.5}", 2 + number % companies);
        append_frame(&frame, index == 0 ? status : "");
        snprintf(topic, sizeof topic, "TOCLOUD/%s/gateway-%d", verbs[index], number);
        append_publish_head(&connection->output, topic, index == 0, (uint16_t)(100 + index), frame.length);
        append(&connection->output, frame.bytes, frame.length);
        free(frame.bytes);
    }
    append_pingreq(&connection->output);
}

static void settle(struct connection *connection) {
    connection->stage = 2;
    answer_times[settled++] = now() - connection->since;
}

static void received(struct connection *connection, const struct packet *packet) {
    switch (packet->type) {
    case SUBACK: connection->acknowledged++; break;
    case CONNACK:
        if (packet->captured < 2 || packet->start[1] != 0) fail("storm: CONNACK refuses");
        if (options.subscriptions == 0) return settle(connection);
        break;
    case PUBACK: connection->count++; break;
    case PUBLISH:
        if (packet->flags >> 1 & 3) {
            size_t position = 2 + (size_t)(packet->start[0] << 8 | packet->start[1]);
            if (packet->captured < position + 2) fail("a PUBLISH without its packet identifier");
            append_puback(&connection->output, (uint16_t)(packet->start[position] << 8 | packet->start[position + 1]));
        }
        connection->count++;
    }
    if (connection->stage == 0 && connection->acknowledged == options.subscriptions) {
        connection->stage = 1;
        say(connection);
    }
    if (connection->stage != 1) return;
    bool done = options.daemon ? connection->count >= due_to_gateway : packet->type == PINGRESP;
    if (done) settle(connection);
}

void storm(void) {
    start_loop();
    answer_times = calloc((size_t)options.clients, sizeof *answer_times);
    reset_peak(options.server);
    struct memory before = memory_of(options.server);
    double start = now(), cpu = cpu_of(options.server), own = own_cpu();
    while (settled < options.clients) {
        double limit = now() + options.timeout;
        while (begun < options.clients && begun - settled < options.window) {
            open_connection(begun, received)->connected = connected;
            begun++;
            if (begun % 16 == 0) break;
        }
        int last = settled;
        bool idle = begun == options.clients || begun - settled >= options.window;
        run_once(idle ? 20 : 0);
        while (settled == last && idle) {
            run_once(20);
            if (now() > limit) fail("storm: %d of %d clients have settled", settled, options.clients);
        }
    }
    double time = now() - start;
    cpu = cpu_of(options.server) - cpu;
    own = own_cpu() - own;
    struct memory after = memory_of(options.server);
    size_t count = (size_t)options.clients;
    printf(
        "{\"seconds\": %.4f, \"clients_per_second\": %.0f, \"server_cpu\": %.4f, \"server_cpu_per_client\": %.7f, \"load_cpu\": %.4f, "
        "\"answer_p50\": %.5f, \"answer_p99\": %.5f, \"server_kib_before\": %ld, \"server_kib_peak\": %ld}\n",
        time, options.clients / time, cpu, cpu / options.clients, own, quantile(answer_times, count, 0.5),
        quantile(answer_times, count, 0.99), before.resident, after.peak);
}
