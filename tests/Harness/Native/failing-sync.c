/* Stands in front of libc, as a dying disk does: after VS_SYNCS good calls each fdatasync of a file whose path holds VS_ONLY
   (all files when it is not set) fails with VS_ERRNO, and what had been written to the file since its last good one is lost (zeros again, as in a segment that was zero-filled). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_WRITES = 4096 };
static struct { int file; off_t from; size_t bytes; } unsynced[MAX_WRITES];
static int writes;
static long calls;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

typedef ssize_t (*pwrite_call)(int, const void *, size_t, off_t);

static ssize_t remembered(const char *name, int file, const void *bytes, size_t count, off_t offset)
{
    ssize_t done = ((pwrite_call)dlsym(RTLD_NEXT, name))(file, bytes, count, offset);
    pthread_mutex_lock(&gate);
    if (done > 0 && writes < MAX_WRITES) {
        unsynced[writes].file = file;
        unsynced[writes].from = offset;
        unsynced[writes++].bytes = (size_t)done;
    }
    pthread_mutex_unlock(&gate);
    return done;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) { return remembered("pwrite", file, bytes, count, offset); }
ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) { return remembered("pwrite64", file, bytes, count, offset); }

static void settle(int file, int lose)
{
    int kept = 0;
    for (int i = 0; i < writes; i++) {
        if (unsynced[i].file != file) { unsynced[kept++] = unsynced[i]; continue; }
        char *zeros = lose ? calloc(1, unsynced[i].bytes) : NULL;
        if (zeros) ((pwrite_call)dlsym(RTLD_NEXT, "pwrite64"))(file, zeros, unsynced[i].bytes, unsynced[i].from);
        free(zeros);
    }
    writes = kept;
}

static int concerns(int file)
{
    const char *only = getenv("VS_ONLY");
    char link[64], path[4096];
    if (!only) return 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, only) != NULL;
}

int fdatasync(int file)
{
    const char *good = getenv("VS_SYNCS");
    const char *code = getenv("VS_ERRNO");
    pthread_mutex_lock(&gate);
    int fails = good && concerns(file) && calls++ >= atol(good);
    settle(file, fails);
    pthread_mutex_unlock(&gate);
    if (!fails) return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(file);
    errno = code ? atoi(code) : EIO;
    return -1;
}
