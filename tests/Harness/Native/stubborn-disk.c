/* Stands in front of libc, as a disk does that takes its time or dies: while the file VS_DISK exists, what would make a file durable whose path holds
   VS_ONLY waits (its content begins with "hold"), takes longer ("slow" and milliseconds) or fails with EIO ("fail"). Writes count as well as syncs, since a file may be opened for writing through. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int concerns(int file)
{
    const char *only = getenv("VS_ONLY");
    char link[64], path[4096];
    if (!only) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, only) != NULL;
}

/* 0: go on; otherwise the error to fail with. */
static int meet(int file)
{
    const char *disk = getenv("VS_DISK");
    if (!disk || !concerns(file)) return 0;
    for (;;) {
        char word[16] = { 0 };
        int look = open(disk, O_RDONLY | O_CLOEXEC);
        if (look < 0) return 0;
        if (read(look, word, sizeof word - 1) < 0) word[0] = 0;
        close(look);
        if (strncmp(word, "fail", 4) == 0) return EIO;
        if (strncmp(word, "slow", 4) == 0) usleep(1000 * (useconds_t)atoi(word + 4));
        if (strncmp(word, "hold", 4) != 0) return 0;
        usleep(2000);
    }
}

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))
typedef ssize_t (*write_call)(int, const void *, size_t, off_t);
typedef int (*sync_call)(int);

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset)
{
    if ((errno = meet(file))) return -1;
    return REAL(write_call, "pwrite")(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset)
{
    if ((errno = meet(file))) return -1;
    return REAL(write_call, "pwrite64")(file, bytes, count, offset);
}

int fdatasync(int file)
{
    if ((errno = meet(file))) return -1;
    return REAL(sync_call, "fdatasync")(file);
}

int fsync(int file)
{
    if ((errno = meet(file))) return -1;
    return REAL(sync_call, "fsync")(file);
}
