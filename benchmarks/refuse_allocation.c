/* Refuses one allocation of a process, loaded before it by LD_PRELOAD (Linux, glibc).

   While the process has a limit on its address space, every allocation of at least `least` bytes is counted, and the
   one with the number `refused` fails as it would past the limit. The state is shared by a file, so that a process
   that is started again goes on counting and nothing is refused twice. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

struct state {
    long least;
    long refused;
    _Atomic long counted;
};

static struct state *state;
static _Atomic int limited;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("REFUSE_STATE");
    int file = path ? open(path, O_RDWR) : -1;
    if (file >= 0) {
        void *found = (void *)syscall(SYS_mmap, NULL, sizeof(struct state), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        state = found == MAP_FAILED ? NULL : found;
        close(file);
    }
}

static int is_refused(size_t size) {
    if (!state || !limited || (long)size < state->least)
        return 0;
    if (atomic_fetch_add(&state->counted, 1) != state->refused)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) { return is_refused(size) ? NULL : __libc_malloc(size); }

void *calloc(size_t count, size_t size) { return is_refused(count * size) ? NULL : __libc_calloc(count, size); }

void *realloc(void *before, size_t size) { return is_refused(size) ? NULL : __libc_realloc(before, size); }

void *memalign(size_t alignment, size_t size) { return is_refused(size) ? NULL : __libc_memalign(alignment, size); }

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **found, size_t alignment, size_t size) {
    *found = memalign(alignment, size);
    return *found || !size ? 0 : ENOMEM;
}

void *mmap(void *place, size_t size, int protection, int flags, int file, off_t offset) {
    if (flags & MAP_ANONYMOUS && is_refused(size))
        return MAP_FAILED;
    return (void *)syscall(SYS_mmap, place, size, protection, flags, file, offset);
}

static void note(unsigned kind, const struct rlimit *wanted) {
    if (wanted && kind == RLIMIT_AS)
        limited = wanted->rlim_cur != RLIM_INFINITY;
}

int setrlimit(__rlimit_resource_t kind, const struct rlimit *wanted) {
    int failed = (int)syscall(SYS_prlimit64, 0, kind, wanted, NULL);
    if (!failed)
        note(kind, wanted);
    return failed;
}

int setrlimit64(__rlimit_resource_t kind, const struct rlimit64 *wanted) {
    return setrlimit(kind, (const struct rlimit *)wanted);
}
