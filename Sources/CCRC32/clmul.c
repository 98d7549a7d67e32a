// CRC-32 by carry-less multiplication, after Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
// Instruction" (Intel, 2009).
//
// A register of 128 bits stands for a polynomial. To move it n bits ahead in the message, its two halves are multiplied by
// x^(n+32) and x^(n-32) modulo the CRC's polynomial (both reflected) and added to the 128 bits that stand there. When a
// single register is left, it is a message of 16 bytes with the same CRC as everything before it; its remainder is found by
// Barrett's reduction. Of a message under 64 bytes that takes half as long as the tables.

#include "variants.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define TARGET_128 __attribute__((target("pclmul,sse4.1")))
#define TARGET_512 __attribute__((target("pclmul,sse4.1,avx512f,vpclmulqdq")))

// The multipliers for a distance: first that of the low half.
#define AHEAD_128 0x1751997d0, 0x0ccaa009e
#define AHEAD_512 0x154442bd4, 0x1c6e41596
#define AHEAD_2048 0x11542778a, 0x1322d1430

TARGET_128 static inline __m128i multipliers_128(long long low, long long high) {
    return _mm_set_epi64x(high, low);
}

TARGET_128 static inline __m128i load_128(const uint8_t *bytes) {
    return _mm_loadu_si128((const __m128i *)bytes);
}

TARGET_128 static inline __m128i fold_128(__m128i value, __m128i multipliers, __m128i onto) {
    __m128i low = _mm_clmulepi64_si128(value, multipliers, 0x00);
    __m128i high = _mm_clmulepi64_si128(value, multipliers, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), onto);
}

/// The remainder of 16 bytes: folded to 96 bits, to 64, and then reduced.
TARGET_128 static inline uint32_t reduce(__m128i value) {
    const __m128i ahead = multipliers_128(AHEAD_128);
    const __m128i words = _mm_setr_epi32(~0, 0, ~0, 0);
    const __m128i ahead_32 = multipliers_128(0x163cd6124, 0);
    const __m128i polynomial_and_quotient = multipliers_128(0x1db710641, 0x1f7011641);

    value = _mm_xor_si128(_mm_srli_si128(value, 8), _mm_clmulepi64_si128(value, ahead, 0x10));
    __m128i low = _mm_clmulepi64_si128(_mm_and_si128(value, words), ahead_32, 0x00);
    value = _mm_xor_si128(_mm_srli_si128(value, 4), low);

    __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(value, words), polynomial_and_quotient, 0x10);
    __m128i multiple = _mm_clmulepi64_si128(_mm_and_si128(quotient, words), polynomial_and_quotient, 0x00);
    return (uint32_t)_mm_extract_epi32(_mm_xor_si128(value, multiple), 1);
}

/// Folds what is left 16 bytes at a time, and ends by the tables.
TARGET_128 static inline uint32_t finish(__m128i value, const uint8_t *bytes, size_t count) {
    const __m128i ahead = multipliers_128(AHEAD_128);
    for (; count >= 16; bytes += 16, count -= 16) value = fold_128(value, ahead, load_128(bytes));
    uint32_t state = reduce(value);
    return count > 0 ? ccrc32_slicing(state, bytes, count) : state;
}

TARGET_128 uint32_t ccrc32_clmul_128(uint32_t state, const uint8_t *bytes, size_t count) {
    if (count < 16) return ccrc32_slicing(state, bytes, count);
    __m128i first = _mm_xor_si128(load_128(bytes), _mm_cvtsi32_si128((int)state));
    if (count < 64) return finish(first, bytes + 16, count - 16);

    __m128i lane[4] = {first, load_128(bytes + 16), load_128(bytes + 32), load_128(bytes + 48)};
    bytes += 64, count -= 64;

    const __m128i far = multipliers_128(AHEAD_512);
    for (; count >= 64; bytes += 64, count -= 64) {
        for (int i = 0; i < 4; i++) lane[i] = fold_128(lane[i], far, load_128(bytes + 16 * i));
    }
    const __m128i ahead = multipliers_128(AHEAD_128);
    for (int i = 1; i < 4; i++) lane[i] = fold_128(lane[i - 1], ahead, lane[i]);
    return finish(lane[3], bytes, count);
}

TARGET_512 static inline __m512i multipliers_512(long long low, long long high) {
    return _mm512_set_epi64(high, low, high, low, high, low, high, low);
}

TARGET_512 static inline __m512i load_512(const uint8_t *bytes) {
    return _mm512_loadu_si512(bytes);
}

TARGET_512 static inline __m512i fold_512(__m512i value, __m512i multipliers, __m512i onto) {
    __m512i low = _mm512_clmulepi64_epi128(value, multipliers, 0x00);
    __m512i high = _mm512_clmulepi64_epi128(value, multipliers, 0x11);
    return _mm512_xor_si512(_mm512_xor_si512(low, high), onto);
}

TARGET_512 uint32_t ccrc32_clmul_512(uint32_t state, const uint8_t *bytes, size_t count) {
    if (count < 256) return ccrc32_clmul_128(state, bytes, count);

    __m512i lane[4];
    for (int i = 0; i < 4; i++) lane[i] = load_512(bytes + 64 * i);
    lane[0] = _mm512_xor_si512(lane[0], _mm512_set_epi64(0, 0, 0, 0, 0, 0, 0, state));
    bytes += 256, count -= 256;

    const __m512i far = multipliers_512(AHEAD_2048);
    for (; count >= 256; bytes += 256, count -= 256) {
        for (int i = 0; i < 4; i++) lane[i] = fold_512(lane[i], far, load_512(bytes + 64 * i));
    }
    const __m512i near = multipliers_512(AHEAD_512);
    for (int i = 1; i < 4; i++) lane[i] = fold_512(lane[i - 1], near, lane[i]);
    __m512i value = lane[3];
    for (; count >= 64; bytes += 64, count -= 64) value = fold_512(value, near, load_512(bytes));

    const __m128i ahead = multipliers_128(AHEAD_128);
    __m128i last = _mm512_castsi512_si128(value);
    last = fold_128(last, ahead, _mm512_extracti32x4_epi32(value, 1));
    last = fold_128(last, ahead, _mm512_extracti32x4_epi32(value, 2));
    last = fold_128(last, ahead, _mm512_extracti32x4_epi32(value, 3));
    return finish(last, bytes, count);
}

#endif
