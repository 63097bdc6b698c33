/* A software TPM of one's own: made, certified by a certificate authority of the test, and running. */
#ifndef HATS_TESTS_TPM_SWTPM_H
#define HATS_TESTS_TPM_SWTPM_H

#include <stdbool.h>

struct swtpm {
    char dir[64];
    char tcti[128]; /* for hats_tpm_open */
    int process;
};

/* Is there swtpm on this machine? */
bool swtpm_is_there(void);
/* Makes one with an endorsement certificate and starts it. false: said on stderr. */
bool swtpm_start(struct swtpm *t);
/* The power button: PCRs begin anew, everything loaded is gone. */
bool swtpm_restart(struct swtpm *t);
void swtpm_stop(struct swtpm *t);
/* Extends a PCR, as another program would; the library's handle must be closed meanwhile. */
bool swtpm_extend(const struct swtpm *t, unsigned pcr, const unsigned char digest[32]);

#endif
