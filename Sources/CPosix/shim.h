#ifndef CPOSIX_SHIM_H
#define CPOSIX_SHIM_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* accept4 takes a transparent union, which Swift cannot call. */
static inline int cposix_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) {
    return accept4(fd, address, length, flags);
}

/* 1 << 31 does not fit the Int32 that Swift imports the enumeration as. */
static inline uint32_t cposix_epollet(void) { return EPOLLET; }

#endif
