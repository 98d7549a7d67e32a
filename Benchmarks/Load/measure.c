#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(clockid_t clock) {
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) fail("cannot read a clock; has the server ended?");
    return time.tv_sec + time.tv_nsec / 1e9;
}

double now(void) { return seconds(CLOCK_MONOTONIC); }
double own_cpu(void) { return seconds(CLOCK_PROCESS_CPUTIME_ID); }

double cpu_of(pid_t process) {
    if (process == 0) return 0;
    clockid_t clock;
    if (clock_getcpuclockid(process, &clock) != 0) fail("there is no process %d", (int)process);
    return seconds(clock);
}

struct memory memory_of(pid_t process) {
    struct memory memory = {0, 0};
    if (process == 0) return memory;
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)process);
    FILE *file = fopen(path, "r");
    if (!file) fail("there is no process %d", (int)process);
    while (fgets(line, sizeof line, file)) {
        sscanf(line, "VmRSS: %ld", &memory.resident);
        sscanf(line, "VmHWM: %ld", &memory.peak);
    }
    fclose(file);
    return memory;
}

void reset_peak(pid_t process) {
    if (process == 0) return;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/clear_refs", (int)process);
    FILE *file = fopen(path, "w");
    if (!file) return;
    fputs("5", file);
    fclose(file);
}

long kernel_tcp_memory(void) {
    FILE *file = fopen("/proc/net/sockstat", "r");
    if (!file) return 0;
    char line[256];
    long pages = 0;
    while (fgets(line, sizeof line, file)) {
        const char *memory = strncmp(line, "TCP:", 4) == 0 ? strstr(line, "mem ") : NULL;
        if (memory) pages = atol(memory + 4);
    }
    fclose(file);
    return pages * 4;
}

static int ascending(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return difference < 0 ? -1 : difference > 0;
}

double quantile(double *values, size_t count, double part) {
    if (count == 0) return 0;
    qsort(values, count, sizeof *values, ascending);
    size_t index = (size_t)(part * (double)count);
    return values[index < count ? index : count - 1];
}
