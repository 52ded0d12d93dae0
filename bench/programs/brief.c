/* A service that ends with 0 at once. */
#include "bare.h"

void main_bare(long *stack)
{
    (void)stack;
    leave(0);
}
