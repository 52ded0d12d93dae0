/* One of a hundred writers: the hundredth part of the lines. */
#define LINES 2000
#include "writer.c"
