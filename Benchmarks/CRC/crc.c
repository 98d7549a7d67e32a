// CRC-32 of ours beside zlib, libdeflate and ISA-L, as far as they are installed; prints one JSON object.
#include "CCRC32.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef uint32_t (*checksum)(uint32_t, const void *, size_t);

static unsigned long (*zlib_crc32)(unsigned long, const void *, unsigned);
static uint32_t (*libdeflate_crc32)(uint32_t, const void *, size_t);
static uint32_t (*isal_crc32)(uint32_t, const void *, uint64_t);

static uint32_t by_zlib(uint32_t crc, const void *bytes, size_t count) { return (uint32_t)zlib_crc32(crc, bytes, (unsigned)count); }
static uint32_t by_libdeflate(uint32_t crc, const void *bytes, size_t count) { return libdeflate_crc32(crc, bytes, count); }
static uint32_t by_isal(uint32_t crc, const void *bytes, size_t count) { return isal_crc32(crc, bytes, count); }
static uint32_t by_slicing(uint32_t crc, const void *bytes, size_t count) { return ccrc32_update_by(CCRC32_SLICING, crc, bytes, count); }
static uint32_t by_clmul_128(uint32_t crc, const void *bytes, size_t count) { return ccrc32_update_by(CCRC32_CLMUL_128, crc, bytes, count); }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

// Nanoseconds of processor time for one call.
static double cost(checksum function, const uint8_t *bytes, size_t count) {
    volatile uint32_t sink = 0;
    long calls = 1;
    for (;; calls *= 2) {
        double start = now();
        for (long call = 0; call < calls; call++) sink ^= function(0, bytes, count);
        double time = now() - start;
        if (time > 5e7) return time / (double)calls;
    }
}

static void *symbol(const char *library, const char *name) {
    void *handle = dlopen(library, RTLD_NOW);
    return handle ? dlsym(handle, name) : NULL;
}

int main(void) {
    *(void **)&zlib_crc32 = symbol("libz.so.1", "crc32");
    *(void **)&libdeflate_crc32 = symbol("libdeflate.so.0", "libdeflate_crc32");
    *(void **)&isal_crc32 = symbol("libisal.so.2", "crc32_gzip_refl");
    const struct { const char *name; checksum function; } contestants[] = {
        {"ours", ccrc32_update},
        {"ours, PCLMULQDQ", ccrc32_has_variant(CCRC32_CLMUL_128) ? by_clmul_128 : NULL},
        {"ours, tables", by_slicing},
        {"zlib", zlib_crc32 ? by_zlib : NULL},
        {"libdeflate", libdeflate_crc32 ? by_libdeflate : NULL},
        {"ISA-L", isal_crc32 ? by_isal : NULL}};
    const size_t sizes[] = {64, 4096, 1 << 20};
    enum { rounds = 5, count = sizeof contestants / sizeof *contestants, size_count = sizeof sizes / sizeof *sizes };
    uint8_t *bytes = malloc(1 << 20);
    for (size_t index = 0; index < 1 << 20; index++) bytes[index] = (uint8_t)(index * 31 + index / 251);
    double best[count][size_count] = {0};
    // In turns, so that what else the machine does meets all of them; the least is what the work costs.
    for (int round = 0; round < rounds; round++)
        for (size_t index = 0; index < count; index++)
            for (size_t size = 0; size < size_count && contestants[index].function; size++) {
                double time = cost(contestants[index].function, bytes, sizes[size]);
                if (round == 0 || time < best[index][size]) best[index][size] = time;
            }
    uint32_t right = ccrc32_update(0, bytes, 1 << 20);
    printf("{");
    for (size_t index = 0, printed = 0; index < count; index++) {
        if (!contestants[index].function) continue;
        if (contestants[index].function(0, bytes, 1 << 20) != right) {
            fprintf(stderr, "%s computes another checksum\n", contestants[index].name);
            return 1;
        }
        printf(
            "%s\"%s\": {\"ns_64_bytes\": %.1f, \"gigabytes_per_second_4_kib\": %.1f, \"gigabytes_per_second_1_mib\": %.1f}",
            printed++ ? ", " : "", contestants[index].name, best[index][0], 4096 / best[index][1], (1 << 20) / best[index][2]);
    }
    puts("}");
    return 0;
}
