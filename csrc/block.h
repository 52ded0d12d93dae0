/* Bytes by blocks of sixteen, as the machine's registers have them: what is done to every byte of every log line.
 * Sources and targets must go on for BLOCK bytes behind what is named; those bytes are read, and overwritten, but mean
 * nothing.
 */
#ifndef BLOCK_H
#define BLOCK_H

#include <stdint.h>
#include <string.h>

enum { BLOCK = 16 };
typedef uint8_t block_bytes __attribute__((vector_size(BLOCK)));
typedef uint64_t block_words __attribute__((vector_size(BLOCK)));

static inline block_bytes block_load(const char *from)
{
    block_bytes block;
    memcpy(&block, from, BLOCK);
    return block;
}

static inline void block_copy(char *to, const char *from, uint32_t size)
{
    for (uint32_t i = 0; i < size; i += BLOCK)
        memcpy(to + i, from + i, BLOCK);
}

/* Each byte 255 where a newline is. */
static inline block_bytes block_newlines(block_bytes block) { return (block_bytes)(block == (uint8_t)'\n'); }

/* Copies up to the first newline of from[0..most); returns how many bytes, that one included; 0: there is none, and
 * most bytes were copied. */
static inline uint32_t block_copy_line(char *to, const char *from, uint32_t most)
{
    for (uint32_t i = 0; i < most; i += BLOCK) {
        block_bytes block = block_load(from + i);
        memcpy(to + i, &block, BLOCK);
        block_words found = (block_words)block_newlines(block);
        if (!(found[0] | found[1]))
            continue;
        while (from[i] != '\n')
            i++;
        return i < most ? i + 1 : 0;
    }
    return 0;
}

static inline uint32_t block_count_newlines(const char *from, uint32_t size)
{
    enum { ROUND = 255 };       /* blocks whose counts fit into a byte each */
    uint32_t count = 0, i = 0;
    while (size - i >= BLOCK) {
        block_bytes counts = {0};
        for (int left = ROUND; left > 0 && size - i >= BLOCK; left--, i += BLOCK)
            counts -= block_newlines(block_load(from + i));
        for (int at = 0; at < BLOCK; at++)
            count += counts[at];
    }
    for (; i < size; i++)
        count += from[i] == '\n';
    return count;
}

#endif
