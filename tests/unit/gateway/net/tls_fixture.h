/* Certificates made by the openssl command line in a directory of their own, and `openssl s_server` as the
 * other side. */
#ifndef SLUICE_TESTS_TLS_FIXTURE_H
#define SLUICE_TESTS_TLS_FIXTURE_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "gateway/net/upstream_pool.h"
#include "tests/unit/gateway/net/net_fixture.h"

static char tls_directory[64];

/* leaf NAME SUBJECT_ALT_NAMES USAGE KEY_OPTIONS: a certificate of the test's authority. */
static const char tls_script[] =
    "set -e; cd \"$1\"; exec 2>openssl.log\n"
    "ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'\n"
    "openssl req -x509 $ec -keyout ca.key -out ca.pem -subj '/CN=test authority' -days 2 -sha256\n"
    "openssl req -x509 $ec -keyout other.key -out other.pem -subj '/CN=other authority' -days 2 -sha256\n"
    "openssl req -x509 $ec -keyout selfsigned.key -out selfsigned.pem -subj /CN=localhost -days 2 -sha256 \\\n"
    "  -addext subjectAltName=DNS:localhost\n"
    "mkdir new; touch index; echo 01 >serial\n"
    "cat >ca.conf <<END\n"
    "[ca]\n"
    "default_ca = test\n"
    "[test]\n"
    "new_certs_dir = new\n"
    "database = index\n"
    "serial = serial\n"
    "certificate = ca.pem\n"
    "private_key = ca.key\n"
    "policy = any\n"
    "unique_subject = no\n"
    "[any]\n"
    "commonName = supplied\n"
    "END\n"
    "leaf() {\n"
    "  name=$1; names=$2; usage=$3; hash=$4; from=$5; to=$6; shift 6\n"
    "  openssl req -new -nodes \"$@\" -keyout $name.key -out $name.csr -subj /CN=$name\n"
    "  printf 'subjectAltName=%s\\nextendedKeyUsage=%s\\n' $names $usage >$name.ext\n"
    "  openssl ca -batch -notext -config ca.conf -in $name.csr -out $name.pem -extfile $name.ext \\\n"
    "    -md $hash -startdate $from -enddate $to\n"
    "}\n"
    "past=20200101000000Z; soon=20200102000000Z; future=20480101000000Z; far=20490101000000Z\n"
    "ec='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1'\n"
    "leaf good DNS:localhost serverAuth sha256 $past $far $ec\n"
    "leaf rsa DNS:localhost serverAuth sha256 $past $far -newkey rsa:2048\n"
    "leaf wrong DNS:other.example serverAuth sha256 $past $far $ec\n"
    "leaf expired DNS:localhost serverAuth sha256 $past $soon $ec\n"
    "leaf early DNS:localhost serverAuth sha256 $future $far $ec\n"
    "leaf client DNS:localhost clientAuth sha256 $past $far $ec\n"
    "leaf weak DNS:localhost serverAuth sha256 $past $far -newkey rsa:1024\n"
    "leaf sha1 DNS:localhost serverAuth sha1 $past $far $ec\n"
    "(cat ca.pem; echo '-----BEGIN CERTIFICATE-----'; echo AAAA; echo '-----END CERTIFICATE-----') >broken.pem\n"
    "echo nothing >empty.pem\n";

static inline const char *tls_path(const char *name) {
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", tls_directory, name);
    return path;
}

