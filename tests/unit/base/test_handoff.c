#include "base/handoff.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/require.h"

enum { PRODUCERS = 4, PER_PRODUCER = 20000 };

struct letter {
    struct handoff_node node; /* first member */
    unsigned producer, number;
};

static void hands_over_in_order_of_pushing(void **state) {
    (void)state;
    struct handoff handoff = {NULL};
    struct letter letters[5] = {0};
    assert_null(handoff_take(&handoff));
    for (unsigned i = 0; i < 5; i++) {
        letters[i].number = i;
        assert_int_equal(handoff_push(&handoff, &letters[i].node), i == 0);
    }
    const struct handoff_node *node = handoff_take(&handoff);
    for (unsigned i = 0; i < 5; i++, node = node->next) assert_ptr_equal(node, &letters[i].node);
    assert_null(node);
    assert_null(handoff_take(&handoff));
    assert_true(handoff_push(&handoff, &letters[0].node));
}

struct producer {
    pthread_t thread;
    struct handoff *handoff;
    struct letter *letters;
    _Atomic unsigned *wakes;
};

static void *produce(void *argument) {
    struct producer *producer = argument;
    for (size_t i = 0; i < PER_PRODUCER; i++)
        if (handoff_push(producer->handoff, &producer->letters[i].node)) atomic_fetch_add(producer->wakes, 1);
    return NULL;
}

/* Nothing is lost, doubled or out of its producer's order; every non-empty take was announced once. */
static void many_producers_lose_nothing(void **state) {
    (void)state;
    struct handoff handoff = {NULL};
    _Atomic unsigned wakes = 0;
    struct producer producers[PRODUCERS];
    for (unsigned p = 0; p < PRODUCERS; p++) {
        producers[p] = (struct producer){.handoff = &handoff, .wakes = &wakes};
        producers[p].letters = calloc(PER_PRODUCER, sizeof(struct letter));
        assert_non_null(producers[p].letters);
        for (unsigned i = 0; i < PER_PRODUCER; i++)
            producers[p].letters[i] = (struct letter){.producer = p, .number = i};
    }
    for (unsigned p = 0; p < PRODUCERS; p++)
        require(pthread_create(&producers[p].thread, NULL, produce, &producers[p]) == 0);
    unsigned expected[PRODUCERS] = {0}, total = 0, takes = 0, disorders = 0;
    while (total < PRODUCERS * PER_PRODUCER) {
        const struct handoff_node *node = handoff_take(&handoff);
        if (node == NULL) {
            sched_yield();
            continue;
        }
        takes++;
        for (; node; node = node->next, total++) {
            const struct letter *letter = (const struct letter *)node;
            disorders += letter->number != expected[letter->producer]++;
        }
    }
    for (unsigned p = 0; p < PRODUCERS; p++) {
        pthread_join(producers[p].thread, NULL);
        assert_int_equal(expected[p], PER_PRODUCER);
        free(producers[p].letters);
    }
    assert_int_equal(disorders, 0);
    assert_int_equal(takes, atomic_load(&wakes));
    assert_null(handoff_take(&handoff));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_over_in_order_of_pushing),
        cmocka_unit_test(many_producers_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
