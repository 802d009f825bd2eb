/* Counts, in front of libc, what makes bytes durable: fsync, fdatasync, msync, and writes to files that were opened for writing through. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_long count;

long vs_syncs(void) { return atomic_load(&count); }

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))
typedef ssize_t (*write_call)(int, const void *, size_t, off_t);
typedef int (*sync_call)(int);

static void look(int file)
{
    int flags = fcntl(file, F_GETFL);
    if (flags >= 0 && (flags & O_DSYNC)) atomic_fetch_add(&count, 1); /* O_SYNC holds it */
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) { look(file); return REAL(write_call, "pwrite")(file, bytes, size, offset); }
ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t offset) { look(file); return REAL(write_call, "pwrite64")(file, bytes, size, offset); }
int fdatasync(int file) { atomic_fetch_add(&count, 1); return REAL(sync_call, "fdatasync")(file); }
int fsync(int file) { atomic_fetch_add(&count, 1); return REAL(sync_call, "fsync")(file); }
int msync(void *at, size_t size, int flags) { atomic_fetch_add(&count, 1); return REAL(int (*)(void *, size_t, int), "msync")(at, size, flags); }
