/* The daemon itself. It is killed with SIGKILL while clients call it, again and again: every answer that a
 * client got before is the answer it gets afterwards, byte for byte, and every call is answered in the
 * end, once. And what it does for the service manager, and what it logs. */
#include "service.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/random.h"
#include "base/text.h"
#include "hash/sha256.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS = 4, PER_CLIENT = 60, CALLS = CLIENTS * PER_CLIENT, WINDOW = 10, KILLS = 6 };

static const char *hatsd;
static struct service s;
static struct owner owner;
static struct request requests[CALLS];
static uint8_t digests[CALLS][32]; /* of the first answer's body */
static atomic_uint n_answered, n_changed;
static pid_t daemon_pid;

static void pause_ms(unsigned ms) {
    const struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

static uint16_t free_port(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    return ntohs(at.sin_port);
}

/* log_path: where its standard error goes; socket: a listening one to hand over, or -1. */
static void daemon_start_with(const char *log_path, int socket_fd) {
    daemon_pid = fork();
    assert_true(daemon_pid >= 0);
    if (daemon_pid == 0) {
        char pid[16];
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failing test leaves no server behind */
        int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
        if (log >= 0)
            dup2(log, STDERR_FILENO);
        if (socket_fd >= 0) {
            dup2(socket_fd, 3); /* sd_listen_fds(3): they begin at 3 */
            snprintf(pid, sizeof pid, "%d", (int)getpid());
            setenv("LISTEN_PID", pid, 1);
            setenv("LISTEN_FDS", "1", 1);
        }
        execl(hatsd, hatsd, "--config", s.init.config, (char *)NULL);
        _exit(127);
    }
    struct hats_http_client *c = NULL;
    for (int tries = 0; c == NULL && tries < 1000; tries++) {
        c = service_try_connect(&s);
        if (c == NULL)
            pause_ms(10);
    }
    assert_non_null(c);
    hats_http_client_free(c);
}

static void daemon_start(void) { daemon_start_with("/dev/null", -1); }

static int daemon_end(int signal_number) {
    int status;
    assert_int_equal(kill(daemon_pid, signal_number), 0);
    assert_int_equal(waitpid(daemon_pid, &status, 0), daemon_pid);
    return status;
}

static void keep(int i, const struct hats_http_exchange *x) {
    static const uint8_t none[32];
    uint8_t digest[32];
    size_t len;
    const uint8_t *body = hats_http_exchange_body(x, &len);
    hats_sha256(digest, body, len);
    if (memcmp(digests[i], none, 32) == 0) {
        memcpy(digests[i], digest, 32);
        atomic_fetch_add(&n_answered, 1);
    } else if (memcmp(digests[i], digest, 32) != 0) {
        atomic_fetch_add(&n_changed, 1);
    }
}

static bool known(int i) {
    static const uint8_t none[32];
    return memcmp(digests[i], none, 32) != 0;
}

/* One window of calls on one connection; whatever comes back is kept. */
static void send_window(struct hats_http_client *c, int first, int n, bool again) {
    struct infer_call calls[WINDOW];
    struct hats_http_exchange *x[WINDOW] = {NULL};
    for (int i = 0; i < n; i++) {
        if (!again && known(first + i))
            continue;
        infer_call_of(&calls[i], &s, &requests[first + i]);
        if (hats_http_client_submit(c, &x[i], &calls[i].call, NULL) != HATS_OK)
            x[i] = NULL;
    }
    (void)!hats_http_client_run(c, HATS_HTTP_UNTIL_ALL, 20000, NULL);
    for (int i = 0; i < n; i++) {
        if (x[i] != NULL && hats_http_exchange_result(x[i], NULL) == HATS_OK &&
            hats_http_exchange_status(x[i]) == 200)
            keep(first + i, x[i]);
        hats_http_exchange_free(x[i]);
    }
}

static void *client(void *arg) {
    int first = (int)(intptr_t)arg * PER_CLIENT;
    int done = 0;
    while (done < PER_CLIENT) {
        struct hats_http_client *c = service_try_connect(&s);
        while (c != NULL && done < PER_CLIENT && hats_http_client_usable(c)) {
            send_window(c, first + done, WINDOW, false);
            bool all = true;
            for (int i = 0; i < WINDOW; i++)
                all &= known(first + done + i);
            if (all)
                done += WINDOW;
            else
                pause_ms(20);
        }
        hats_http_client_free(c);
        pause_ms(10);
    }
    return NULL;
}

static void prepare(void) {
    service_prepare(&s, free_port(), "lease_seconds = 1\nworkers = 16\n");
    /* A gate beside the service, with a store of its own, knows the model for requests and checks. */
    char path[96], models[96];
    struct hats_store_config config;
    hats_store_config_init(&config);
    snprintf(path, sizeof path, "%s/planner.db", s.world.dir);
    config.path = path;
    assert_int_equal(hats_store_open(&s.world.store, &config, NULL), HATS_OK);
    snprintf(path, sizeof path, "%s/receipt.key.pem", s.world.dir);
    assert_int_equal(hats_mldsa_load(&s.world.signer, path, NULL), HATS_OK);
    hats_gate_config_init(&s.world.config);
    s.world.config.store = s.world.store;
    s.world.config.signer = s.world.signer;
    s.world.config.issuer = "planner";
    assert_int_equal(hats_gate_new(&s.world.gate, &s.world.config, NULL), HATS_OK);
    snprintf(models, sizeof models, "%s/models", s.world.dir);
    assert_int_equal(hats_gate_models_load(s.world.gate, models, NULL, NULL), HATS_OK);
    s.world.now_ms = hats_now_ms();
    owner_make(&owner, 1);
}

/* Once the owner has a session with the daemon. */
static void make_requests(void) {
    s.world.now_ms = hats_now_ms();
    for (int i = 0; i < CALLS; i++) {
        request_make(&requests[i], &s.world, &owner, (uint32_t)i);
        requests[i].core_in_header = true;
        request_assemble(&requests[i]);
    }
}

static void tidy(void) {
    for (int i = 0; i < CALLS; i++)
        request_clear(&requests[i]);
    owner_clear(&owner);
    hats_gate_free(s.world.gate);
    hats_store_close(s.world.store);
    hats_mldsa_free(s.world.signer);
    service_remove(&s);
}

static void check_everything_again(void) {
    struct hats_http_client *c = service_connect(&s);
    s.world.now_ms = hats_now_ms();
    for (int i = 0; i < CALLS; i++) {
        struct infer_call call;
        struct hats_http_exchange *x;
        infer_call_of(&call, &s, &requests[i]);
        assert_int_equal(hats_http_client_call(c, &x, &call.call, NULL), HATS_OK);
        assert_int_equal(hats_http_exchange_status(x), 200);
        keep(i, x);
        struct hats_gate_reply reply = reply_of(x);
        reply_check(&s.world, &requests[i], &reply, NULL);
        hats_http_exchange_free(x);
    }
    hats_http_client_free(c);
    assert_int_equal(atomic_load(&n_changed), 0);
}

static void kill_9_under_load_loses_nothing_that_was_acknowledged(void **state) {
    (void)state;
    unsigned seed = (unsigned)time(NULL);
    print_message("# seed %u\n", seed);
    prepare();
    daemon_start();
    struct hats_http_client *c = service_connect(&s);
    service_register(&s, c, &owner);
    make_requests();
    hats_http_client_free(c);
    pthread_t threads[CLIENTS];
    for (intptr_t i = 0; i < CLIENTS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, client, (void *)i), 0);
    unsigned between = 0; /* kills that came between the first and the last answer */
    for (int k = 0; k < KILLS; k++) {
        unsigned before = atomic_load(&n_answered);
        unsigned wanted = before + 1 + (unsigned)rand_r(&seed) % (CALLS / (KILLS + 1));
        for (int tries = 0; atomic_load(&n_answered) < wanted && tries < 5000; tries++)
            pause_ms(2);
        pause_ms((unsigned)rand_r(&seed) % 20);
        between += atomic_load(&n_answered) < CALLS;
        assert_true(WIFSIGNALED(daemon_end(SIGKILL)));
        daemon_start();
    }
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&n_answered), CALLS);
    assert_true(between >= 2);
    check_everything_again();
    int status = daemon_end(SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    tidy();
}

