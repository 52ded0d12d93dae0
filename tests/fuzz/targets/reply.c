/* What minipod's own words read of an answer: however it comes, the same; and nothing of it that was not said. */
#include "reply.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

const struct fuzz_word fuzz_words[] = {
    WORD("HTTP/1.1 200 OK\r\n"), WORD("HTTP/1.0 404"), WORD("Content-Length: 10\r\n"), WORD("Minipod-Pod: shop\r\n"),
    WORD("content-length:"), WORD("MINIPOD-POD:"), WORD("\r\n\r\n"), WORD("\r\n"), WORD(": "), WORD("999999999999999999"),
    {NULL, 0},
};
const size_t fuzz_most = 5000;

struct heard { char *bytes; size_t size; struct reply reply; enum reply_progress progress; };

/* As a client does: all that has come, in memory of exactly its size. */
static int hear(void *context, const char *bytes, size_t size)
{
    struct heard *h = context;
    if (h->size + size > REPLY_HEAD)
        size = REPLY_HEAD - h->size;
    char *all = malloc(h->size + size);
    if (h->size)
        memcpy(all, h->bytes, h->size);
    memcpy(all + h->size, bytes, size);
    free(h->bytes);
    h->bytes = all;
    h->size += size;
    h->progress = reply_read(&h->reply, h->bytes, h->size);
    return h->progress == REPLY_MORE;
}

static void claim_said(const struct heard *h)
{
    const struct reply *r = &h->reply;
    size_t name = strlen(r->pod);
    CLAIM(r->head >= 4 && r->head <= h->size && memcmp(h->bytes + r->head - 4, "\r\n\r\n", 4) == 0);
    CLAIM(memmem(h->bytes, r->head - 1, "\r\n\r\n", 4) == NULL);
    CLAIM(r->status >= 100 && r->status < 600);
    CLAIM(r->length == REPLY_NO_LENGTH || r->length < UINT64_C(1000000000000000000));
    CLAIM(name < REPLY_POD && (name == 0 || memmem(h->bytes, r->head, r->pod, name) != NULL));
    for (const char *at = r->pod; *at; at++)
        CLAIM(*at > ' ' && *at != 127);
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    struct heard heard[SPLITS] = {{0}};
    for (enum fuzz_split split = 0; split < SPLITS; split++)
        if (split != SPLIT_BYTES || size <= 512)        /* all of it is read for each piece */
            fuzz_pieces(bytes, size, split, hear, &heard[split]);
        else
            heard[split] = (struct heard){NULL, 0, heard[SPLIT_NOT].reply, heard[SPLIT_NOT].progress};
    CLAIM(heard[SPLIT_NOT].size < REPLY_HEAD || heard[SPLIT_NOT].progress != REPLY_MORE);
    for (enum fuzz_split split = 1; split < SPLITS && size; split++) {
        CLAIM(heard[split].progress == heard[SPLIT_NOT].progress);
        if (heard[SPLIT_NOT].progress == REPLY_DONE)
            CLAIM(memcmp(&heard[split].reply, &heard[SPLIT_NOT].reply, sizeof(struct reply)) == 0);
    }
    if (heard[SPLIT_NOT].progress == REPLY_DONE)
        claim_said(&heard[SPLIT_NOT]);
    for (enum fuzz_split split = 0; split < SPLITS; split++)
        free(heard[split].bytes);
}
