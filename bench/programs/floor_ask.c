/* `floor_ask SOCKET`: the least that a command can do which asks a pod how it is: one connection, one question, the
 * answer to its end. It looks for nothing, and understands only "200". */
#include "bare.h"
#include <linux/un.h>

#define QUESTION "GET /healthz HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n"
#define DIGITS 9        /* behind "HTTP/1.1 " */

void main_bare(long *stack)
{
    char answer[4096];
    struct sockaddr_un to = {.sun_family = 1};
    char *path = arguments(stack)[1];
    long fd = CALL3(socket, 1, 1, 0), size = 0, n;
    for (unsigned i = 0; path[i] && i < sizeof to.sun_path - 1; i++)
        to.sun_path[i] = path[i];
    if (CALL3(connect, fd, &to, sizeof to) < 0)
        leave(1);
    CALL3(write, fd, QUESTION, sizeof QUESTION - 1);
    while ((n = CALL3(read, fd, answer + size, sizeof answer - (unsigned long)size)) > 0)
        size += n;
    leave(size > DIGITS && answer[DIGITS] == '2' ? 0 : 1);
}
