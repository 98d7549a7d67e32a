#include "variants.h"

enum { slices = 16 };

// tables[n][b]: what the byte b does to the register when n more bytes follow it.
static uint32_t tables[slices][256];

void ccrc32_build_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t crc = byte;
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1)));
        tables[0][byte] = crc;
    }
    for (int slice = 1; slice < slices; slice++) {
        for (int byte = 0; byte < 256; byte++) {
            uint32_t crc = tables[slice - 1][byte];
            tables[slice][byte] = (crc >> 8) ^ tables[0][crc & 0xFF];
        }
    }
}

// Byte by byte in the source, one load where the processor is little-endian.
static uint32_t word(const uint8_t *bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t look_up(uint32_t word, int slice) {
    return tables[slice + 3][word & 0xFF] ^ tables[slice + 2][word >> 8 & 0xFF]
        ^ tables[slice + 1][word >> 16 & 0xFF] ^ tables[slice][word >> 24];
}

uint32_t ccrc32_slicing(uint32_t state, const uint8_t *bytes, size_t count) {
    for (; count >= slices; bytes += slices, count -= slices) {
        state = look_up(word(bytes) ^ state, 12) ^ look_up(word(bytes + 4), 8)
            ^ look_up(word(bytes + 8), 4) ^ look_up(word(bytes + 12), 0);
    }
    for (; count > 0; bytes++, count--) state = (state >> 8) ^ tables[0][(state ^ *bytes) & 0xFF];
    return state;
}
