/* The board: a small shared file on which the programs under test write moments and the harness reads them (board.py).
 * Found by BENCH_BOARD; whoever posts the last awaited value rings BENCH_BELL, a fifo. All moments are CLOCK_MONOTONIC ns. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#define BOARD_SLOTS 1024

struct board {
    uint64_t begun;   /* just before exec of PID 1 */
    uint64_t ended;   /* PID 1 was reaped: nothing of its namespace is left */
    uint64_t pid1;    /* as the harness sees it */
    uint64_t target;  /* ring at so many posts */
    uint64_t claimed;
    uint64_t posted;
    uint64_t slots[BOARD_SLOTS];
};

#ifdef BARE_H
static inline char *find_variable(char **environment, const char *prefix)
{
    for (; *environment; environment++) {
        const char *want = prefix;
        char *have = *environment;
        while (*want && *want == *have)
            want++, have++;
        if (!*want)
            return have;
    }
    leave(111);
}

static inline struct board *board_open(char **environment)
{
    long fd = CALL4(openat, AT_FDCWD, find_variable(environment, "BENCH_BOARD="), O_RDWR | O_CLOEXEC, 0);
    long at = CALL6(mmap, 0, sizeof(struct board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || at < 0)
        leave(111);
    CALL1(close, fd);
    return (struct board *)at;
}

static inline void board_ring(char **environment)
{
    long fd = CALL4(openat, AT_FDCWD, find_variable(environment, "BENCH_BELL="), O_WRONLY | O_NONBLOCK | O_CLOEXEC, 0);
    CALL3(write, fd, "!", 1);
    CALL1(close, fd);
}

/* The value is in its slot before it counts as posted, so that the bell never rings early. */
static inline void board_post(struct board *board, char **environment, uint64_t value)
{
    uint64_t slot = __atomic_fetch_add(&board->claimed, 1, __ATOMIC_SEQ_CST);
    if (slot < BOARD_SLOTS)
        board->slots[slot] = value;
    if (__atomic_add_fetch(&board->posted, 1, __ATOMIC_SEQ_CST) == __atomic_load_n(&board->target, __ATOMIC_SEQ_CST))
        board_ring(environment);
}
#endif
#endif
