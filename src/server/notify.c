/* The service manager's protocols, without its library: sd_notify(3), sd_listen_fds(3). */
#include "server/service.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LISTEN_FDS_START 3

void hats_server_notify(const char *state) {
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof to.sun_path)
        return;
    size_t n = strlen(path);
    memcpy(to.sun_path, path, n);
    if (path[0] == '@')
        to.sun_path[0] = '\0'; /* abstract */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to, len) < 0) {
        /* a manager that does not listen loses a message of its own */
    }
    close(fd);
}

static bool env_number(uint64_t *out, const char *name) {
    const char *text = getenv(name);
    return text != NULL && hats_parse_u64(out, text, strlen(text));
}

unsigned hats_server_watchdog_ms(void) {
    uint64_t us, pid;
    if (!env_number(&us, "WATCHDOG_USEC") || us / 2000 == 0 || us / 2000 > 3600000)
        return 0;
    if (env_number(&pid, "WATCHDOG_PID") && pid != (uint64_t)getpid())
        return 0;
    return (unsigned)(us / 2000);
}

int hats_server_listen_fd(void) {
    uint64_t pid, n;
    if (!env_number(&pid, "LISTEN_PID") || pid != (uint64_t)getpid() ||
        !env_number(&n, "LISTEN_FDS") || n < 1)
        return -1;
    return LISTEN_FDS_START;
}