static inline int run_shell(const char *script) {
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        execlp("sh", "sh", "-c", script, "sh", tls_directory, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static inline int tls_set_up(void **state) {
    (void)state;
    (void)snprintf(tls_directory, sizeof tls_directory, "/tmp/sluice-test-tls-XXXXXX");
    if (mkdtemp(tls_directory) == NULL) return -1;
    return run_shell(tls_script);
}

static inline int tls_tear_down(void **state) {
    (void)state;
    return run_shell("rm -r \"$1\"");
}

struct tls_server {
    pid_t pid;
    unsigned short port;
};

static inline void exec_server(const char *certificate, const char *const *options) {
    char certificate_path[160];
    char key_path[160];
    const char *arguments[32] = {"openssl", "s_server",       "-accept", "127.0.0.1:0",
                                 "-cert",   certificate_path, "-key",    key_path};
    (void)snprintf(certificate_path, sizeof certificate_path, "%s/%s.pem", tls_directory, certificate);
    (void)snprintf(key_path, sizeof key_path, "%s/%s.key", tls_directory, certificate);
    for (unsigned i = 8; i < 31 && *options; i++) arguments[i] = *options++;
    if (chdir(tls_directory) == 0) execvp("openssl", (char *const *)arguments);
    _exit(127);
}

/* `options` ends with NULL. Reads the port from what the server prints. */
static inline struct tls_server tls_serve(const char *certificate, const char *const *options) {
    struct tls_server server = {0};
    int out[2];
    char printed[4096] = "";
    size_t len = 0;
    assert_int_equal(pipe(out), 0);
    server.pid = fork();
    assert_true(server.pid >= 0);
    if (server.pid == 0) {
        const int nothing = open("/dev/null", O_RDWR);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(nothing, 0);
        dup2(out[1], 1);
        dup2(nothing, 2);
        close(out[0]);
        exec_server(certificate, options);
    }
    close(out[1]);
    const char *accepts = NULL;
    do {
        const ssize_t count = read(out[0], printed + len, sizeof printed - 1 - len);
        assert_true(count > 0);
        len += (size_t)count;
        accepts = strstr(printed, "ACCEPT 127.0.0.1:");
    } while (accepts == NULL || strchr(accepts, '\n') == NULL);
    close(out[0]);
    server.port = (unsigned short)strtoul(accepts + 17, NULL, 10);
    return server;
}

static inline void tls_server_kill(struct tls_server *server) {
    if (server->pid == 0) return;
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

#define CONNECT_MS 5000u

#define OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A pool that talks to one server. */
struct world {
    struct net_loop *loop;
    struct net_pool *pool;
    struct net_tls_client *tls;
    struct net_origin origin;
    struct net_pool_request request;
    struct side side;
    enum outcome outcome;
    struct detail detail;
    bool is_ready;
};

static inline void on_ready(void *owner, enum outcome outcome, struct net_stream *stream, bool reused,
                            const struct detail *detail) {
    struct world *world = owner;
    (void)reused;
    world->is_ready = true;
    world->outcome = outcome;
    world->detail = *detail;
    world->side.stream = stream;
    if (stream) net_stream_attach(stream, &collecting, &world->side);
}

static inline void world_open(struct world *world, const char *ca_name) {
    const struct net_tls_settings settings = {.ca_file = tls_path(ca_name)};
    struct detail detail;
    *world = (struct world){0};
    alarm(TEST_SECONDS);
    assert_int_equal(net_loop_create(&world->loop), OUTCOME_OK);
    assert_int_equal(net_pool_create(world->loop, &world->pool), OUTCOME_OK);
    assert_int_equal(net_tls_client_create(&settings, &world->tls, &detail), OUTCOME_OK);
    world->origin = (struct net_origin){
        .host = SLICE("127.0.0.1"), .tls = true, .tls_client = world->tls, .server_name = "localhost"};
}

static inline void world_connect(struct world *world, unsigned short port) {
    world->origin.port = port;
    world->is_ready = false;
    net_pool_acquire(world->pool, &world->origin, CONNECT_MS, &world->request, on_ready, world);
    RUN_UNTIL(world->loop, world->is_ready);
}

static inline void world_close(struct world *world) {
    net_tls_client_destroy(&world->tls); /* connections may outlive it */
    net_stream_close(&world->side.stream);
    buffer_deinit(&world->side.received);
    net_pool_destroy(&world->pool);
    net_loop_stop(world->loop);
    net_loop_run(world->loop);
    net_loop_destroy(&world->loop);
    alarm(0);
}

static inline void say(struct world *world, const char *text) {
    const struct slice slice = slice_str(text);
    assert_int_equal(net_stream_write(world->side.stream, &slice, 1), OUTCOME_OK);
}

static inline void expect(struct world *world, const char *text) {
    RUN_UNTIL(world->loop, world->side.received.len >= strlen(text) || world->side.end_count);
    assert_true(slice_equal(buffer_slice(&world->side.received), slice_str(text)));
    buffer_clear(&world->side.received);
}

#endif
