// What the machine can do: the bytes of a fan-out, from one buffer to many sockets, by a server that does nothing else.
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

// A turn that fits the processor's cache, so that the next socket finds the bytes there.
enum { turn_bytes = 256 * 1024 };

struct target {
    int socket;
    SSL *tls;
    size_t sent;
    bool is_active;
};

static uint8_t *content;
static int content_file = -1;

static ssize_t send_some(struct target *target) {
    size_t left = (size_t)options.size - target->sent, part = left < turn_bytes ? left : turn_bytes;
    if (target->tls) {
        size_t count = 0;
        return SSL_write_ex(target->tls, content + target->sent, part, &count) == 1 ? (ssize_t)count : 0;
    }
    if (strcmp(options.mode, "sendfile") == 0) {
        off_t position = (off_t)target->sent;
        return sendfile(target->socket, content_file, &position, part);
    }
    struct iovec parts = {content + target->sent, part};
    return writev(target->socket, &parts, 1);
}

static SSL_CTX *server_tls(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || SSL_CTX_use_certificate_chain_file(context, options.certificate) != 1
        || SSL_CTX_use_PrivateKey_file(context, options.key, SSL_FILETYPE_PEM) != 1)
        fail("ceiling: --certificate and --key must name PEM files");
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    return context;
}

static void accept_all(int listener, struct target *targets, int set) {
    SSL_CTX *context = options.tls ? server_tls() : NULL;
    for (int index = 0; index < options.clients; index++) {
        struct target *target = &targets[index];
        target->socket = accept(listener, NULL, NULL);
        if (target->socket < 0) fail("accept: %s", strerror(errno));
        int on = 1, mark = 128 * 1024;
        setsockopt(target->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(target->socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &mark, sizeof mark);
        if (context) {
            target->tls = SSL_new(context);
            SSL_set_fd(target->tls, target->socket);
            if (SSL_accept(target->tls) != 1) fail("ceiling: the TLS handshake failed");
        }
        fcntl(target->socket, F_SETFL, O_NONBLOCK);
        struct epoll_event event = {.events = EPOLLOUT | EPOLLET, .data.ptr = target};
        if (epoll_ctl(set, EPOLL_CTL_ADD, target->socket, &event) != 0) fail("epoll_ctl: %s", strerror(errno));
    }
}

// Sends the content to every target, each in turns as long as it takes bytes.
static void send_to_all(struct target *targets, struct target **active, int set) {
    int count = options.clients, unfinished = options.clients;
    for (int index = 0; index < count; index++) {
        targets[index].sent = 0;
        targets[index].is_active = true;
        active[index] = &targets[index];
    }
    while (unfinished > 0) {
        int kept = 0;
        for (int index = 0; index < count; index++) {
            struct target *target = active[index];
            ssize_t written = send_some(target);
            if (written > 0) target->sent += (size_t)written;
            target->is_active = written > 0 && target->sent < (size_t)options.size;
            if (target->sent == (size_t)options.size) unfinished--;
            if (target->is_active) active[kept++] = target;
        }
        count = kept;
        struct epoll_event events[256];
        int ready = unfinished > 0 ? epoll_wait(set, events, 256, count > 0 ? 0 : -1) : 0;
        for (int index = 0; index < ready; index++) {
            struct target *target = events[index].data.ptr;
            if (target->is_active || target->sent == (size_t)options.size) continue;
            target->is_active = true;
            active[count++] = target;
        }
    }
}

// Waits for a byte before each round; ends when there is none.
static void serve(int listener, int rounds) {
    struct target *targets = calloc((size_t)options.clients, sizeof *targets);
    struct target **active = calloc((size_t)options.clients, sizeof *active);
    int set = epoll_create1(0);
    accept_all(listener, targets, set);
    char byte;
    while (read(rounds, &byte, 1) == 1) send_to_all(targets, active, set);
    _exit(0);
}

static void make_content(void) {
    content_file = memfd_create("content", MFD_CLOEXEC);
    if (content_file < 0 || ftruncate(content_file, options.size) != 0) fail("memfd_create: %s", strerror(errno));
    content = mmap(NULL, (size_t)options.size, PROT_READ | PROT_WRITE, MAP_SHARED, content_file, 0);
    if (content == MAP_FAILED) fail("mmap: %s", strerror(errno));
    for (int index = 0; index < options.size; index++) content[index] = (uint8_t)(index * 31 + index / 251);
}

static int listen_on_any_port(void) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 4096) != 0
        || getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        fail("cannot listen: %s", strerror(errno));
    options.port = ntohs(address.sin_port);
    return listener;
}

static int connections;

static void stands(struct connection *connection) {
    connection->is_raw = true;
    connections++;
}

void ceiling(void) {
    options.tls = strcmp(options.mode, "tls") == 0;
    make_content();
    int listener = listen_on_any_port(), rounds[2];
    if (pipe(rounds) != 0) fail("pipe: %s", strerror(errno));
    pid_t writer = fork();
    if (writer < 0) fail("fork: %s", strerror(errno));
    if (writer == 0) {
        close(rounds[1]);
        serve(listener, rounds[0]);
    }
    close(rounds[0]);
    start_loop();
    for (int index = 0; index < options.clients; index++) {
        open_connection(index, NULL)->connected = stands;
        run_until(index - connections < options.window, "connections");
    }
    run_until(connections == options.clients, "connections");
    int64_t first = bytes_received(), all = (int64_t)options.size * options.clients;
    double start = now(), cpu = cpu_of(writer), own = own_cpu();
    for (int round = 1; round <= options.rounds; round++) {
        if (write(rounds[1], "", 1) != 1) fail("pipe: %s", strerror(errno));
        run_until(bytes_received() - first == all * round, "bytes");
    }
    double time = now() - start;
    cpu = cpu_of(writer) - cpu;
    own = own_cpu() - own;
    double gigabytes = (double)all * options.rounds / 1e9;
    printf(
        "{\"seconds\": %.4f, \"gigabytes\": %.4f, \"gigabytes_per_second\": %.3f, \"messages_per_second\": %.0f, "
        "\"server_cpu_per_gigabyte\": %.4f, \"server_cpu\": %.4f, \"load_cpu\": %.4f}\n",
        time, gigabytes, gigabytes / time, (double)options.clients * options.rounds / time, cpu / gigabytes, cpu, own);
    close(rounds[1]);
    waitpid(writer, NULL, 0);
}
