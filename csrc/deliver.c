/* Bodies to bytes on the wire: head, chunks, and what the socket takes at once. A piece lies in its client's room, its
 * frame written around it, so that most answers are one call. It must never wait, and never ask what it delivers.
 */

#include <errno.h>
#include <string.h>

#include "control.h"
#include "core.h"
#include "say.h"

enum { HEAD_ROOM = 1024, CHUNK_HEAD = 16, CHUNK_TAIL = 16 };
_Static_assert(ANSWER_ROOM - HEAD_ROOM - CHUNK_TAIL >= BODY_ROOM, "a body finds what it was promised");

static const char *phrase(unsigned status)
{
    switch (status) {
    case 200: return "OK";
    case 202: return "Accepted";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 422: return "Unprocessable Content";
    case 431: return "Request Header Fields Too Large";
    default: return "Service Unavailable";
    }
}

/* length: of the whole body when it is known, else UINT64_MAX. A pod is named in every answer, so that whoever finds
 * several sockets knows whose this one is. */
static size_t write_head(const struct core *c, const struct client *cl, uint64_t length, char *out)
{
    const struct body *b = &cl->body;
    size_t size = say_format(out, HEAD_ROOM, "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nMinipod-Pod: %s\r\n",
                             (unsigned)b->status, phrase(b->status), b->type, plan_text(&c->plan, c->plan.pod->name));
    size += say_format(out + size, HEAD_ROOM - size, "Cache-Control: no-store\r\nConnection: close\r\n");
    if (b->allow)
        size += say_format(out + size, HEAD_ROOM - size, "Allow: %s\r\n", b->allow);
    if (length != UINT64_MAX)
        size += say_format(out + size, HEAD_ROOM - size, "Content-Length: %lu\r\n", length);
    else if (cl->in_chunks)
        size += say_format(out + size, HEAD_ROOM - size, "Transfer-Encoding: chunked\r\n");
    return size + say_format(out + size, HEAD_ROOM - size, "\r\n");
}

static void put_before(struct client *cl, char *piece, const char *text, size_t size)
{
    cl->sent -= (uint32_t)size;
    memcpy(piece + cl->sent, text, size);
}

static void put_behind(struct client *cl, char *piece, const char *text)
{
    size_t size = strlen(text);
    memcpy(piece + cl->fill, text, size);
    cl->fill += (uint32_t)size;
}

static void frame_chunk(struct client *cl, char *piece)
{
    static const char hex[] = "0123456789abcdef";
    char line[CHUNK_HEAD] = "\r\n", *at = line + sizeof line;
    uint32_t size = cl->fill - cl->sent;
    *--at = '\n';
    *--at = '\r';
    for (uint32_t left = size; left; left >>= 4)
        *--at = hex[left & 15];
    if (size) {
        put_before(cl, piece, at, (size_t)(line + sizeof line - at));
        put_behind(cl, piece, "\r\n");
    }
    if (cl->flow == FLOW_END)
        put_behind(cl, piece, "0\r\n\r\n");
}

static void frame_first(const struct core *c, struct client *cl, char *piece)
{
    char head[HEAD_ROOM];
    uint32_t size = cl->fill - cl->sent;
    int is_whole = cl->flow == FLOW_END, is_bare = cl->request.method == METHOD_HEAD;
    cl->in_chunks = !is_whole && cl->request.minor > 0;
    if (is_bare) {
        cl->fill = cl->sent;
        cl->flow = FLOW_END;
    } else if (cl->in_chunks) {
        frame_chunk(cl, piece);
    }
    put_before(cl, piece, head, write_head(c, cl, is_whole ? size : UINT64_MAX, head));
    cl->has_head = 1;
}

void deliver_compose(struct core *c, struct client *cl)
{
    char *piece = c->control.pieces + (size_t)control_slot(c, cl) * ANSWER_ROOM;
    size_t before = cl->has_head ? CHUNK_HEAD : HEAD_ROOM;
    struct json *j = &cl->json;
    if (!cl->has_head)
        json_start(j, NULL, 0);
    j->out = piece + before;
    j->room = ANSWER_ROOM - before - CHUNK_TAIL;
    j->size = 0;
    cl->flow = (uint8_t)cl->body.write(c, cl, j);
    cl->sent = (uint32_t)before;
    cl->fill = cl->sent + (uint32_t)j->size;
    if (!cl->has_head)
        frame_first(c, cl, piece);
    else if (cl->in_chunks)
        frame_chunk(cl, piece);
}

enum delivery deliver_send(struct core *c, struct client *cl)
{
    const char *piece = c->control.pieces + (size_t)control_slot(c, cl) * ANSWER_ROOM;
    while (cl->sent < cl->fill) {
        int64_t n = sys_send_nowait(cl->fd, piece + cl->sent, cl->fill - cl->sent);
        if (n == -EINTR)
            continue;
        if (n == -EAGAIN)
            return DELIVERY_BLOCKED;
        if (n < 0)
            return DELIVERY_FAILED;
        cl->sent += (uint32_t)n;
    }
    return DELIVERED;
}
