/* The daemon: signals, the service manager, and what a process that holds keys should switch off. */
#include "server/service.h"

#include "base/random.h"
#include "base/text.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define TICK_MS 1000

static int failed(const struct hats_error *err) {
    fprintf(stderr, "hatsd: %s\n", err->text);
    return hats_status_exit_code(err->status);
}

/* No core files, and no other process of this user may look into this one. The first alone would do; the
 * limit also reaches what a service manager started with this process's limits. */
static void harden(void) {
    const struct rlimit none = {0, 0};
    bool undumpable = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
    if (setrlimit(RLIMIT_CORE, &none) != 0 && !undumpable)
        hats_server_log("warning", "core-dumps-on", "reason", strerror(errno));
}

static sigset_t signals_of_ours(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

static void reload(struct hats_server *s) {
    struct hats_error err = {0};
    hats_server_notify("RELOADING=1");
    (void)!hats_server_reload(s, &err); /* logged there; the old models are served on */
    hats_server_notify("READY=1");
}

static void wait_for_the_end(struct hats_server *s) {
    const sigset_t set = signals_of_ours();
    unsigned watchdog = hats_server_watchdog_ms();
    unsigned tick = watchdog != 0 && watchdog < TICK_MS ? watchdog : TICK_MS;
    const struct timespec timeout = {tick / 1000, (long)(tick % 1000) * 1000000};
    for (;;) {
        int got = sigtimedwait(&set, NULL, &timeout);
        if (got == SIGTERM || got == SIGINT)
            return;
        if (got == SIGHUP)
            reload(s);
        if (watchdog != 0)
            hats_server_notify("WATCHDOG=1");
    }
}

static int serve(const struct hats_server_config *config, struct hats_error *err) {
    struct hats_server *s;
    const sigset_t set = signals_of_ours();
    harden();                               /* before any key is read */
    pthread_sigmask(SIG_BLOCK, &set, NULL); /* before any thread: all of them inherit it */
    hats_status status = hats_server_start_with(&s, config, hats_server_listen_fd(), true, err);
    if (status != HATS_OK)
        return failed(err);
    hats_server_notify("READY=1");
    wait_for_the_end(s);
    hats_server_notify("STOPPING=1");
    return hats_server_stop(s) == HATS_OK ? 0 : hats_status_exit_code(HATS_E_TIMEOUT);
}

int hats_server_main(const struct hats_server_options *options) {
    struct hats_error err = {0};
    struct hats_server_config *config;
    if (hats_server_config_load(&config, options->config_path, &err) != HATS_OK)
        return failed(&err);
    if (options->listen_address != NULL || options->port >= 0)
        hats_server_config_listen(config, options->listen_address,
                                  options->port >= 0 ? (uint16_t)options->port
                                                     : (uint16_t)config->port);
    int code = 0;
    if (options->check)
        code = hats_server_check(config, stdout, &err) == HATS_OK ? 0 : failed(&err);
    else
        code = serve(config, &err);
    hats_server_config_free(config);
    return code;
}
