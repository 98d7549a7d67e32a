#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

void append(struct buffer *buffer, const void *bytes, size_t length) {
    if (buffer->length + length > buffer->capacity) {
        buffer->capacity = (buffer->length + length) * 2;
        buffer->bytes = realloc(buffer->bytes, buffer->capacity);
        if (!buffer->bytes) fail("out of memory");
    }
    memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
}

static void append_byte(struct buffer *buffer, int byte) {
    uint8_t value = (uint8_t)byte;
    append(buffer, &value, 1);
}

static void append_word(struct buffer *buffer, int word) {
    append_byte(buffer, word >> 8);
    append_byte(buffer, word);
}

static void append_string(struct buffer *buffer, const char *text) {
    append_word(buffer, (int)strlen(text));
    append(buffer, text, strlen(text));
}

static void append_header(struct buffer *buffer, int first, size_t length) {
    append_byte(buffer, first);
    do {
        append_byte(buffer, (int)(length & 127) | (length > 127 ? 128 : 0));
        length >>= 7;
    } while (length > 0);
}

void append_connect(struct buffer *buffer, const char *client) {
    const char *user = options.daemon ? "user" : NULL, *password = "password";
    size_t length = 10 + 2 + strlen(client) + (user ? 4 + strlen(user) + strlen(password) : 0);
    append_header(buffer, 0x10, length);
    append_string(buffer, "MQTT");
    append_byte(buffer, 4);
    append_byte(buffer, 2 | (user ? 0xC0 : 0));
    append_word(buffer, 600);
    append_string(buffer, client);
    if (user) {
        append_string(buffer, user);
        append_string(buffer, password);
    }
}

void append_subscribe(struct buffer *buffer, uint16_t packet, const char *filter, int qos) {
    append_header(buffer, 0x82, 2 + 2 + strlen(filter) + 1);
    append_word(buffer, packet);
    append_string(buffer, filter);
    append_byte(buffer, qos);
}

void append_publish_head(struct buffer *buffer, const char *topic, int qos, uint16_t packet, size_t payload) {
    append_header(buffer, 0x30 | qos << 1, 2 + strlen(topic) + (qos > 0 ? 2 : 0) + payload);
    append_string(buffer, topic);
    if (qos > 0) append_word(buffer, packet);
}

void append_puback(struct buffer *buffer, uint16_t packet) {
    append_header(buffer, 0x40, 2);
    append_word(buffer, packet);
}

void append_pingreq(struct buffer *buffer) { append_header(buffer, 0xC0, 0); }

uint32_t crc32_of(const uint8_t *bytes, size_t length) {
    uint32_t crc = 0xFFFFFFFF;
    for (size_t index = 0; index < length; index++) {
        crc ^= bytes[index];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    return ~crc;
}

void append_frame(struct buffer *buffer, const char *payload) {
    uint32_t words[3] = {
        (uint32_t)time(NULL), (uint32_t)strlen(payload), crc32_of((const uint8_t *)payload, strlen(payload))};
    for (int index = 0; index < 3; index++) {
        append_word(buffer, (int)(words[index] >> 16));
        append_word(buffer, (int)(words[index] & 0xFFFF));
    }
    append(buffer, payload, strlen(payload));
}
