#include "base/cpu.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const backend_names[HATS_BACKEND_COUNT] = {"portable", "avx2", "avx512"};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static enum hats_backend chosen;
static bool have[HATS_BACKEND_COUNT];
static bool have_sha_ni;
static char model_name[64] = "unknown";

#if defined(__x86_64__)
#include <cpuid.h>

static void detect(void) {
    unsigned a, b, c, d;
    __builtin_cpu_init();
    have[HATS_AVX2] = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
                      __builtin_cpu_supports("popcnt");
    have[HATS_AVX512] =
        have[HATS_AVX2] && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512ifma") &&
        __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vpopcntdq");
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
        have_sha_ni = (b >> 29 & 1) != 0 && __builtin_cpu_supports("sse4.1");
}
#else
static void detect(void) {}
#endif

static void read_model_name(void) {
    FILE *f = fopen("/proc/cpuinfo", "re");
    char line[256];
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        colon += strspn(colon, ": \t");
        colon[strcspn(colon, "\n")] = '\0';
        snprintf(model_name, sizeof model_name, "%.63s", colon);
        break;
    }
    if (f != NULL)
        fclose(f);
}

static void choose(void) {
    have[HATS_PORTABLE] = true;
    detect();
    read_model_name();
    chosen = have[HATS_AVX512] ? HATS_AVX512 : have[HATS_AVX2] ? HATS_AVX2 : HATS_PORTABLE;
    const char *wish = getenv("HATS_CPU");
    for (int i = 0; wish != NULL && i < HATS_BACKEND_COUNT; i++)
        if (strcmp(wish, backend_names[i]) == 0 && have[i] && i < (int)chosen)
            chosen = (enum hats_backend)i;
}

enum hats_backend hats_cpu_backend(void) {
    pthread_once(&once, choose);
    return chosen;
}

bool hats_cpu_available(enum hats_backend b) {
    pthread_once(&once, choose);
    return have[b];
}

bool hats_cpu_sha_ni(void) { return hats_cpu_backend() != HATS_PORTABLE && have_sha_ni; }

const char *hats_cpu_backend_name(enum hats_backend b) { return backend_names[b]; }

/* Three folders, at most two backends of each and SHA-NI. */
#define FAILURES_MAX 8

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct { const char *folder, *kernels; } failures[FAILURES_MAX];
static size_t n_failures;

void hats_cpu_report_failed(const char *folder, const char *kernels) {
    pthread_mutex_lock(&lock);
    if (n_failures < FAILURES_MAX) {
        failures[n_failures].folder = folder;
        failures[n_failures++].kernels = kernels;
    }
    pthread_mutex_unlock(&lock);
}

enum hats_backend hats_cpu_tested(const char *folder, bool (*passes)(enum hats_backend b)) {
    enum hats_backend b = hats_cpu_backend();
    for (; b != HATS_PORTABLE; b = (enum hats_backend)(b - 1)) {
        if (passes(b))
            break;
        hats_cpu_report_failed(folder, backend_names[b]);
    }
    return b;
}

bool hats_cpu_self_test_failed(char *text, size_t len_bytes) {
    size_t used = 0;
    text[0] = '\0';
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_failures && used < len_bytes; i++)
        used += (size_t)snprintf(text + used, len_bytes - used, "%s%s %s", i == 0 ? "" : ", ",
                                 failures[i].folder, failures[i].kernels);
    bool failed = n_failures != 0;
    pthread_mutex_unlock(&lock);
    return failed;
}

const char *hats_cpu_model(void) {
    pthread_once(&once, choose);
    return model_name;
}
