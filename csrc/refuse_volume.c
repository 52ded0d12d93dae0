/* Examines volumes, what is in them, where units see them, and what goes into /etc/hosts. It must never let a path pass
 * that leads out of its volume: what is made and removed by it follows no ".." (volume*.c).
 */
#include <string.h>

#include "policy_tables.h"
#include "refuse.h"

#define ALL_MODES 07777
#define MAX_PATH 4095           /* what the kernel takes, bytes */
#define MAX_VOLUMES 4096
#define MAX_HOSTNAME 64         /* what the kernel takes, bytes */

/* Whether a part of the path is "..". */
static int climbs(const char *path)
{
    for (const char *at = path; at; at = strchr(at, '/'), at += at != NULL)
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return 1;
    return 0;
}

static int path_holds(struct check *check, struct plan_string string, int is_absolute)
{
    if (!refuse_text_holds(check, string) || string.size > MAX_PATH)
        return 0;
    const char *path = plan_text(&check->plan, string);
    return (*path == '/') == is_absolute && !climbs(path);
}

/* --- volumes ---------------------------------------------------------------------------------------------------- */

/* It is the name of a directory, and one that begins with a dot is ours. */
static int name_holds(struct check *check, struct plan_string string)
{
    if (!refuse_text_holds(check, string) || string.size == 0 || string.size > PLAN_MAX_NAME)
        return 0;
    const char *name = plan_text(&check->plan, string);
    return *name != '.' && strchr(name, '/') == NULL;
}

static int volume_path_holds(struct check *check, const struct plan_volume *volume)
{
    if (volume->kind == VOLUME_KIND_HOST_PATH)
        return path_holds(check, volume->path, 1);
    return refuse_text_holds(check, volume->path) && volume->path.size == 0;
}

static int volume_zeros_hold(const struct plan_volume *volume)
{
    static const uint8_t zero[sizeof volume->zero];
    return memcmp(volume->zero, zero, sizeof zero) == 0;
}

static const char *refuse_volume(struct check *check, const struct plan_volume *volume)
{
    const struct claim claims[] = {
        {volume->kind < VOLUME_KIND_COUNT, "a volume has an unknown kind"},
        {name_holds(check, volume->name), "a volume's name is none for a directory"},
        {volume_path_holds(check, volume), "a volume's path is none, or leads through .."},
        {volume->files.count == 0 || volume->kind == VOLUME_KIND_FILES, "a volume has files that is none of files"},
        {volume->check < PATH_CHECK_COUNT, "a volume's path is checked for something unknown"},
        {volume->in_memory <= 1, "a volume's in_memory is neither 0 nor 1"},
        {volume->mode <= ALL_MODES, "a volume has a mode above 07777"},
        {volume_zeros_hold(volume), "a volume has something in an unused field"},
    };
    return REFUSE_FIRST(claims);
}

/* A copy's path is text; a secret lies among the others. */
static int content_holds(struct check *check, const struct plan_file *file)
{
    if (file->is_secret && !file->is_copy)
        return file->content.at <= check->plan.secret_size &&
               file->content.size <= check->plan.secret_size - file->content.at;
    return file->is_copy ? path_holds(check, file->content, 1) : refuse_bytes_hold(check, file->content);
}

static const char *refuse_file(struct check *check, const struct plan_file *file)
{
    const struct claim claims[] = {
        {path_holds(check, file->path, 0), "a file's path leads out of its volume"},
        {file->path.size > 0 || file->is_copy, "a file of a volume has no path"},
        {file->is_copy <= 1, "a file's is_copy is neither 0 nor 1"},
        {file->is_optional <= 1, "a file's is_optional is neither 0 nor 1"},
        {file->is_secret <= 1, "a file's is_secret is neither 0 nor 1"},
        {content_holds(check, file), "a file's content is not in it"},
        {file->mode <= ALL_MODES, "a file has a mode above 07777"},
        {file->zero == 0, "a file has something in an unused field"},
    };
    return REFUSE_FIRST(claims);
}

/* The volumes' runs follow each other and hold every file once. */
static const char *refuse_each_volume(struct check *check)
{
    const struct plan *plan = &check->plan;
    const char *why = NULL;
    uint32_t next = 0;
    for (uint32_t i = 0; i < plan->volume_count && why == NULL; i++) {
        struct plan_run run = plan->volumes[i].files;
        why = refuse_volume(check, &plan->volumes[i]);
        if (why == NULL && (run.first != next || !refuse_run_holds(run, plan->file_count)))
            why = "a volume's files are not those that follow";
        next += run.count;
    }
    for (uint32_t i = 0; i < plan->file_count && why == NULL; i++)
        why = refuse_file(check, &plan->files[i]);
    if (why == NULL && next != plan->file_count)
        return "a file belongs to no volume";
    return why;
}

/* --- mounts ----------------------------------------------------------------------------------------------------- */

static const char *refuse_mount(struct check *check, const struct plan_mount *mount)
{
    const struct claim claims[] = {
        {mount->volume < check->plan.volume_count, "a unit sees a volume that is not there"},
        {path_holds(check, mount->path, 1) && mount->path.size > 1, "a volume is seen where none can be"},
        {path_holds(check, mount->sub_path, 0), "a part of a volume leads out of it"},
        {mount->read_only <= 1, "a mount's read_only is neither 0 nor 1"},
        {mount->expands <= 1, "a mount's expands is neither 0 nor 1"},
        {mount->zero[0] == 0 && mount->zero[1] == 0, "a mount has something in an unused field"},
    };
    return REFUSE_FIRST(claims);
}

static const char *refuse_mounts(struct check *check)
{
    const struct plan *plan = &check->plan;
    const char *why = NULL;
    uint32_t next = 0;
    for (uint32_t i = 0; i < plan->unit_count; i++) {
        struct plan_run run = plan->units[i].mounts;
        if (run.first != next || !refuse_run_holds(run, plan->mount_count))
            return "a unit's mounts are not those that follow";
        next += run.count;
    }
    for (uint32_t i = 0; i < plan->mount_count && why == NULL; i++)
        why = refuse_mount(check, &plan->mounts[i]);
    if (why == NULL && next != plan->mount_count)
        return "a mount belongs to no unit";
    return why;
}

/* --- hosts ------------------------------------------------------------------------------------------------------ */

/* Two lines by which it is found again come first: an empty one, and a comment. */
static int hosts_hold(struct check *check, struct plan_string hosts)
{
    if (!refuse_text_holds(check, hosts))
        return 0;
    const char *text = plan_text(&check->plan, hosts);
    return hosts.size == 0 || (strncmp(text, "\n#", 2) == 0 && text[hosts.size - 1] == '\n');
}

static const char *refuse_hosts(struct check *check)
{
    const struct plan_pod *pod = check->plan.pod;
    const struct claim claims[] = {
        {check->plan.volume_count <= MAX_VOLUMES, "it has more than 4,096 volumes"},
        {hosts_hold(check, pod->hosts), "what goes into /etc/hosts is no block of its own"},
        {refuse_text_holds(check, pod->hostname), "the pod's hostname is no string of its blob"},
        {pod->hostname.size <= MAX_HOSTNAME, "the pod's hostname is longer than 64 bytes"},
    };
    return REFUSE_FIRST(claims);
}

const char *refuse_volumes(struct check *check)
{
    const char *why = refuse_hosts(check);
    if (why == NULL)
        why = refuse_each_volume(check);
    return why != NULL ? why : refuse_mounts(check);
}
