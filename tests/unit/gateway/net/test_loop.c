#include "tests/unit/gateway/net/net_fixture.h"

#include <signal.h>

#include "gateway/net/signals.h"
#include "tests/unit/failing_alloc.h"

#define THREADS 4u
#define POSTS_EACH 20000u

struct poster {
    struct net_loop *loop;
    pthread_t thread;
    struct numbered {
        struct net_post post; /* first */
        struct poster *poster;
        unsigned number;
    } * posts;
    unsigned next; /* the number that must come now */
};

static unsigned posted_count;
static struct net_loop *posted_loop;
static pthread_t loop_thread;

static void on_numbered(struct net_post *post) {
    struct numbered *numbered = (struct numbered *)post;
    assert_true(pthread_equal(pthread_self(), loop_thread));
    assert_int_equal(numbered->number, numbered->poster->next);
    numbered->poster->next++;
    if (++posted_count == THREADS * POSTS_EACH) net_loop_stop(posted_loop);
}

static void *poster_main(void *argument) {
    struct poster *poster = argument;
    for (unsigned i = 0; i < POSTS_EACH; i++) {
        poster->posts[i] = (struct numbered){{.on_post = on_numbered}, poster, i};
        net_loop_post(poster->loop, &poster->posts[i].post);
    }
    return NULL;
}

static void posts_of_many_threads_arrive_in_order(void **state) {
    (void)state;
    alarm(TEST_SECONDS);
    struct net_loop *loop = NULL;
    struct poster posters[THREADS];
    assert_int_equal(net_loop_create(&loop), OUTCOME_OK);
    posted_count = 0;
    posted_loop = loop;
    loop_thread = pthread_self();
    for (unsigned i = 0; i < THREADS; i++) {
        posters[i] = (struct poster){.loop = loop};
        posters[i].posts = calloc(POSTS_EACH, sizeof *posters[i].posts);
        assert_non_null(posters[i].posts);
        assert_int_equal(pthread_create(&posters[i].thread, NULL, poster_main, &posters[i]), 0);
    }
    net_loop_run(loop);
    assert_int_equal(posted_count, THREADS * POSTS_EACH);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(posters[i].thread, NULL);
        free(posters[i].posts);
    }
    net_loop_destroy(&loop);
    assert_null(loop);
    alarm(0);
}

struct step {
    struct net_post post; /* first */
    struct net_turn turn;
    struct net_loop *loop;
    unsigned posted_count, turned_count;
};

static void on_step_post(struct net_post *post) {
    struct step *step = (struct step *)post;
    if (++step->posted_count < 3) net_loop_post(step->loop, post);
}

static void a_post_made_before_stop_runs_and_may_post_again(void **state) {
    (void)state;
    struct step step = {.post = {.on_post = on_step_post}};
    assert_int_equal(net_loop_create(&step.loop), OUTCOME_OK);
    net_loop_post(step.loop, &step.post);
    assert_int_equal(step.posted_count, 0);
    net_loop_stop(step.loop);
    net_loop_run(step.loop);
    assert_int_equal(step.posted_count, 3);
    net_loop_destroy(&step.loop);
}

static void on_step_turn(struct net_turn *turn) {
    struct step *step = RING_ITEM(turn, struct step, turn);
    if (++step->turned_count < 3) net_loop_soon(step->loop, turn);
}

static void a_turn_runs_once_a_turn_and_can_be_cancelled(void **state) {
    (void)state;
    struct step step = {.turn = {.on_turn = on_step_turn}};
    struct step gone = step;
    assert_int_equal(net_loop_create(&step.loop), OUTCOME_OK);
    net_loop_soon(step.loop, &step.turn);
    net_loop_soon(step.loop, &step.turn);
    net_loop_soon(step.loop, &gone.turn);
    net_turn_cancel(&gone.turn);
    net_turn_cancel(&gone.turn);
    assert_int_equal(step.turned_count, 0);
    uv_run(&step.loop->uv, UV_RUN_NOWAIT);
    assert_int_equal(step.turned_count, 1);
    net_loop_stop(step.loop);
    net_loop_run(step.loop);
    assert_int_equal(step.turned_count, 3);
    assert_int_equal(gone.turned_count, 0);
    net_loop_destroy(&step.loop);
}

struct pair {
    struct net_turn first, second;
    unsigned second_count;
};

static void on_first(struct net_turn *turn) {
    net_turn_cancel(&RING_ITEM(turn, struct pair, first)->second);
}

static void on_second(struct net_turn *turn) {
    RING_ITEM(turn, struct pair, second)->second_count++;
}

static void a_turn_can_cancel_the_one_behind_it(void **state) {
    (void)state;
    struct net_loop *loop = NULL;
    struct pair pair = {{.on_turn = on_first}, {.on_turn = on_second}, 0};
    assert_int_equal(net_loop_create(&loop), OUTCOME_OK);
    net_loop_soon(loop, &pair.first);
    net_loop_soon(loop, &pair.second);
    net_loop_stop(loop);
    net_loop_run(loop);
    assert_int_equal(pair.second_count, 0);
    net_loop_destroy(&loop);
}

struct job {
    struct net_work work; /* first */
    struct net_loop *loop;
    pthread_t ran_on;
    bool ran, done;
};

static void on_job_run(struct net_work *work) {
    struct job *job = (struct job *)work;
    job->ran_on = pthread_self();
    job->ran = true;
}

static void on_job_done(struct net_work *work) {
    struct job *job = (struct job *)work;
    job->done = true;
    net_loop_stop(job->loop);
}