static void a_daemon_that_cannot_start_says_why_and_exits(void **state) {
    (void)state;
    int fds[2], status;
    char text[512] = "";
    service_prepare(&s, free_port(), NULL);
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        dup2(fds[1], STDERR_FILENO);
        execl(hatsd, hatsd, "--config", "/nowhere/hatsd.toml", (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    ssize_t n = read(fds[0], text, sizeof text - 1);
    close(fds[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(n > 0 && strstr(text, "/nowhere/hatsd.toml") != NULL);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 127);
    service_remove(&s);
}

/* NOTIFY_SOCKET gets READY=1 once it listens, and STOPPING=1 when it drains. */
static void the_service_manager_is_told(void **state) {
    (void)state;
    char path[96], message[64];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    service_prepare(&s, free_port(), NULL);
    snprintf(path, sizeof path, "%s/notify", s.world.dir);
    memcpy(at.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    const struct timeval limit = {20, 0};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setenv("NOTIFY_SOCKET", path, 1);
    setenv("WATCHDOG_USEC", "200000", 1);
    daemon_start();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    static const char *const expected[] = {"READY=1", "WATCHDOG=1", "WATCHDOG=1"};
    for (int i = 0; i < 3; i++) {
        ssize_t n = recv(fd, message, sizeof message - 1, 0);
        assert_true(n > 0);
        message[n] = '\0';
        assert_string_equal(message, expected[i]);
    }
    int status = daemon_end(SIGTERM);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    do {
        ssize_t n = recv(fd, message, sizeof message - 1, 0);
        assert_true(n > 0);
        message[n] = '\0';
    } while (strcmp(message, "WATCHDOG=1") == 0);
    assert_string_equal(message, "STOPPING=1");
    close(fd);
    service_remove(&s);
}

static void a_hangup_reads_the_models_again(void **state) {
    (void)state;
    struct hats_sign_key *publisher;
    service_prepare(&s, free_port(), NULL);
    daemon_start();
    struct hats_http_client *c = service_connect(&s);
    expect_problem(service_ask(&s, c, "GET", "/v2/models/second", "", NULL, 0),
                   HATS_PROBLEM_MODEL_UNKNOWN);
    assert_int_equal(hats_mldsa_load(&publisher, s.init.publisher_key, NULL), HATS_OK);
    world_package(s.world.dir, publisher, "second", "1", 2);
    hats_mldsa_free(publisher);
    assert_int_equal(kill(daemon_pid, SIGHUP), 0);
    unsigned status = 0;
    for (int tries = 0; status != 200 && tries < 1000; tries++) {
        struct hats_http_exchange *x = service_ask(&s, c, "GET", "/v2/models/second", "", NULL, 0);
        status = hats_http_exchange_status(x);
        hats_http_exchange_free(x);
        pause_ms(5);
    }
    assert_int_equal(status, 200);
    hats_http_client_free(c);
    assert_true(WIFEXITED(daemon_end(SIGTERM)));
    service_remove(&s);
}

static void a_socket_of_the_service_manager_is_served(void **state) {
    (void)state;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    service_prepare(&s, free_port(), NULL);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    s.port = ntohs(at.sin_port); /* not the configured one */
    daemon_start_with("/dev/null", fd);
    close(fd);
    assert_true(WIFEXITED(daemon_end(SIGINT)));
    service_remove(&s);
}

/* ---- what the log says, and what it does not ---- */

static void never_in(const char *log, const char *what) {
    if (strstr(log, what) != NULL)
        fail_msg("the log holds %s", what);
}

static void the_log_is_json_and_names_nobody(void **state) {
    (void)state;
    char path[96], sid[65];
    struct hats_buffer log;
    prepare();
    snprintf(path, sizeof path, "%s/stderr", s.world.dir);
    struct hats_server_config *config;
    assert_int_equal(hats_server_config_load(&config, s.init.config, NULL), HATS_OK);
    config->log_requests = true;
    struct hats_buffer text;
    hats_buffer_init(&text, 65536);
    hats_server_config_render(&text, config);
    hats_server_config_free(config);
    assert_int_equal(hats_file_write(s.init.config, 0644, text.data, text.len, NULL), HATS_OK);
    hats_buffer_clear(&text);

    daemon_start_with(path, -1);
    struct hats_http_client *c = service_connect(&s);
    service_register(&s, c, &owner);
    make_requests();
    for (int i = 0; i < 3; i++) {
        struct infer_call call;
        struct hats_http_exchange *x;
        infer_call_of(&call, &s, &requests[i]);
        if (i == 2)
            call.headers[0].value = "Bearer hats_secret_of_somebody";
        assert_int_equal(hats_http_client_call(c, &x, &call.call, NULL), HATS_OK);
        assert_int_equal(hats_http_exchange_status(x), i == 2 ? 401 : 200);
        hats_http_exchange_free(x);
    }
    hats_http_client_free(c);
    assert_true(WIFEXITED(daemon_end(SIGTERM)));

    hats_buffer_init(&log, 1u << 20);
    assert_int_equal(hats_file_read(&log, path, NULL), HATS_OK);
    hats_buffer_append(&log, "", 1);
    never_in((const char *)log.data, s.init.token_text);
    never_in((const char *)log.data, "hats_secret_of_somebody");
    never_in((const char *)log.data, owner.kid_hex);
    never_in((const char *)log.data, requests[0].core_field);
    hats_hex_encode(sid, owner.sid, 32);
    never_in((const char *)log.data, sid);
    never_in((const char *)log.data, "default");
    unsigned lines = 0, served = 0, refused = 0;
    char *save = NULL;
    for (char *line = strtok_r((char *)log.data, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save), lines++) {
        json_t *doc = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        if (doc == NULL)
            fail_msg("not JSON: %s", line);
        const char *event = json_string_value(json_object_get(doc, "event"));
        const char *route = json_string_value(json_object_get(doc, "route"));
        assert_non_null(event);
        assert_non_null(json_string_value(json_object_get(doc, "time")));
        if (strcmp(event, "request") == 0 && strcmp(route, "/v2/models/{model}/infer") == 0) {
            const char *problem = json_string_value(json_object_get(doc, "problem"));
            served += json_integer_value(json_object_get(doc, "status")) == 200;
            refused += problem != NULL && strcmp(problem, "token-unknown") == 0;
        }
        json_decref(doc);
    }
    assert_int_equal(served, 2);
    assert_int_equal(refused, 1);
    assert_true(lines >= 6);
    hats_buffer_clear(&log);
    tidy();
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kill_9_under_load_loses_nothing_that_was_acknowledged),
        cmocka_unit_test(a_daemon_that_cannot_start_says_why_and_exits),
        cmocka_unit_test(the_service_manager_is_told),
        cmocka_unit_test(a_hangup_reads_the_models_again),
        cmocka_unit_test(a_socket_of_the_service_manager_is_served),
        cmocka_unit_test(the_log_is_json_and_names_nobody),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: %s HATSD\n", argv[0]);
        return 2;
    }
    hatsd = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
