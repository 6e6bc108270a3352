#include "base/secret.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/wipe.h"

struct secret {
    size_t len;
    size_t mapped_bytes;
    unsigned char bytes[];
};

enum outcome secret_create(size_t len, struct secret **secret_out) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (len > SIZE_MAX - sizeof(struct secret) - page) return OUTCOME_NO_MEMORY;
    const size_t mapped = (sizeof(struct secret) + len + page - 1) / page * page;
    void *pages = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) return OUTCOME_NO_MEMORY;
    /* Both may be refused by a container's limits; the key is usable all the same. */
    (void)mlock(pages, mapped);
    (void)madvise(pages, mapped, MADV_DONTDUMP);
    (void)madvise(pages, mapped, MADV_WIPEONFORK);
    struct secret *secret = pages;
    secret->len = len;
    secret->mapped_bytes = mapped;
    *secret_out = secret;
    return OUTCOME_OK;
}

void secret_destroy(struct secret **secret) {
    if (*secret == NULL) return;
    const size_t mapped = (*secret)->mapped_bytes;
    wipe((*secret)->bytes, (*secret)->len);
    munmap(*secret, mapped);
    *secret = NULL;
}

unsigned char *secret_bytes(struct secret *secret) {
    return secret->bytes;
}

const unsigned char *secret_view(const struct secret *secret) {
    return secret->bytes;
}

size_t secret_len(const struct secret *secret) {
    return secret->len;
}

const char *secret_text(const struct secret *secret) {
    (void)secret;
    return "(hidden)";
}
