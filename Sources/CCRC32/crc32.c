#include "CCRC32.h"
#include "variants.h"

typedef uint32_t (*update_function)(uint32_t state, const uint8_t *bytes, size_t count);

static update_function fastest = ccrc32_slicing;

static update_function function_of(ccrc32_variant variant) {
    switch (variant) {
#if defined(__x86_64__)
    case CCRC32_CLMUL_512: return ccrc32_clmul_512;
    case CCRC32_CLMUL_128: return ccrc32_clmul_128;
#endif
    default: return ccrc32_slicing;
    }
}

bool ccrc32_has_variant(ccrc32_variant variant) {
    switch (variant) {
    case CCRC32_SLICING: return true;
#if defined(__x86_64__)
    case CCRC32_CLMUL_128:
        return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
    case CCRC32_CLMUL_512:
        return ccrc32_has_variant(CCRC32_CLMUL_128) && __builtin_cpu_supports("avx512f")
            && __builtin_cpu_supports("vpclmulqdq");
#endif
    default: return false;
    }
}

// Before main, so that no call pays for a check and no two threads choose at once.
__attribute__((constructor)) static void choose(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
#endif
    ccrc32_build_tables();
    for (ccrc32_variant variant = CCRC32_SLICING; variant <= CCRC32_CLMUL_512; variant++) {
        if (ccrc32_has_variant(variant)) fastest = function_of(variant);
    }
}

uint32_t ccrc32_update(uint32_t crc, const void *bytes, size_t count) {
    return ~fastest(~crc, bytes, count);
}

uint32_t ccrc32_update_by(ccrc32_variant variant, uint32_t crc, const void *bytes, size_t count) {
    return ~function_of(variant)(~crc, bytes, count);
}
