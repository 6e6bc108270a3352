#include "gateway/audit/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <mbedtls/md.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fault.h"
#include "vault/durable_file.h"

#define HASH_BYTES 32
#define LONGEST_LINE_BYTES (1u << 20)

struct link {
    uint64_t sequence; /* of the newest line; 0: none */
    unsigned char hash[HASH_BYTES];
};

struct audit_chain {
    int file;
    off_t end; /* of the last durable line */
    struct link newest;
    struct batch_worker *worker;
};

static bool hash_line(struct slice line, unsigned char hash[static HASH_BYTES]) {
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    return mbedtls_md(sha256, (const unsigned char *)line.data, line.len, hash) == 0;
}

static void append_hex(struct buffer *out, const unsigned char *bytes, size_t len) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        buffer_append_char(out, digits[bytes[i] >> 4]);
        buffer_append_char(out, digits[bytes[i] & 15]);
    }
}

/* Appends one finished line and moves the link on to it. */
static bool append_line(struct buffer *out, struct slice record, struct link *link) {
    const size_t begin = out->len;
    buffer_append(out, record);
    buffer_append_format(out, ",\"seq\":%llu,\"prev\":\"", (unsigned long long)link->sequence + 1);
    append_hex(out, link->hash, HASH_BYTES);
    buffer_append_str(out, "\"}");
    if (out->failed || !hash_line(slice_range(buffer_slice(out), begin, out->len), link->hash)) return false;
    link->sequence++;
    buffer_append_char(out, '\n');
    return !out->failed;
}

static bool write_all(int file, struct slice bytes) {
    while (bytes.len) {
        const ssize_t wrote = write(file, bytes.data, bytes.len);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        bytes = slice_range(bytes, (size_t)wrote, bytes.len);
    }
    return true;
}

static enum outcome commit_lines(struct audit_chain *chain, struct batch_item *first) {
    if (fault_hit("record")) return OUTCOME_FAULT;
    struct link link = chain->newest;
    struct buffer lines;
    buffer_init(&lines, 0);
    bool good = true;
    for (struct batch_item *item = first; item && good; item = batch_item_next(item)) {
        struct audit_entry *entry = (struct audit_entry *)item;
        good = append_line(&lines, entry->record, &link);
        entry->sequence = link.sequence;
    }
    good = good && write_all(chain->file, buffer_slice(&lines)) && fdatasync(chain->file) == 0;
    if (good) {
        chain->end += (off_t)lines.len;
        chain->newest = link;
    } else if (ftruncate(chain->file, chain->end) != 0) {
        /* Left as it is: the half group lies behind `end`; the next commit tries to cut it again. */
        good = false;
    }
    buffer_deinit(&lines);
    return good ? OUTCOME_OK : OUTCOME_IO;
}

static bool at_durable_end(struct audit_chain *chain) {
    struct stat status;
    if (fstat(chain->file, &status) != 0) return false;
    if (status.st_size < chain->end) chain->end = status.st_size; /* rotated by truncation: the chain goes on */
    return status.st_size == chain->end || ftruncate(chain->file, chain->end) == 0;
}

static void commit(void *owner, struct batch_item *first) {
    struct audit_chain *chain = owner;
    const enum outcome outcome = at_durable_end(chain) ? commit_lines(chain, first) : OUTCOME_IO;
    for (struct batch_item *item = first; item; item = batch_item_next(item)) item->outcome = outcome;
}

/* Finds the last whole line in `tail`, which is the file's end. */
static struct slice last_line(struct slice tail, size_t *durable_len_out) {
    size_t end = tail.len;
    while (end > 0 && tail.data[end - 1] != '\n') end--;
    *durable_len_out = end;
    size_t begin = end ? end - 1 : 0;
    while (begin > 0 && tail.data[begin - 1] != '\n') begin--;
    return end ? slice_range(tail, begin, end - 1) : slice_of(NULL, 0);
}

static bool read_link(struct slice line, struct link *link) {
    static const char mark[] = ",\"seq\":";
    const char *found = NULL;
    if (line.len == 0) return false;
    for (const char *at = line.data;
         (at = memmem(at, line.len - (size_t)(at - line.data), mark, sizeof mark - 1)) != NULL; at++)
        found = at;
    if (found == NULL || line.data[line.len - 1] != '}') return false;
    link->sequence = strtoull(found + sizeof mark - 1, NULL, 10);
    return link->sequence > 0 && hash_line(line, link->hash);
}

static enum outcome read_end(struct audit_chain *chain, const char *path, struct detail *detail) {
    struct stat status;
    if (fstat(chain->file, &status) != 0 || !S_ISREG(status.st_mode))
        return detail_set(detail, OUTCOME_IO, "%s: expected a regular file for the audit log", path);
    const off_t from = status.st_size > LONGEST_LINE_BYTES ? status.st_size - LONGEST_LINE_BYTES : 0;
    const size_t len = (size_t)(status.st_size - from);
    char *tail = malloc(len + 1);
    if (tail == NULL) return OUTCOME_NO_MEMORY;
    enum outcome outcome = OUTCOME_OK;
    size_t durable = 0;
    tail[len] = '\0';
    if (pread(chain->file, tail, len, from) != (ssize_t)len) outcome = OUTCOME_IO;
    const struct slice line = last_line(slice_of(tail, len), &durable);
    chain->end = from + (off_t)durable;
    if (outcome == OUTCOME_OK && durable > 0 && !read_link(line, &chain->newest)) outcome = OUTCOME_CORRUPT;
    if (outcome == OUTCOME_OK && durable == 0 && from > 0) outcome = OUTCOME_CORRUPT;
    free(tail);
    if (outcome != OUTCOME_OK)
        return detail_set(detail, outcome,
                          "%s: its last line is no audit record; move the file away to start a new one", path);
    return OUTCOME_OK;
}

enum outcome audit_chain_open(const char *path, struct audit_chain **chain_out, struct detail *detail) {
    *chain_out = NULL;
    struct audit_chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL) return OUTCOME_NO_MEMORY;
    enum outcome outcome = OUTCOME_OK;
    chain->file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (chain->file < 0) outcome = detail_set(detail, OUTCOME_IO, "%s: %s", path, strerror(errno));
    if (outcome == OUTCOME_OK && flock(chain->file, LOCK_EX | LOCK_NB) != 0)
        outcome = detail_set(detail, OUTCOME_CONFLICT, "%s: another process is writing this audit log", path);
    if (outcome == OUTCOME_OK) outcome = read_end(chain, path, detail);
    if (outcome == OUTCOME_OK && vault_file_sync_entry(path) != OUTCOME_OK)
        outcome = detail_set(detail, OUTCOME_IO, "%s: its entry in the folder cannot be made durable", path);
    if (outcome == OUTCOME_OK) outcome = batch_worker_start(commit, chain, "sluice-audit", &chain->worker);
    if (outcome != OUTCOME_OK) audit_chain_close(&chain);
    *chain_out = chain;
    return outcome;
}

void audit_chain_close(struct audit_chain **chain) {
    if (*chain == NULL) return;
    batch_worker_stop(&(*chain)->worker);
    if ((*chain)->file >= 0) close((*chain)->file);
    free(*chain);
    *chain = NULL;
}

void audit_chain_submit(struct audit_chain *chain, struct audit_entry *entry) {
    batch_worker_submit(chain->worker, &entry->item);
}
