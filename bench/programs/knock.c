/* `knock WHO PORT`: an exec probe that leaves its mark on the target, and ends well if it could. */
#include "dial.h"
#include "number.h"

void main_bare(long *stack)
{
    char **argv = arguments(stack);
    struct sockaddr_in to = address_of((uint32_t)number(argv[1]), (uint16_t)number(argv[2]));
    leave(CALL3(connect, open_stream(0), &to, sizeof to) == 0 ? 0 : 1);
}