static void work_runs_elsewhere_and_is_done_here(void **state) {
    (void)state;
    alarm(TEST_SECONDS);
    struct job job = {.work = {on_job_run, on_job_done}};
    assert_int_equal(net_loop_create(&job.loop), OUTCOME_OK);
    assert_int_equal(net_loop_offload(job.loop, &job.work), OUTCOME_OK);
    net_loop_run(job.loop);
    assert_true(job.ran && job.done);
    assert_false(pthread_equal(job.ran_on, pthread_self()));
    net_loop_destroy(&job.loop);
    alarm(0);
}

static void want_of_memory_is_an_outcome(void **state) {
    (void)state;
    struct job job = {.work = {on_job_run, on_job_done}};
    failing_alloc_arm(1);
    assert_int_equal(net_loop_create(&job.loop), OUTCOME_NO_MEMORY);
    assert_true(failing_alloc_disarm());
    assert_int_equal(net_loop_create(&job.loop), OUTCOME_OK);
    failing_alloc_arm(1);
    assert_int_equal(net_loop_offload(job.loop, &job.work), OUTCOME_NO_MEMORY);
    assert_true(failing_alloc_disarm());
    net_loop_destroy(&job.loop); /* it never ran */
    net_loop_destroy(&job.loop);
    assert_false(job.ran || job.done);
}

struct ticking {
    struct net_timer *timer;
    unsigned count;
    bool closes;
};

static void on_tick(void *owner) {
    struct ticking *ticking = owner;
    ticking->count++;
    if (ticking->closes)
        net_timer_close(&ticking->timer);
    else if (ticking->count == 3)
        net_timer_stop(ticking->timer);
}

static void timers_fire_repeat_stop_and_close(void **state) {
    (void)state;
    alarm(TEST_SECONDS);
    struct net_loop *loop = NULL;
    struct ticking repeating = {0};
    struct ticking closing = {.closes = true};
    assert_int_equal(net_loop_create(&loop), OUTCOME_OK);
    assert_int_equal(net_timer_create(loop, on_tick, &repeating, &repeating.timer), OUTCOME_OK);
    assert_int_equal(net_timer_create(loop, on_tick, &closing, &closing.timer), OUTCOME_OK);
    const uint64_t begin_ms = now_ms();
    net_timer_start(repeating.timer, 20, 10);
    net_timer_start(closing.timer, 1, 1);
    assert_true(net_timer_active(repeating.timer));
    RUN_UNTIL(loop, repeating.count == 3);
    assert_true(now_ms() - begin_ms >= 39); /* 20 + 10 + 10, and the clock's grain */
    assert_false(net_timer_active(repeating.timer));
    run_for(loop, 30);
    assert_int_equal(repeating.count, 3);
    assert_int_equal(closing.count, 1);
    assert_null(closing.timer);
    net_timer_close(&repeating.timer);
    net_timer_close(&repeating.timer);
    net_loop_stop(loop);
    net_loop_run(loop);
    net_loop_destroy(&loop);
    alarm(0);
}

static void a_delay_counts_from_now_not_from_the_turn(void **state) {
    (void)state;
    struct net_loop *loop = NULL;
    struct ticking ticking = {0};
    assert_int_equal(net_loop_create(&loop), OUTCOME_OK);
    assert_int_equal(net_timer_create(loop, on_tick, &ticking, &ticking.timer), OUTCOME_OK);
    usleep(60000); /* a long turn */
    const uint64_t begin_ms = now_ms();
    net_timer_start(ticking.timer, 50, 0);
    RUN_UNTIL(loop, ticking.count);
    assert_true(now_ms() - begin_ms >= 49);
    net_timer_close(&ticking.timer);
    net_loop_destroy(&loop);
}

struct caught {
    struct net_loop *loop;
    int signums[3];
    unsigned count;
};

static void on_signal(void *owner, int signum) {
    struct caught *caught = owner;
    caught->signums[caught->count++] = signum;
    if (caught->count == 3) net_loop_stop(caught->loop);
}

static void signals_become_callbacks(void **state) {
    (void)state;
    alarm(TEST_SECONDS);
    struct caught caught = {0};
    assert_int_equal(net_loop_create(&caught.loop), OUTCOME_OK);
    failing_alloc_arm(1);
    assert_int_equal(net_signals_watch(caught.loop, on_signal, &caught), OUTCOME_NO_MEMORY);
    assert_true(failing_alloc_disarm());
    assert_int_equal(net_signals_watch(caught.loop, on_signal, &caught), OUTCOME_OK);
    assert_int_equal(net_signals_watch(caught.loop, on_signal, &caught), OUTCOME_CONFLICT);
    const int sent[] = {SIGHUP, SIGTERM, SIGINT};
    for (unsigned i = 0; i < 3; i++) {
        raise(sent[i]);
        if (i < 2) RUN_UNTIL(caught.loop, caught.count == i + 1);
    }
    raise(SIGPIPE); /* ignored */
    net_loop_run(caught.loop);
    assert_memory_equal(caught.signums, sent, sizeof sent);
    net_loop_destroy(&caught.loop);
    alarm(0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posts_of_many_threads_arrive_in_order),
        cmocka_unit_test(a_post_made_before_stop_runs_and_may_post_again),
        cmocka_unit_test(a_turn_runs_once_a_turn_and_can_be_cancelled),
        cmocka_unit_test(a_turn_can_cancel_the_one_behind_it),
        cmocka_unit_test(work_runs_elsewhere_and_is_done_here),
        cmocka_unit_test(want_of_memory_is_an_outcome),
        cmocka_unit_test(timers_fire_repeat_stop_and_close),
        cmocka_unit_test(a_delay_counts_from_now_not_from_the_turn),
        cmocka_unit_test(signals_become_callbacks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
