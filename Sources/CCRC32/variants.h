#ifndef CCRC32_VARIANTS_H
#define CCRC32_VARIANTS_H

#include <stddef.h>
#include <stdint.h>

// The variants work on the register's raw content: ccrc32_update inverts it before and after.

void ccrc32_build_tables(void);
uint32_t ccrc32_slicing(uint32_t state, const uint8_t *bytes, size_t count);

#if defined(__x86_64__)
uint32_t ccrc32_clmul_128(uint32_t state, const uint8_t *bytes, size_t count);
uint32_t ccrc32_clmul_512(uint32_t state, const uint8_t *bytes, size_t count);
#endif

#endif
