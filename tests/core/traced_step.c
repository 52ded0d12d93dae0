/* step.c with its witness: every cell that is looked up is told. */
#include "trace.h"

#include "step.c"
