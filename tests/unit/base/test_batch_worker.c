/* Asserts run on the test's own thread only; other threads count what went wrong. */
#include "base/batch_worker.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/require.h"
#include "unit/failing_alloc.h"

enum { PRODUCERS = 4, PER_PRODUCER = 5000 };

struct parcel {
    struct batch_item item; /* first member */
    unsigned producer, number;
    struct ledger *ledger;
};

/* What the worker's thread saw; read by the test after stop. */
struct ledger {
    struct batch_worker *worker;
    unsigned next_commit[PRODUCERS], next_done[PRODUCERS];
    unsigned groups, done, closed, faults, disorders, resubmits_left;
    sem_t entered, go_on; /* only when `held` */
    bool held;
};

static void commit_parcels(void *owner, struct batch_item *first) {
    struct ledger *ledger = owner;
    ledger->groups++;
    if (ledger->held) {
        require(sem_post(&ledger->entered) == 0);
        require(sem_wait(&ledger->go_on) == 0);
    }
    for (struct batch_item *item = first; item; item = batch_item_next(item)) {
        const struct parcel *parcel = (const struct parcel *)item;
        ledger->disorders += parcel->number != ledger->next_commit[parcel->producer]++;
        item->outcome = OUTCOME_OK;
    }
}

static void count_parcel(struct batch_item *item) {
    const struct parcel *parcel = (const struct parcel *)item;
    struct ledger *ledger = parcel->ledger;
    ledger->done++;
    ledger->closed += item->outcome == OUTCOME_CLOSED;
    ledger->faults += item->outcome == OUTCOME_FAULT;
    ledger->disorders += parcel->number != ledger->next_done[parcel->producer]++;
}

static void count_and_free_parcel(struct batch_item *item) {
    count_parcel(item);
    free(item);
}

static struct parcel *parcel_create(struct ledger *ledger, unsigned producer, unsigned number) {
    struct parcel *parcel = calloc(1, sizeof *parcel);
    require(parcel != NULL);
    *parcel = (struct parcel){.producer = producer, .number = number, .ledger = ledger};
    parcel->item.on_done = count_and_free_parcel;
    return parcel;
}

struct producer {
    pthread_t thread;
    struct ledger *ledger;
    unsigned index;
};

static void *produce(void *argument) {
    const struct producer *producer = argument;
    for (unsigned i = 0; i < PER_PRODUCER; i++)
        batch_worker_submit(producer->ledger->worker, &parcel_create(producer->ledger, producer->index, i)->item);
    return NULL;
}

static void every_item_is_committed_in_its_producers_order(void **state) {
    (void)state;
    struct ledger ledger = {0};
    assert_int_equal(batch_worker_start(commit_parcels, &ledger, "test-writer", &ledger.worker), OUTCOME_OK);
    struct producer producers[PRODUCERS];
    for (unsigned p = 0; p < PRODUCERS; p++) {
        producers[p] = (struct producer){.ledger = &ledger, .index = p};
        require(pthread_create(&producers[p].thread, NULL, produce, &producers[p]) == 0);
    }
    for (unsigned p = 0; p < PRODUCERS; p++) pthread_join(producers[p].thread, NULL);
    batch_worker_stop(&ledger.worker);
    assert_null(ledger.worker);
    assert_int_equal(ledger.done, PRODUCERS * PER_PRODUCER);
    assert_int_equal(ledger.disorders, 0);
    assert_int_equal(ledger.closed, 0);
    assert_int_equal(ledger.faults, 0);
    assert_in_range(ledger.groups, 1, PRODUCERS * PER_PRODUCER);
}

/* While one commit waits, what arrives becomes one group. */
static void items_collect_while_a_commit_runs(void **state) {
    (void)state;
    struct ledger ledger = {.held = true};
    require(sem_init(&ledger.entered, 0, 0) == 0 && sem_init(&ledger.go_on, 0, 0) == 0);
    assert_int_equal(batch_worker_start(commit_parcels, &ledger, "test-writer", &ledger.worker), OUTCOME_OK);
    batch_worker_submit(ledger.worker, &parcel_create(&ledger, 0, 0)->item);
    require(sem_wait(&ledger.entered) == 0);
    for (unsigned i = 1; i <= 1000; i++) batch_worker_submit(ledger.worker, &parcel_create(&ledger, 0, i)->item);
    require(sem_post(&ledger.go_on) == 0 && sem_post(&ledger.go_on) == 0);
    batch_worker_stop(&ledger.worker);
    assert_int_equal(ledger.groups, 2);
    assert_int_equal(ledger.done, 1001);
    assert_int_equal(ledger.disorders, 0);
    sem_destroy(&ledger.entered);
    sem_destroy(&ledger.go_on);
}

