/* Numbers from words. */
#ifndef NUMBER_H
#define NUMBER_H

static inline long number(const char *digits)
{
    long value = 0;
    while (*digits)
        value = value * 10 + (*digits++ - '0');
    return value;
}

#endif
