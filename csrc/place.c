/* Places of the control socket: see place.h. It must never open, make or change anything. */

#include "place.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "say.h"

enum { PATH_ROOM = sizeof ((struct sockaddr_un *)0)->sun_path, AFTER_ROOM = 24 };

/* An abstract name has no NUL behind it, a path has. */
int place_at(struct place *p, const char *text)
{
    size_t size = strlen(text), is_abstract = *text == '@';
    memset(p, 0, sizeof *p);
    p->address.sun_family = AF_UNIX;
    if (size <= is_abstract || size >= PATH_ROOM + is_abstract)
        return 0;
    memcpy(p->address.sun_path + is_abstract, text + is_abstract, size - is_abstract);
    p->size = (uint32_t)(offsetof(struct sockaddr_un, sun_path) + size + !is_abstract);
    return 1;
}

const char *place_text(const struct place *p, char out[PLACE_TEXT])
{
    size_t size = p->size - offsetof(struct sockaddr_un, sun_path);
    memcpy(out, p->address.sun_path, size);
    out[size] = 0;
    if (place_is_abstract(p))
        out[0] = '@';
    return out;
}

int place_folder(unsigned n, char *out, size_t room)
{
    const char *above = n == 0 ? "/run" : getenv("XDG_RUNTIME_DIR");
    if (n >= PLACE_FOLDERS || !above || *above != '/' || strlen(above) + sizeof "/minipod" > room)
        return 0;
    out[say_format(out, room - 1, "%s/minipod", above)] = 0;
    return 1;
}

int place_is_trusted(const char *folder)
{
    struct stat st;
    return lstat(folder, &st) == 0 && S_ISDIR(st.st_mode) && (st.st_uid == 0 || st.st_uid == geteuid());
}

const char *place_prefix(uint64_t pid_namespace, char out[PLACE_PREFIX])
{
    out[say_format(out, PLACE_PREFIX - 1, "minipod/%lu/", pid_namespace)] = 0;
    return out;
}

static int write_before(unsigned n, uint64_t pid_namespace, char *out, size_t room)
{
    char prefix[PLACE_PREFIX];
    if (n < PLACE_FOLDERS && !place_folder(n, out, room - 1))
        return 0;
    if (n < PLACE_FOLDERS)
        strcat(out, "/");
    else
        out[say_format(out, room - 1, "@%s", place_prefix(pid_namespace, prefix))] = 0;
    return 1;
}

/* The pod's name gives way where it is too long. */
int place_ranked(struct place *p, unsigned rank, const char *pod, int32_t pid, uint64_t pid_namespace)
{
    char text[PLACE_TEXT], after[AFTER_ROOM];
    size_t size = strlen(pod), after_size = 0, before_size;
    unsigned n = rank / 2;
    if (rank >= PLACE_RANKS || !write_before(n, pid_namespace, text, PATH_ROOM - AFTER_ROOM))
        return 0;
    if (rank % 2)
        after_size = say_format(after, sizeof after, "-%d", (int)pid);
    after_size += say_format(after + after_size, sizeof after - after_size, "%s", n < PLACE_FOLDERS ? ".sock" : "");
    before_size = strlen(text);
    if (size > PATH_ROOM - 1 - before_size - after_size)
        size = PATH_ROOM - 1 - before_size - after_size;
    memcpy(text + before_size, pod, size);
    memcpy(text + before_size + size, after, after_size);
    text[before_size + size + after_size] = 0;
    return place_at(p, text);
}
