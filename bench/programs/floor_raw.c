/* The floor with logs captured and unchanged: read, write. */
#define RAW
#include "floor_log.c"
