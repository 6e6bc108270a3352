#include "gateway/cli/demo_mock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TRIES 200
#define TRY_EVERY_US 50000

struct demo_mock {
    pid_t pid; /* 0: not started */
    char folder[64];
    char program[PATH_MAX];
};

static bool find_program(struct demo_mock *mock) {
    const ssize_t len = readlink("/proc/self/exe", mock->program, sizeof mock->program - 1);
    if (len <= 0) return false;
    mock->program[len] = '\0';
    char *slash = strrchr(mock->program, '/');
    static const char name[] = "/sluice-mock";
    if (slash == NULL || (size_t)(slash - mock->program) + sizeof name > sizeof mock->program) return false;
    memcpy(slash, name, sizeof name);
    return access(mock->program, X_OK) == 0;
}

static void run_program(const struct demo_mock *mock, const char *port_file) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int nowhere = open("/dev/null", O_RDWR);
    if (nowhere >= 0) (void)dup2(nowhere, STDIN_FILENO);
    execl(mock->program, mock->program, "--listen", "127.0.0.1:0", "--name", "local", "--listen", "127.0.0.1:0",
          "--name", "subscription", "--listen", "127.0.0.1:0", "--name", "metered", "--port-file", port_file,
          "--capture", mock->folder, (char *)NULL);
    _exit(127);
}

static bool read_ports(const char *port_file, struct starter_ports *ports) {
    FILE *file = fopen(port_file, "re");
    if (file == NULL) return false;
    char lines[3][16] = {"", "", ""};
    const bool whole = fgets(lines[0], sizeof lines[0], file) && fgets(lines[1], sizeof lines[1], file) &&
                       fgets(lines[2], sizeof lines[2], file);
    fclose(file);
    ports->local = (uint16_t)strtoul(lines[0], NULL, 10);
    ports->subscription = (uint16_t)strtoul(lines[1], NULL, 10);
    ports->metered = (uint16_t)strtoul(lines[2], NULL, 10);
    return whole && ports->local && ports->subscription && ports->metered;
}

enum outcome demo_mock_start(struct demo_mock **mock_out, struct starter_ports *ports_out, struct detail *detail) {
    *mock_out = NULL;
    struct demo_mock *mock = calloc(1, sizeof *mock);
    if (mock == NULL) return OUTCOME_NO_MEMORY;
    enum outcome outcome = OUTCOME_OK;
    snprintf(mock->folder, sizeof mock->folder, "/tmp/sluice-demo-XXXXXX");
    if (!find_program(mock))
        outcome =
            detail_set(detail, OUTCOME_NOT_FOUND, "sluice-mock is not beside this program; `make build` makes both");
    else if (mkdtemp(mock->folder) == NULL)
        outcome = detail_set(detail, OUTCOME_IO, "no temporary folder can be made in /tmp: %s", strerror(errno));
    char port_file[128];
    snprintf(port_file, sizeof port_file, "%s/ports", mock->folder);
    if (outcome == OUTCOME_OK) mock->pid = fork();
    if (mock->pid < 0) outcome = detail_set(detail, OUTCOME_IO, "no process can be made: %s", strerror(errno));
    if (mock->pid == 0 && outcome == OUTCOME_OK) run_program(mock, port_file);
    bool ready = false;
    for (int i = 0; outcome == OUTCOME_OK && !ready && i < START_TRIES; i++) {
        ready = read_ports(port_file, ports_out);
        if (!ready) usleep(TRY_EVERY_US);
    }
    if (outcome == OUTCOME_OK && !ready) outcome = detail_set(detail, OUTCOME_TIMEOUT, "sluice-mock did not start");
    if (outcome != OUTCOME_OK) demo_mock_stop(&mock);
    *mock_out = mock;
    return outcome;
}

static void remove_folder(const char *folder) {
    DIR *listing = opendir(folder);
    if (listing == NULL) return;
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) (void)unlinkat(dirfd(listing), entry->d_name, 0);
    closedir(listing);
    (void)rmdir(folder);
}

void demo_mock_stop(struct demo_mock **mock) {
    if (*mock == NULL) return;
    if ((*mock)->pid > 0) {
        kill((*mock)->pid, SIGTERM);
        waitpid((*mock)->pid, NULL, 0);
    }
    if ((*mock)->pid != 0) remove_folder((*mock)->folder); /* made before the child was */
    free(*mock);
    *mock = NULL;
}

bool demo_mock_received(const struct demo_mock *mock, unsigned number, struct buffer *body) {
    char path[128];
    snprintf(path, sizeof path, "%s/req-%u.json", mock->folder, number);
    json_t *request = json_load_file(path, 0, NULL);
    const char *text = json_string_value(json_object_get(request, "body"));
    if (text) buffer_append_str(body, text);
    json_decref(request);
    return text != NULL && !body->failed;
}
