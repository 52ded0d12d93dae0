/* See fact.h. Addresses: the kernel's list of interfaces, and /proc/net/if_inet6; limits: our own cgroup and all above
 * it that we see, else the machine's. It must never trust a figure: what cannot be read as one is none.
 */
#include "fact.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "core.h"
#include "say.h"

enum { TEXT_ROOM = 4096, PATH_ROOM = 4200, INTERFACES = 64, GROUPS = 8 };

/* A whole small file. The length; 0 for one that cannot be read. */
static size_t read_text(const char *path, char text[TEXT_ROOM])
{
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK, 0);
    int64_t size = fd < 0 ? 0 : sys_read(fd, text, TEXT_ROOM - 1);
    if (fd >= 0)
        sys_close(fd);
    size = size < 0 ? 0 : size;
    text[size] = 0;
    return (size_t)size;
}

/* --- addresses --- */

static size_t find_v4(char *out, size_t room)
{
    struct ifreq found[INTERFACES];
    struct ifconf list = {.ifc_len = sizeof found, .ifc_req = found};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result = fd < 0 ? -1 : ioctl(fd, SIOCGIFCONF, &list);
    if (fd >= 0)
        close(fd);
    for (size_t i = 0; result == 0 && i < (size_t)list.ifc_len / sizeof *found; i++) {
        uint8_t b[4];
        memcpy(b, &((const struct sockaddr_in *)(const void *)&found[i].ifr_addr)->sin_addr, sizeof b);
        if (found[i].ifr_addr.sa_family == AF_INET && b[0] != 127 && b[0] != 0)
            return say_format(out, room, "%u.%u.%u.%u", (unsigned)b[0], (unsigned)b[1], (unsigned)b[2], (unsigned)b[3]);
    }
    return 0;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "fe80…" of 32 figures: 0 if they are none. */
static int read_groups(const char *text, unsigned groups[GROUPS])
{
    for (int i = 0; i < 4 * GROUPS; i++) {
        if (digit(text[i]) < 0)
            return 0;
        groups[i / 4] = (i % 4 ? groups[i / 4] << 4 : 0) | (unsigned)digit(text[i]);
    }
    return 1;
}

/* The longest run of groups that are 0, if it is longer than one: what :: stands for (RFC 5952). */
static int find_zeros(const unsigned groups[GROUPS], int *size)
{
    int begin = -1;
    *size = 1;
    for (int i = 0, run = 0; i < GROUPS; i++) {
        run = groups[i] ? 0 : run + 1;
        if (run > *size) {
            *size = run;
            begin = i + 1 - run;
        }
    }
    return begin;
}

static size_t put_hex(char *out, unsigned number)
{
    size_t size = 0;
    for (int shift = 12; shift >= 0; shift -= 4)
        if (number >> shift || shift == 0)
            out[size++] = "0123456789abcdef"[number >> shift & 15];
    return size;
}

/* At most 39 characters. */
static size_t write_v6(const unsigned groups[GROUPS], char *out)
{
    int zeros, begin = find_zeros(groups, &zeros);
    size_t size = 0;
    for (int i = 0; i < GROUPS; i++) {
        if (i == begin) {
            out[size++] = ':';
            out[size++] = ':';
            i += zeros - 1;
            continue;
        }
        if (i > 0 && i != begin + zeros)
            out[size++] = ':';
        size += put_hex(out + size, groups[i]);
    }
    return size;
}

/* Lines are "address interface prefix scope flags name"; scope 00 is global. */
static size_t find_v6(char *out)
{
    enum { SCOPE_AT = 39, LINE_LEAST = 42 };
    char text[TEXT_ROOM];
    unsigned groups[GROUPS];
    read_text("/proc/net/if_inet6", text);
    for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
        if (end - line > LINE_LEAST && memcmp(line + SCOPE_AT, "00", 2) == 0 && read_groups(line, groups))
            return write_v6(groups, out);
    return 0;
}

size_t fact_address(char out[FACT_ADDRESS_ROOM], int all)
{
    size_t v4 = find_v4(out, FACT_ADDRESS_ROOM / 2), size = v4;
    if (v4 && all)
        out[size++] = ',';
    size_t v6 = v4 && !all ? 0 : find_v6(out + size);
    size = v6 ? size + v6 : v4;
    if (size == 0)
        size = say_format(out, FACT_ADDRESS_ROOM - 1, "127.0.0.1");
    out[size] = 0;
    return size;
}

/* --- limits --- */

/* 0 for "max", and for what is no figure. */
static uint64_t read_number(const char *text)
{
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9'; text++)
        number = number > UINT64_MAX / 10 - 1 ? UINT64_MAX : number * 10 + (uint64_t)(*text - '0');
    return number;
}

struct group { int is_v1; const char *path; size_t size; };

/* Where our cgroup is, by what tells of its memory. */
static struct group find_group(char text[TEXT_ROOM])
{
    struct group group = {0, "", 0};
    size_t size = read_text("/proc/self/cgroup", text);
    if (!oom_find(text, size, &group.is_v1, &group.path, &group.size))
        group.path = "";
    return group;
}

static size_t read_of(const struct group *group, const char *controller, size_t size, const char *file, char *text)
{
    char path[PATH_ROOM];
    size_t fill = say_format(path, sizeof path, "/sys/fs/cgroup%s", group->is_v1 ? controller : "");
    if (fill + size + strlen(file) >= sizeof path)
        return 0;
    memcpy(path + fill, group->path, size);
    strcpy(path + fill + size, file);
    return read_text(path, text);
}

typedef uint64_t limit_reader(const struct group *, size_t size);

/* The least of our own and all above it: a container without a cgroup namespace has its own where the mount begins. */
static uint64_t least(limit_reader *read, uint64_t most)
{
    char text[TEXT_ROOM];
    struct group group = find_group(text);
    for (size_t size = group.size;; size--) {
        int is_end = size == group.size || group.path[size] == '/' || size == 0;
        uint64_t limit = is_end ? read(&group, size) : 0;
        if (limit > 0 && limit < most)
            most = limit;
        if (size == 0)
            return most;
    }
}

static uint64_t read_memory(const struct group *group, size_t size)
{
    char text[TEXT_ROOM];
    read_of(group, "/memory", size, group->is_v1 ? "/memory.limit_in_bytes" : "/memory.max", text);
    return read_number(text);
}

static uint64_t thousandths(uint64_t quota, uint64_t period)
{
    return period == 0 || quota > UINT64_MAX / 2000 ? 0 : (quota * 1000 + period - 1) / period;
}

/* "quota period", in us; "max" for none. */
static uint64_t read_cpu(const struct group *group, size_t size)
{
    char quota[TEXT_ROOM], period[TEXT_ROOM];
    if (!group->is_v1) {
        const char *gap = read_of(group, "", size, "/cpu.max", quota) ? strchr(quota, ' ') : NULL;
        return gap ? thousandths(read_number(quota), read_number(gap + 1)) : 0;
    }
    read_of(group, "/cpu", size, "/cpu.cfs_quota_us", quota);
    read_of(group, "/cpu", size, "/cpu.cfs_period_us", period);
    return thousandths(read_number(quota), read_number(period));
}

uint64_t fact_cpu(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return least(read_cpu, 1000 * (uint64_t)(count > 0 ? count : 1));
}

uint64_t fact_memory(void)
{
    struct sysinfo info = {0};
    uint64_t most = sysinfo(&info) < 0 ? 0 : (uint64_t)info.totalram * info.mem_unit;
    return least(read_memory, most ? most : UINT64_MAX);
}

uint64_t fact_storage(void)
{
    struct statvfs about = {0};
    return statvfs("/", &about) < 0 ? 0 : (uint64_t)about.f_blocks * about.f_frsize;
}