static void stop_commits_what_is_queued(void **state) {
    (void)state;
    for (int round = 0; round < 200; round++) {
        struct ledger ledger = {0};
        assert_int_equal(batch_worker_start(commit_parcels, &ledger, "test-writer", &ledger.worker), OUTCOME_OK);
        for (unsigned i = 0; i < 20; i++) batch_worker_submit(ledger.worker, &parcel_create(&ledger, 0, i)->item);
        batch_worker_stop(&ledger.worker);
        assert_int_equal(ledger.done, 20);
        assert_int_equal(ledger.closed, 0);
        assert_int_equal(ledger.disorders, 0);
    }
}

static void count_and_submit_again(struct batch_item *item) {
    struct parcel *parcel = (struct parcel *)item;
    struct ledger *ledger = parcel->ledger;
    count_parcel(item);
    if (item->outcome == OUTCOME_CLOSED || ledger->resubmits_left == 0) {
        free(parcel);
        return;
    }
    ledger->resubmits_left--;
    parcel->number++;
    batch_worker_submit(ledger->worker, item);
}

static void on_done_may_submit(void **state) {
    (void)state;
    struct ledger ledger = {.resubmits_left = 500, .held = true};
    require(sem_init(&ledger.entered, 0, 0) == 0 && sem_init(&ledger.go_on, 0, 0) == 0);
    assert_int_equal(batch_worker_start(commit_parcels, &ledger, "test-writer", &ledger.worker), OUTCOME_OK);
    struct parcel *parcel = parcel_create(&ledger, 0, 0);
    parcel->item.on_done = count_and_submit_again;
    batch_worker_submit(ledger.worker, &parcel->item);
    for (int i = 0; i <= 500; i++) {
        require(sem_post(&ledger.go_on) == 0);
        require(sem_wait(&ledger.entered) == 0);
    }
    batch_worker_stop(&ledger.worker);
    assert_int_equal(ledger.done, 501);
    assert_int_equal(ledger.groups, 501);
    assert_int_equal(ledger.closed, 0);
    assert_int_equal(ledger.disorders, 0);
    sem_destroy(&ledger.entered);
    sem_destroy(&ledger.go_on);
}

/* An item that is submitted anew for ever meets the end exactly once. */
static void what_is_submitted_after_stop_is_answered_closed(void **state) {
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct ledger ledger = {.resubmits_left = UINT32_MAX};
        assert_int_equal(batch_worker_start(commit_parcels, &ledger, "test-writer", &ledger.worker), OUTCOME_OK);
        struct parcel *parcel = parcel_create(&ledger, 0, 0);
        parcel->item.on_done = count_and_submit_again;
        struct batch_worker *worker = ledger.worker; /* stop clears its variable while on_done reads the ledger's */
        batch_worker_submit(worker, &parcel->item);
        batch_worker_stop(&worker);
        assert_int_equal(ledger.closed, 1);
        assert_true(ledger.done >= 2);
        assert_int_equal(ledger.next_commit[0], ledger.done - 1);
    }
}

static void commit_nothing(void *owner, struct batch_item *first) {
    (void)owner;
    (void)first;
}

static void an_item_that_commit_forgets_has_failed(void **state) {
    (void)state;
    struct ledger ledger = {0};
    assert_int_equal(batch_worker_start(commit_nothing, &ledger, "test-writer", &ledger.worker), OUTCOME_OK);
    for (unsigned i = 0; i < 3; i++) batch_worker_submit(ledger.worker, &parcel_create(&ledger, 0, i)->item);
    batch_worker_stop(&ledger.worker);
    assert_int_equal(ledger.faults, 3);
}

static void stopping_nothing_is_allowed(void **state) {
    (void)state;
    struct batch_worker *worker = NULL;
    batch_worker_stop(&worker);
    struct ledger ledger = {0};
    assert_int_equal(batch_worker_start(commit_parcels, &ledger, "test-writer", &worker), OUTCOME_OK);
    batch_worker_stop(&worker);
    assert_null(worker);
    assert_int_equal(ledger.groups, 0);
}

static void start_survives_a_failed_allocation(void **state) {
    (void)state;
    struct ledger ledger = {0};
    struct batch_worker *worker = NULL;
    failing_alloc_arm(1);
    const enum outcome outcome = batch_worker_start(commit_parcels, &ledger, "test-writer", &worker);
    assert_true(failing_alloc_disarm());
    assert_int_equal(outcome, OUTCOME_NO_MEMORY);
    assert_null(worker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_is_committed_in_its_producers_order),
        cmocka_unit_test(items_collect_while_a_commit_runs),
        cmocka_unit_test(stop_commits_what_is_queued),
        cmocka_unit_test(on_done_may_submit),
        cmocka_unit_test(what_is_submitted_after_stop_is_answered_closed),
        cmocka_unit_test(an_item_that_commit_forgets_has_failed),
        cmocka_unit_test(stopping_nothing_is_allowed),
        cmocka_unit_test(start_survives_a_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
