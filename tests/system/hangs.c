/* Writes from a page that nobody ever brings in, into what its stdout is: as one does whose file is on a disk that
 * hangs. It says so on descriptor 3 when it is about to; 77: such a page cannot be had here.
 */

#define _GNU_SOURCE
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, CANNOT = 77 };

int main(void)
{
    struct uffdio_api api = {.api = UFFD_API};
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct uffdio_register all = {.range = {(unsigned long)page, PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    long fd = syscall(SYS_userfaultfd, 0);
    signal(SIGHUP, SIG_IGN);
    if (fd < 0 || ioctl((int)fd, UFFDIO_API, &api) < 0 || ioctl((int)fd, UFFDIO_REGISTER, &all) < 0)
        return CANNOT;
    if (write(3, "x", 1) != 1)
        return 1;
    return write(1, page, 1) != 1;
}
