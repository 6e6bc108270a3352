#include "vault/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lmdb.h>

#include "base/require.h"

#define READERS_MAX 1022u /* loops and scan workers of one process; a place costs 64 bytes of lock.mdb */

struct vault_store {
    MDB_env *env;
    MDB_txn *write;
    MDB_dbi tables[VAULT_TABLE_COUNT];
    size_t map_bytes; /* the writer's, like map_limit_bytes */
    size_t map_limit_bytes;
    pthread_mutex_t views_lock; /* guards the list; held while the map moves */
    struct vault_store_view *views;
    bool lost; /* the map could not be moved; read under a view's guard or by the writer */
};

struct vault_store_view {
    pthread_mutex_t guard; /* held from begin to end */
    MDB_txn *read;
    struct vault_store *store;
    struct vault_store_view *previous, *next;
};

static const char *const table_names[VAULT_TABLE_COUNT] = {
    [VAULT_TABLE_RECORDS] = "records",
    [VAULT_TABLE_GRANTS] = "grants",
    [VAULT_TABLE_META] = "meta",
};

static enum outcome outcome_of(int code) {
    switch (code) {
    case MDB_SUCCESS: return OUTCOME_OK;
    case MDB_NOTFOUND: return OUTCOME_NOT_FOUND;
    case MDB_KEYEXIST: return OUTCOME_CONFLICT;
    case MDB_MAP_FULL:
    case MDB_READERS_FULL: return OUTCOME_OVERFLOW;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_INCOMPATIBLE: return OUTCOME_CORRUPT;
    case EACCES:
    case EPERM:
    case EROFS: return OUTCOME_DENIED;
    case ENOMEM: return OUTCOME_NO_MEMORY;
    default: return OUTCOME_IO;
    }
}

static MDB_val val_of(struct slice bytes) {
    return (MDB_val){.mv_size = bytes.len, .mv_data = (void *)bytes.data};
}

static struct slice slice_of_val(MDB_val val) {
    return slice_of(val.mv_data, val.mv_size);
}

static enum outcome get(MDB_txn *txn, MDB_dbi table, struct slice key, struct slice *value_out) {
    MDB_val key_val = val_of(key), value_val = {0};
    const int code = mdb_get(txn, table, &key_val, &value_val);
    if (code == MDB_SUCCESS) *value_out = slice_of_val(value_val);
    return outcome_of(code);
}

/* --- opening --------------------------------------------------------------------------------------------- */

static size_t whole_pages(size_t bytes) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return bytes > SIZE_MAX - page ? SIZE_MAX / page * page : (bytes + page - 1) / page * page;
}

