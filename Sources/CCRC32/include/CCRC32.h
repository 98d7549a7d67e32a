#ifndef CCRC32_H
#define CCRC32_H

#include <stddef.h>
#include <stdint.h>

/// Continues a CRC-32/ISO-HDLC over `count` bytes. `crc` is 0 to begin with, or what an earlier call returned.
uint32_t ccrc32_update(uint32_t crc, const void *bytes, size_t count);

#endif
