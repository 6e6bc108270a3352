#include "detect/scratch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct kept {
    uint64_t generation; /* 0: empty */
    hs_scratch_t *scratch;
};

struct thread_scratches {
    struct kept kept[SCRATCH_KEPT];
    uint32_t next; /* the one to replace */
};

static pthread_key_t key;
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static bool key_made;

static void on_thread_end(void *value) {
    struct thread_scratches *scratches = value;
    for (uint32_t i = 0; i < SCRATCH_KEPT; i++) hs_free_scratch(scratches->kept[i].scratch);
    free(scratches);
}

static void make_key(void) {
    key_made = pthread_key_create(&key, on_thread_end) == 0;
}

uint64_t scratch_new_generation(void) {
    static atomic_uint_fast64_t newest;
    return atomic_fetch_add(&newest, 1) + 1;
}

static struct thread_scratches *thread_scratches(void) {
    if (pthread_once(&key_once, make_key) != 0 || !key_made) return NULL;
    struct thread_scratches *scratches = pthread_getspecific(key);
    if (scratches != NULL) return scratches;
    scratches = calloc(1, sizeof *scratches);
    if (scratches != NULL && pthread_setspecific(key, scratches) != 0) {
        free(scratches);
        return NULL;
    }
    return scratches;
}

enum outcome scratch_get(uint64_t generation, const hs_scratch_t *prototype, hs_scratch_t **scratch_out) {
    struct thread_scratches *scratches = thread_scratches();
    if (scratches == NULL) return OUTCOME_NO_MEMORY;
    for (uint32_t i = 0; i < SCRATCH_KEPT; i++) {
        if (scratches->kept[i].generation != generation) continue;
        *scratch_out = scratches->kept[i].scratch;
        return OUTCOME_OK;
    }
    struct kept *oldest = &scratches->kept[scratches->next];
    if (hs_free_scratch(oldest->scratch) != HS_SUCCESS) return OUTCOME_ENGINE;
    *oldest = (struct kept){0};
    const hs_error_t error = hs_clone_scratch(prototype, &oldest->scratch);
    if (error != HS_SUCCESS) {
        oldest->scratch = NULL;
        return error == HS_NOMEM ? OUTCOME_NO_MEMORY : OUTCOME_ENGINE;
    }
    oldest->generation = generation;
    scratches->next = (scratches->next + 1) % SCRATCH_KEPT;
    *scratch_out = oldest->scratch;
    return OUTCOME_OK;
}

void scratch_forget(uint64_t generation) {
    struct thread_scratches *scratches = thread_scratches();
    if (scratches == NULL) return;
    for (uint32_t i = 0; i < SCRATCH_KEPT; i++) {
        if (scratches->kept[i].generation != generation) continue;
        hs_free_scratch(scratches->kept[i].scratch);
        scratches->kept[i] = (struct kept){0};
    }
}