static int open_tables(struct vault_store *store) {
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(store->env, NULL, 0, &txn);
    if (code != MDB_SUCCESS) return code;
    for (unsigned i = 0; i < VAULT_TABLE_COUNT && code == MDB_SUCCESS; i++)
        code = mdb_dbi_open(txn, table_names[i], MDB_CREATE, &store->tables[i]);
    if (code == MDB_SUCCESS) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

/* A file that was cut off would raise SIGBUS where the map has no bytes behind it. Zeros there are found to be no
 * pages, and so corrupt. (A last page that was allocated and given back is never written: that is no damage.) */
static int fill_up(MDB_env *env) {
    MDB_envinfo info;
    MDB_stat stat;
    mdb_filehandle_t fd = -1;
    struct stat status;
    int code = mdb_env_info(env, &info);
    if (code == MDB_SUCCESS) code = mdb_env_stat(env, &stat);
    if (code == MDB_SUCCESS) code = mdb_env_get_fd(env, &fd);
    if (code != MDB_SUCCESS) return code;
    const off_t bytes = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
    if (fstat(fd, &status) != 0) return errno;
    return status.st_size >= bytes || ftruncate(fd, bytes) == 0 ? MDB_SUCCESS : errno;
}

static int open_env(struct vault_store *store, const struct vault_store_settings *settings) {
    /* MDB_NOTLS: a read transaction belongs to its view, which may move between threads. */
    const unsigned flags = MDB_NOTLS | (settings->unlinked ? MDB_NOSYNC : 0);
    int code = mdb_env_create(&store->env);
    if (code == MDB_SUCCESS) code = mdb_env_set_maxdbs(store->env, VAULT_TABLE_COUNT);
    if (code == MDB_SUCCESS) code = mdb_env_set_maxreaders(store->env, READERS_MAX);
    if (code == MDB_SUCCESS) code = mdb_env_set_mapsize(store->env, store->map_bytes);
    if (code == MDB_SUCCESS) code = mdb_env_open(store->env, settings->folder, flags, 0600);
    if (code == MDB_SUCCESS) code = fill_up(store->env);
    if (code == MDB_SUCCESS) code = open_tables(store);
    return code;
}

enum outcome vault_store_open(const struct vault_store_settings *settings, struct vault_store **store_out,
                              struct detail *detail) {
    struct vault_store *store = calloc(1, sizeof *store);
    if (store == NULL) return detail_set(detail, OUTCOME_NO_MEMORY, "no memory for the vault");
    store->map_limit_bytes = whole_pages(settings->map_limit_bytes);
    store->map_bytes = whole_pages(settings->map_start_bytes);
    if (store->map_bytes > store->map_limit_bytes) store->map_bytes = store->map_limit_bytes;
    require(pthread_mutex_init(&store->views_lock, NULL) == 0);
    const int code = open_env(store, settings);
    if (code != MDB_SUCCESS) {
        vault_store_close(&store);
        return detail_set(detail, outcome_of(code), "the vault in %s cannot be opened: %s", settings->folder,
                          mdb_strerror(code));
    }
    MDB_envinfo info;
    require(mdb_env_info(store->env, &info) == MDB_SUCCESS);
    store->map_bytes = info.me_mapsize; /* larger than asked for when the file is */
    vault_store_check_readers(store);
    *store_out = store;
    return OUTCOME_OK;
}

void vault_store_close(struct vault_store **store) {
    if (*store == NULL) return;
    require((*store)->views == NULL && (*store)->write == NULL);
    if ((*store)->env != NULL) mdb_env_close((*store)->env);
    pthread_mutex_destroy(&(*store)->views_lock);
    free(*store);
    *store = NULL;
}

enum outcome vault_store_count(struct vault_store *store, enum vault_table table, uint64_t *count_out) {
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
    if (code != MDB_SUCCESS) return outcome_of(code);
    MDB_stat stat;
    code = mdb_stat(txn, store->tables[table], &stat);
    mdb_txn_abort(txn);
    if (code == MDB_SUCCESS) *count_out = stat.ms_entries;
    return outcome_of(code);
}

void vault_store_check_readers(struct vault_store *store) {
    int dead = 0;
    (void)mdb_reader_check(store->env, &dead); /* best effort: a dead reader costs space, not truth */
}

/* --- views ----------------------------------------------------------------------------------------------- */

static void link_view(struct vault_store *store, struct vault_store_view *view) {
    view->next = store->views;
    if (view->next != NULL) view->next->previous = view;
    store->views = view;
}

static void unlink_view(struct vault_store *store, struct vault_store_view *view) {
    if (view->next != NULL) view->next->previous = view->previous;
    if (view->previous != NULL)
        view->previous->next = view->next;
    else
        store->views = view->next;
}

enum outcome vault_store_view_open(struct vault_store *store, struct vault_store_view **view_out) {
    struct vault_store_view *view = calloc(1, sizeof *view);
    if (view == NULL) return OUTCOME_NO_MEMORY;
    view->store = store;
    pthread_mutex_lock(&store->views_lock); /* the map must not move while LMDB looks at it */
    const int code = store->lost ? EIO : mdb_txn_begin(store->env, NULL, MDB_RDONLY, &view->read);
    if (code == MDB_SUCCESS) {
        mdb_txn_reset(view->read); /* keeps its place, pins no page */
        require(pthread_mutex_init(&view->guard, NULL) == 0);
        link_view(store, view);
    }
    pthread_mutex_unlock(&store->views_lock);
    if (code == MDB_SUCCESS) {
        *view_out = view;
        return OUTCOME_OK;
    }
    free(view);
    return outcome_of(code);
}

void vault_store_view_close(struct vault_store_view **view) {
    if (*view == NULL) return;
    struct vault_store *store = (*view)->store;
    pthread_mutex_lock(&store->views_lock);
    unlink_view(store, *view);
    mdb_txn_abort((*view)->read);
    pthread_mutex_unlock(&store->views_lock);
    pthread_mutex_destroy(&(*view)->guard);
    free(*view);
    *view = NULL;
}

enum outcome vault_store_view_begin(struct vault_store_view *view) {
    pthread_mutex_lock(&view->guard);
    const int code = view->store->lost ? EIO : mdb_txn_renew(view->read);
    if (code != MDB_SUCCESS) pthread_mutex_unlock(&view->guard);
    return outcome_of(code);
}

void vault_store_view_end(struct vault_store_view *view) {
    mdb_txn_reset(view->read);
    pthread_mutex_unlock(&view->guard);
}

enum outcome vault_store_view_get(struct vault_store_view *view, enum vault_table table, struct slice key,
                                  struct slice *value_out) {
    return get(view->read, view->store->tables[table], key, value_out);
}

/* --- writing --------------------------------------------------------------------------------------------- */

enum outcome vault_store_write_begin(struct vault_store *store) {
    require(store->write == NULL);
    return store->lost ? OUTCOME_IO : outcome_of(mdb_txn_begin(store->env, NULL, 0, &store->write));
}

enum outcome vault_store_write_get(struct vault_store *store, enum vault_table table, struct slice key,
                                   struct slice *value_out) {
    return get(store->write, store->tables[table], key, value_out);
}

enum outcome vault_store_write_put(struct vault_store *store, enum vault_table table, struct slice key,
                                   struct slice value) {
    MDB_val key_val = val_of(key), value_val = val_of(value);
    return outcome_of(mdb_put(store->write, store->tables[table], &key_val, &value_val, 0));
}

enum outcome vault_store_write_commit(struct vault_store *store) {
    const int code = mdb_txn_commit(store->write);
    store->write = NULL;
    return outcome_of(code);
}

void vault_store_write_abort(struct vault_store *store) {
    mdb_txn_abort(store->write);
    store->write = NULL;
}

/* --- growing --------------------------------------------------------------------------------------------- */

static size_t next_map_bytes(const struct vault_store *store, size_t more_bytes) {
    const size_t limit = store->map_limit_bytes, now = store->map_bytes;
    const size_t more = more_bytes > now ? more_bytes : now;
    return now >= limit || more >= limit - now ? limit : whole_pages(now + more);
}

/* LMDB unmaps before it maps, and is lost when the second fails: so the size is tried beforehand. */
static bool address_space_has(const struct vault_store *store, size_t bytes) {
    mdb_filehandle_t fd = -1;
    if (mdb_env_get_fd(store->env, &fd) != MDB_SUCCESS) return false;
    void *trial = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (trial == MAP_FAILED) return false;
    munmap(trial, bytes);
    return true;
}

enum outcome vault_store_grow(struct vault_store *store, size_t more_bytes) {
    require(store->write == NULL);
    const size_t bytes = next_map_bytes(store, more_bytes);
    if (bytes <= store->map_bytes || !address_space_has(store, bytes)) return OUTCOME_OVERFLOW;
    pthread_mutex_lock(&store->views_lock);
    for (struct vault_store_view *view = store->views; view; view = view->next) pthread_mutex_lock(&view->guard);
    const int code = mdb_env_set_mapsize(store->env, bytes);
    if (code != MDB_SUCCESS)
        store->lost = true;
    else
        store->map_bytes = bytes;
    for (struct vault_store_view *view = store->views; view; view = view->next) pthread_mutex_unlock(&view->guard);
    pthread_mutex_unlock(&store->views_lock);
    return code == MDB_SUCCESS ? OUTCOME_OK : OUTCOME_IO;
}
