#include "swtpm.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

bool swtpm_is_there(void) {
    return system("command -v swtpm swtpm_setup swtpm_localca >/dev/null 2>&1") == 0;
}

static bool write_file(const char *dir, const char *name, const char *text) {
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    return f != NULL && fputs(text, f) >= 0 && fclose(f) == 0;
}

static bool make(struct swtpm *t) {
    char text[1024], command[512];
    (void)snprintf(text, sizeof text,
                   "statedir = %s\nsigningkey = %s/signkey.pem\nissuercert = %s/issuercert.pem\n"
                   "certserial = %s/certserial\n",
                   t->dir, t->dir, t->dir, t->dir);
    if (!write_file(t->dir, "localca.conf", text) ||
        !write_file(t->dir, "localca.options",
                    "--platform-manufacturer test\n--platform-version 1\n--platform-model test\n"))
        return false;
    (void)snprintf(text, sizeof text,
                   "create_certs_tool = swtpm_localca\ncreate_certs_tool_config = "
                   "%s/localca.conf\ncreate_certs_tool_options = %s/localca.options\n",
                   t->dir, t->dir);
    if (!write_file(t->dir, "setup.conf", text))
        return false;
    (void)snprintf(command, sizeof command,
                   "swtpm_setup --tpm2 --tpmstate %s --config %s/setup.conf --create-ek-cert "
                   "--pcr-banks sha256 >%s/log 2>&1",
                   t->dir, t->dir, t->dir);
    return system(command) == 0;
}

static bool wait_for(const char *path) {
    const struct timespec pause = {.tv_nsec = 10000000};
    for (int i = 0; i < 500; i++) {
        if (access(path, F_OK) == 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static bool run(struct swtpm *t) {
    char state[96], server[128], control[128], path[96];
    (void)snprintf(state, sizeof state, "dir=%s", t->dir);
    (void)snprintf(path, sizeof path, "%s/s", t->dir);
    (void)snprintf(server, sizeof server, "type=unixio,path=%s", path);
    (void)snprintf(control, sizeof control, "type=unixio,path=%s.ctrl", path);
    (void)snprintf(t->tcti, sizeof t->tcti, "swtpm:path=%s", path);
    (void)unlink(path);
    fflush(stdout);
    t->process = fork();
    if (t->process == 0) {
        if (freopen("/dev/null", "w", stdout) == NULL || freopen("/dev/null", "w", stderr) == NULL)
            _exit(126);
        execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server,
               "--ctrl", control, "--flags", "not-need-init,startup-clear", (char *)NULL);
        _exit(127);
    }
    return t->process > 0 && wait_for(path);
}

static void end(struct swtpm *t) {
    if (t->process <= 0)
        return;
    (void)kill(t->process, SIGTERM);
    (void)waitpid(t->process, NULL, 0);
    t->process = 0;
}

bool swtpm_start(struct swtpm *t) {
    *t = (struct swtpm){.dir = "/tmp/hats-swtpm-XXXXXX"};
    if (mkdtemp(t->dir) == NULL || !make(t) || !run(t)) {
        fprintf(stderr, "no software TPM could be started; see %s/log\n", t->dir);
        return false;
    }
    return true;
}

bool swtpm_restart(struct swtpm *t) {
    end(t);
    return run(t);
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at) {
    (void)s, (void)type, (void)at;
    return remove(path);
}

void swtpm_stop(struct swtpm *t) {
    end(t);
    if (t->dir[0] != '\0')
        (void)nftw(t->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

bool swtpm_extend(const struct swtpm *t, unsigned pcr, const unsigned char digest[32]) {
    TSS2_TCTI_CONTEXT *tcti = NULL;
    ESYS_CONTEXT *esys = NULL;
    TPML_DIGEST_VALUES values = {.count = 1, .digests[0].hashAlg = TPM2_ALG_SHA256};
    memcpy(values.digests[0].digest.sha256, digest, 32);
    bool good = Tss2_TctiLdr_Initialize(t->tcti, &tcti) == TSS2_RC_SUCCESS &&
                Esys_Initialize(&esys, tcti, NULL) == TSS2_RC_SUCCESS &&
                Esys_PCR_Extend(esys, pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &values) ==
                    TSS2_RC_SUCCESS;
    if (esys != NULL)
        Esys_Finalize(&esys);
    if (tcti != NULL)
        Tss2_TctiLdr_Finalize(&tcti);
    return good;
}
