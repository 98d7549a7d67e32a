// A load generator for MQTT brokers: raw sockets, one thread, one epoll set, no copies that a real client would not make.
#ifndef LOAD_H
#define LOAD_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// MARK: options

struct options {
    const char *scenario;
    const char *host;
    int port;
    pid_t server;        // whose processor time and memory are measured
    int clients;         // subscribers, or connections
    int publishers;
    int size;            // bytes of a payload
    int rounds;          // messages of each publisher
    int qos;
    int window;          // unacknowledged PUBLISHes of a publisher, or connections that are being made at once
    int rate;            // messages a second in all; 0: as fast as it goes
    int stalled;         // how many subscribers stop reading
    int subscriptions;   // of each client
    bool tls;
    bool resume;         // TLS sessions are resumed
    bool close;          // connections are closed as soon as they stand
    bool daemon;         // the server is umd: gateways' frames, and answers to them
    int first;           // the number in the name of the first gateway
    const char *mode;    // of a ceiling: writev, sendfile or tls
    const char *certificate, *key;
    int timeout;         // seconds
};

extern struct options options;

__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *format, ...);

// MARK: measuring

double now(void);
// Seconds of processor time that a process, or this one, has used.
double cpu_of(pid_t process);
double own_cpu(void);
struct memory { long resident, peak; };   // KiB
struct memory memory_of(pid_t process);
void reset_peak(pid_t process);
// KiB of the kernel's memory for TCP.
long kernel_tcp_memory(void);
// Sorts, and returns the value below which so much (0 to 1) lies.
double quantile(double *values, size_t count, double part);

// MARK: packets

struct buffer { uint8_t *bytes; size_t length, capacity; };
void append(struct buffer *, const void *bytes, size_t length);
void append_connect(struct buffer *, const char *client);
void append_subscribe(struct buffer *, uint16_t packet, const char *filter, int qos);
// A PUBLISH without its payload, which must follow.
void append_publish_head(struct buffer *, const char *topic, int qos, uint16_t packet, size_t payload);
void append_puback(struct buffer *, uint16_t packet);
void append_pingreq(struct buffer *);
uint32_t crc32_of(const uint8_t *bytes, size_t length);
// A frame of a gateway.
void append_frame(struct buffer *, const char *payload);

// MARK: connections

enum { captured_bytes = 256 };
enum packet_type { CONNACK = 2, PUBLISH = 3, PUBACK = 4, SUBACK = 9, PINGRESP = 13 };

struct packet {
    int type, flags;
    size_t length;                  // bytes after the fixed header
    const uint8_t *start;           // the first of them, at most captured_bytes
    size_t captured;
};

struct connection {
    int socket;
    SSL *tls;
    int index;
    bool open, handshaking, wants_output, reading_stopped;
    bool is_raw;                    // what comes is no MQTT, and is only counted
    // What waits to be sent: small packets in `output`, or a large one that is lent.
    struct buffer output;
    size_t sent;
    const uint8_t *lent;
    size_t lent_length, lent_sent;
    // The packet that is being received.
    uint8_t header[5];
    int header_length;
    struct packet packet;
    uint8_t capture[captured_bytes];
    size_t missing;
    // For the scenario.
    int stage, count, acknowledged;
    double since;
    void (*received)(struct connection *, const struct packet *);
    void (*connected)(struct connection *);      // the socket, and TLS, stand
    void (*closed)(struct connection *);         // nil: a closed connection is an error
};

void start_loop(void);
// Begins to connect, from one of many addresses of this machine.
struct connection *open_connection(int index, void (*received)(struct connection *, const struct packet *));
void close_connection(struct connection *);
// Sends what is in `output` and what was lent, as far as it goes; the rest follows by itself.
void flush(struct connection *);
// Sends bytes that stay where they are until all have left.
void lend(struct connection *, const uint8_t *bytes, size_t length);
bool has_output(const struct connection *);
void stop_reading(struct connection *);
// Handles what happens, at most so many milliseconds.
void run_once(int milliseconds);
// The same for a time that is less than a millisecond; returns early when something has happened.
void run_for(double seconds);
// Runs until the condition holds; fails after the timeout, naming what was waited for.
#define run_until(condition, what)                                                                     \
    do {                                                                                               \
        double limit_ = now() + options.timeout;                                                       \
        while (!(condition)) {                                                                         \
            run_once(20);                                                                              \
            if (now() > limit_) fail("%s: waited %d s for %s", options.scenario, options.timeout, what); \
        }                                                                                              \
    } while (0)
int64_t bytes_received(void);

// MARK: scenarios; each prints one JSON object

// What a fan-out is made of: everybody connected and subscribed, the PUBLISH to lend, and how often it has come.
struct connection *make_subscribers_and_publisher(void);
struct buffer make_message(void);
int deliveries(void);

void fan_out(void);
void storm(void);
void idle(void);
void throughput(void);
void latency(void);
void bystander(void);
void ceiling(void);

#endif
