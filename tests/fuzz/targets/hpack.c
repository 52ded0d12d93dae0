/* Headers of HTTP/2, without the frames around them. A block that is whole leaves nothing behind: what follows it
 * reads as it would alone. */
#include "hpack.h"

#include <string.h>

#include "fuzz.h"

const struct fuzz_word fuzz_words[] = {
    WORD("\x88"), WORD("\x48\3" "200"), WORD("\0\7:status\3" "200"), WORD("\0\x85\xb8\x84\x8d\x36\xa3\x82\x10\1"),
    WORD("\x40\x0bgrpc-status\1" "0"), WORD("\0\x88\x9a\xca\xc8\xb2\x12\x34\xda\x8f\x81\7"), WORD("\x3f\xe1\x1f"),
    WORD("\x7f\x80\x80\x80\x80\1"), WORD("\0\x7f\0"), WORD("\x1f\0"), {NULL, 0},
};
const size_t fuzz_most = 1024;

static int take(struct hpack *h, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!hpack_take(h, (unsigned char)bytes[i]))
            return 0;
    return 1;
}

static void claim_reads(struct hpack h, const char *bytes, size_t size, int is_ok, int grpc_ok)
{
    CLAIM(take(&h, bytes, size) && hpack_is_whole(&h));
    CLAIM(h.is_ok == is_ok && h.grpc_ok == grpc_ok);
}
#define CLAIM_READS(h, text, is_ok, grpc_ok) claim_reads(h, text, sizeof text - 1, is_ok, grpc_ok)

void fuzz_one(const uint8_t *bytes, size_t size)
{
    struct hpack h = {0};
    if (!take(&h, (const char *)bytes, size))
        return;
    CLAIM(h.is_ok <= 1 && h.grpc_ok <= 1);
    if (!hpack_is_whole(&h))
        return;
    CLAIM_READS(h, "\x88", 1, h.grpc_ok);
    CLAIM_READS(h, "\x89", 0, h.grpc_ok);
    CLAIM_READS(h, "\x48\3" "200", 1, h.grpc_ok);
    CLAIM_READS(h, "\x08\3" "20\0", 0, h.grpc_ok);
    CLAIM_READS(h, "\0\7:status\x82\x10\1", 1, h.grpc_ok);
    CLAIM_READS(h, "\0\x0bgrpc-status\1" "0", h.is_ok, 1);
    CLAIM_READS(h, "\x10\x88\x9a\xca\xc8\xb2\x12\x34\xda\x8f\x81\7", h.is_ok, 1);
    CLAIM_READS(h, "\0\x0bgrpc-status\2" "00", h.is_ok, 0);
    CLAIM_READS(h, "\0\x0cgrpc-statuss\1" "0", h.is_ok, h.grpc_ok);
}
