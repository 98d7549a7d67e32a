#ifndef CPOSIX_SHIM_H
#define CPOSIX_SHIM_H

/* No _GNU_SOURCE here: it would change types that these headers share with Swift's own module of the C library. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* errno is a macro over a function call. */
static inline int cposix_errno(void) { return errno; }

/* Declared by the C library under _GNU_SOURCE alone. */
#ifndef __USE_GNU
extern int accept4(int fd, struct sockaddr *address, socklen_t *length, int flags);
#endif

/* Swift cannot call a function with variadic arguments. */
static inline int cposix_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

static inline int cposix_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    return accept4(fd, address, length, flags);
}
static inline int cposix_getsockname(int fd, void *address, socklen_t *length) {
    return getsockname(fd, (struct sockaddr *)address, length);
}
static inline int cposix_bind(int fd, const void *address, socklen_t length) {
    return bind(fd, (const struct sockaddr *)address, length);
}
static inline int cposix_connect(int fd, const void *address, socklen_t length) {
    return connect(fd, (const struct sockaddr *)address, length);
}

/* sendfile has no MSG_NOSIGNAL: a thread that calls it must not get the signal of a peer that is gone. */
static inline void cposix_block_sigpipe(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

/* What was written to a socket and not acknowledged by the other side's TCP; SIOCOUTQ by its other name. */
static inline int cposix_output_queue(int fd, int *count) { return ioctl(fd, TIOCOUTQ, count); }

/* The kinds of sockets are an enumeration in the C library, an int in the call. */
static inline int cposix_stream_socket(int family) {
    return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}
static inline int cposix_accept_flags(void) { return SOCK_NONBLOCK | SOCK_CLOEXEC; }
static inline int cposix_sock_stream(void) { return SOCK_STREAM; }

/* The macro casts -1 to a pointer. */
static inline int cposix_is_map_failed(const void *address) { return address == MAP_FAILED; }

/* 1 << 31 does not fit the Int32 that Swift imports the enumeration as. */
static inline uint32_t cposix_epollet(void) { return EPOLLET; }
static inline int cposix_epoll_cloexec(void) { return EPOLL_CLOEXEC; }
static inline int cposix_eventfd_flags(void) { return EFD_CLOEXEC | EFD_NONBLOCK; }

/* Leases are GNU extensions, which the platform's module leaves out. */
#ifndef F_SETSIG
#define F_SETSIG 10
#endif
#ifndef F_SETLEASE
#define F_SETLEASE 1024
#endif
static inline int cposix_set_lease_signal(int fd, int signal) { return fcntl(fd, F_SETSIG, signal); }
static inline int cposix_set_lease(int fd, int type) { return fcntl(fd, F_SETLEASE, type); }

/* The macro is a cast. */
static inline rlim_t cposix_rlim_infinity(void) { return RLIM_INFINITY; }

/* The header of glibc's own, which others do not have, is in no module. */
static inline void cposix_limit_arenas(int count) {
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, count);
#endif
}

#endif
