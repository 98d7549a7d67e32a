#ifndef CCRC32_H
#define CCRC32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Continues a CRC-32/ISO-HDLC over `count` bytes, with the fastest variant that this processor has. `crc` is 0 to begin
/// with, or what an earlier call returned. `bytes` may be null when `count` is 0.
uint32_t ccrc32_update(uint32_t crc, const void *bytes, size_t count);

/// The ways to compute it, slowest first.
typedef enum {
    /// 16 bytes at a time by tables. Works everywhere.
    CCRC32_SLICING,
    /// 64 bytes at a time by carry-less multiplication of 128-bit registers (x86-64, PCLMULQDQ).
    CCRC32_CLMUL_128,
    /// 256 bytes at a time by carry-less multiplication of 512-bit registers (x86-64, VPCLMULQDQ and AVX-512).
    CCRC32_CLMUL_512,
} ccrc32_variant;

/// Whether this processor, and the operating system under it, can run a variant.
bool ccrc32_has_variant(ccrc32_variant variant);

/// `ccrc32_update` by one variant, for tests and measurements. Only for a variant that is there.
uint32_t ccrc32_update_by(ccrc32_variant variant, uint32_t crc, const void *bytes, size_t count);

#endif
