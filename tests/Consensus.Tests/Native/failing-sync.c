/* Stands in front of libc's fdatasync: after VS_SYNCS good calls, each further one fails with VS_ERRNO, as a dying disk does. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_long calls;

int fdatasync(int file)
{
    const char *good = getenv("VS_SYNCS");
    const char *code = getenv("VS_ERRNO");
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    if (good && atomic_fetch_add(&calls, 1) >= atol(good)) {
        errno = code ? atoi(code) : EIO;
        return -1;
    }
    return real(file);
}
