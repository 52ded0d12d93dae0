/* What a target and the engine have of each other. A target is one file: what the bytes are given to, and what must be
 * so afterwards, whatever they were. It must never keep anything from one input to the next, nor ask the time or for
 * chance. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Words that chance would not find, the last one without bytes. */
struct fuzz_word { const char *bytes; size_t size; };
#define WORD(text) {text, sizeof text - 1}

extern const struct fuzz_word fuzz_words[];
extern const size_t fuzz_most;          /* bytes of the longest input */

/* A target whose input is mostly numbers says where one stands: a place below size, from any number. */
__attribute__((weak)) size_t fuzz_place(const uint8_t *bytes, size_t size, uint64_t number);

/* One input, in memory of exactly its size. */
void fuzz_one(const uint8_t *bytes, size_t size);

/* Ends the program with what was broken and the input that broke it. */
_Noreturn void fuzz_fail(const char *what, const char *file, int line);
#define CLAIM(holds) ((holds) ? (void)0 : fuzz_fail(#holds, __FILE__, __LINE__))

/* For choices that a target makes: the same for the same input. */
static inline uint32_t fuzz_hash(const uint8_t *bytes, size_t size)
{
    uint32_t hash = UINT32_C(0x811c9dc5);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * UINT32_C(0x01000193);
    return hash ^ hash >> 15;
}

/* Calls once for each piece of the bytes: all at once, one by one, or in pieces of many sizes. Pieces lie in memory of
 * exactly their size. Ends when the call returns 0. */
enum fuzz_split { SPLIT_NOT, SPLIT_BYTES, SPLIT_PIECES, SPLITS };
void fuzz_pieces(const uint8_t *bytes, size_t size, enum fuzz_split,
                 int (*take)(void *context, const char *bytes, size_t size), void *context);

/* A copy of so many bytes with a NUL behind, in memory of exactly that size; the caller's to free. */
char *fuzz_text(const uint8_t *bytes, size_t size);

#endif
