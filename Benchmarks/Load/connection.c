#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

// So many connections from one source address: a machine has some 28,000 ports for each.
enum { connections_per_address = 10000, read_size = 256 * 1024, reads_per_turn = 4 };

static int poll_set = -1;
static uint8_t input[read_size];
static int64_t total_received;
static SSL_CTX *context;
// Of a connection made before, for `resume`.
static SSL_SESSION *session;

int64_t bytes_received(void) { return total_received; }

void start_loop(void) {
    poll_set = epoll_create1(EPOLL_CLOEXEC);
    if (poll_set < 0) fail("epoll_create1: %s", strerror(errno));
}

static int remember_session(SSL *tls, SSL_SESSION *newest) {
    (void)tls;
    if (session) SSL_SESSION_free(session);
    session = newest;
    return 1;
}

static SSL_CTX *client_tls(void) {
    if (context) return context;
    context = SSL_CTX_new(TLS_client_method());
    if (!context) fail("OpenSSL gives no context");
    // It measures the server; whether its certificate is genuine does not matter.
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    if (options.resume) {
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(context, remember_session);
    }
    return context;
}

static void watch(struct connection *connection, int operation) {
    struct epoll_event event = {.data.ptr = connection};
    event.events = EPOLLRDHUP | (connection->reading_stopped ? 0 : EPOLLIN) | (connection->wants_output ? EPOLLOUT : 0);
    if (epoll_ctl(poll_set, operation, connection->socket, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
}

static void set_wants_output(struct connection *connection, bool wants) {
    if (connection->wants_output == wants) return;
    connection->wants_output = wants;
    watch(connection, EPOLL_CTL_MOD);
}

struct connection *open_connection(int index, void (*received)(struct connection *, const struct packet *)) {
    struct connection *connection = calloc(1, sizeof *connection);
    if (!connection) fail("out of memory");
    connection->index = index;
    connection->received = received;
    connection->socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection->socket < 0) fail("socket: %s", strerror(errno));
    int on = 1;
    setsockopt(connection->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(connection->socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    struct sockaddr_in source = {.sin_family = AF_INET};
    source.sin_addr.s_addr = htonl(0x7F000001u + (uint32_t)(index / connections_per_address));
    if (bind(connection->socket, (struct sockaddr *)&source, sizeof source) != 0) fail("bind: %s", strerror(errno));
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)options.port)};
    if (inet_pton(AF_INET, options.host, &server.sin_addr) != 1) fail("%s is no IPv4 address", options.host);
    if (connect(connection->socket, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS)
        fail("connect: %s", strerror(errno));
    if (options.tls) {
        connection->tls = SSL_new(client_tls());
        if (!connection->tls || SSL_set_fd(connection->tls, connection->socket) != 1) fail("OpenSSL gives no connection");
        if (options.resume && session) SSL_set_session(connection->tls, session);
        SSL_set_connect_state(connection->tls);
    }
    connection->handshaking = true;
    connection->wants_output = true;
    watch(connection, EPOLL_CTL_ADD);
    return connection;
}

void close_connection(struct connection *connection) {
    if (connection->socket < 0) return;
    connection->open = false;
    if (connection->tls) {
        // Without its close_notify, OpenSSL would not let the session be resumed.
        SSL_set_shutdown(connection->tls, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(connection->tls);
        connection->tls = NULL;
    }
    close(connection->socket);
    connection->socket = -1;
    free(connection->output.bytes);
    connection->output = (struct buffer){0};
}

static void ended(struct connection *connection, const char *how) {
    if (!connection->closed) fail("%s: connection %d: %s", options.scenario, connection->index, how);
    close_connection(connection);
    connection->closed(connection);
}

bool has_output(const struct connection *connection) {
    return connection->output.length > connection->sent || connection->lent_length > connection->lent_sent;
}

// How many bytes the system took; 0: none now, negative: the connection has ended.
static ssize_t write_some(struct connection *connection, const uint8_t *bytes, size_t length) {
    if (!connection->tls) {
        ssize_t count = send(connection->socket, bytes, length, MSG_NOSIGNAL);
        return count >= 0 ? count : errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    size_t count = 0;
    if (SSL_write_ex(connection->tls, bytes, length, &count) == 1) return (ssize_t)count;
    int reason = SSL_get_error(connection->tls, 0);
    return reason == SSL_ERROR_WANT_WRITE || reason == SSL_ERROR_WANT_READ ? 0 : -1;
}

void flush(struct connection *connection) {
    if (!connection->open) return;
    while (has_output(connection)) {
        bool small = connection->output.length > connection->sent;
        const uint8_t *bytes = small ? connection->output.bytes + connection->sent : connection->lent + connection->lent_sent;
        size_t length = small ? connection->output.length - connection->sent : connection->lent_length - connection->lent_sent;
        ssize_t count = write_some(connection, bytes, length);
        if (count < 0) return ended(connection, "the server closed it");
        if (count == 0) return set_wants_output(connection, true);
        if (small) connection->sent += (size_t)count; else connection->lent_sent += (size_t)count;
    }
    connection->output.length = connection->sent = 0;
    set_wants_output(connection, false);
}

void lend(struct connection *connection, const uint8_t *bytes, size_t length) {
    connection->lent = bytes;
    connection->lent_length = length;
    connection->lent_sent = 0;
    flush(connection);
}

void stop_reading(struct connection *connection) {
    connection->reading_stopped = true;
    watch(connection, EPOLL_CTL_MOD);
}

// Cuts what came into packets; of each only the beginning is kept.
static void parse(struct connection *connection, const uint8_t *bytes, size_t length) {
    struct packet *packet = &connection->packet;
    while (length > 0 || (connection->header_length < 0 && connection->missing == 0)) {
        if (connection->header_length >= 0) {
            uint8_t byte = *bytes++;
            length--;
            connection->header[connection->header_length++] = byte;
            if (connection->header_length == 1 || (byte & 128)) {
                if (connection->header_length == 5) fail("a packet without length");
                continue;
            }
            packet->type = connection->header[0] >> 4;
            packet->flags = connection->header[0] & 15;
            packet->length = 0;
            for (int index = connection->header_length - 1; index > 0; index--)
                packet->length = packet->length << 7 | (connection->header[index] & 127);
            packet->captured = 0;
            connection->missing = packet->length;
            connection->header_length = -1;
            continue;
        }
        size_t part = length < connection->missing ? length : connection->missing;
        if (packet->captured == 0 && part == connection->missing) {
            packet->start = bytes;
            packet->captured = part;
        } else if (packet->captured < captured_bytes) {
            size_t room = captured_bytes - packet->captured, kept = part < room ? part : room;
            memcpy(connection->capture + packet->captured, bytes, kept);
            packet->captured += kept;
            packet->start = connection->capture;
        }
        bytes += part;
        length -= part;
        connection->missing -= part;
        if (connection->missing > 0) return;
        connection->header_length = 0;
        connection->received(connection, packet);
        if (!connection->open) return;
    }
}

static void handshake(struct connection *connection) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->socket, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) return ended(connection, strerror(error));
    if (connection->tls) {
        int result = SSL_do_handshake(connection->tls);
        if (result != 1) {
            int reason = SSL_get_error(connection->tls, result);
            if (reason == SSL_ERROR_WANT_READ) return set_wants_output(connection, false);
            if (reason == SSL_ERROR_WANT_WRITE) return set_wants_output(connection, true);
            return ended(connection, "the TLS handshake failed");
        }
    }
    connection->handshaking = false;
    connection->open = true;
    if (connection->connected) connection->connected(connection);
    flush(connection);
}

static void read_available(struct connection *connection) {
    for (int turn = 0; turn < reads_per_turn && connection->open && !connection->reading_stopped; turn++) {
        ssize_t count;
        if (connection->tls) {
            size_t read = 0;
            if (SSL_read_ex(connection->tls, input, sizeof input, &read) == 1) {
                count = (ssize_t)read;
                turn--;   // what OpenSSL holds back tells no epoll set
            } else {
                int reason = SSL_get_error(connection->tls, 0);
                if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE) break;
                return ended(connection, "the server closed it");
            }
        } else {
            count = recv(connection->socket, input, sizeof input, 0);
            if (count < 0 && (errno == EAGAIN || errno == EINTR)) break;
            if (count <= 0) return ended(connection, "the server closed it");
        }
        total_received += count;
        if (!connection->is_raw) parse(connection, input, (size_t)count);
        if (!connection->tls && (size_t)count < sizeof input) break;
    }
    if (connection->open && has_output(connection)) flush(connection);
}

void run_once(int milliseconds) {
    struct epoll_event events[256];
    int count = epoll_wait(poll_set, events, 256, milliseconds);
    for (int index = 0; index < count; index++) {
        struct connection *connection = events[index].data.ptr;
        if (connection->socket < 0) continue;
        if (connection->handshaking) {
            handshake(connection);
            continue;
        }
        if (events[index].events & EPOLLOUT) flush(connection);
        if (connection->open && events[index].events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) read_available(connection);
    }
}

void run_for(double seconds) {
    struct pollfd set = {.fd = poll_set, .events = POLLIN};
    struct timespec limit = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    ppoll(&set, 1, &limit, NULL);
    run_once(0);
}
