// What a connection costs on which nothing happens, and (with `close`) how many TLS handshakes a server does in a second.
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int accepted, subscribed, gone;

static void connected(struct connection *connection) {
    char text[64];
    snprintf(text, sizeof text, "idle-%d", connection->index);
    append_connect(&connection->output, text);
    for (int index = 0; index < options.subscriptions; index++) {
        snprintf(text, sizeof text, index % 2 ? "to/verb-%d/idle-%d" : "to/verb-%d", index / 2, connection->index);
        append_subscribe(&connection->output, (uint16_t)(index + 1), text, 1);
    }
}

static void received(struct connection *connection, const struct packet *packet) {
    if (packet->type == SUBACK) subscribed++;
    if (packet->type != CONNACK) return;
    accepted++;
    if (!options.close) return;
    close_connection(connection);
    gone++;
}

void idle(void) {
    start_loop();
    // The first connection finds memory that the server needs for any.
    for (int index = 0; index < 100 && !options.close; index++) open_connection(index, received)->connected = connected;
    int first = options.close ? 0 : 100;
    run_until(accepted == first && subscribed == first * options.subscriptions, "CONNACKs");
    if (options.resume) {
        open_connection(0, received)->connected = connected;
        run_until(accepted == 1, "a session to resume");
        first = 1;
    }
    struct memory before = memory_of(options.server);
    double start = now(), cpu = cpu_of(options.server), own = own_cpu();
    for (int index = first; index < first + options.clients; index++) {
        open_connection(index, received)->connected = connected;
        run_until(index - accepted < options.window, "CONNACKs");
    }
    run_until(accepted == first + options.clients && subscribed == accepted * options.subscriptions, "CONNACKs");
    double time = now() - start;
    cpu = cpu_of(options.server) - cpu;
    own = own_cpu() - own;
    sleep(options.close ? 0 : 1);
    struct memory after = memory_of(options.server);
    printf(
        "{\"seconds\": %.4f, \"connections_per_second\": %.0f, \"bytes_per_connection\": %.0f, \"server_cpu\": %.4f, "
        "\"connections_per_server_cpu_second\": %.0f, \"load_cpu\": %.4f, \"server_kib\": %ld}\n",
        time, options.clients / time, (double)(after.resident - before.resident) * 1024 / options.clients, cpu,
        options.clients / cpu, own, after.resident);
}
