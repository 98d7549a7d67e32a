#include "load.h"

#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct options options = {
    .host = "127.0.0.1", .clients = 1, .publishers = 1, .size = 100, .rounds = 1, .window = 64, .subscriptions = 8,
    .mode = "writev", .timeout = 60};

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("mqtt-load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static const char usage[] =
    "usage: mqtt-load SCENARIO [--port N] [--server PID] [--clients N] [--publishers N] [--size BYTES] [--rounds N] [--qos 0|1]\n"
    "                 [--window N] [--rate N] [--stalled N] [--subscriptions N] [--tls] [--resume] [--close]\n"
    "                 [--daemon [--first N]] [--mode writev|sendfile|tls] [--certificate FILE --key FILE] [--timeout SECONDS]\n"
    "scenarios: fan-out, storm, idle, throughput, latency, bystander, ceiling; README.md beside the sources explains them.\n"
    "Prints one JSON object. --server is the process whose processor time and memory are measured.\n";

static const struct option names[] = {
    {"port", required_argument, NULL, 'p'},      {"server", required_argument, NULL, 's'},
    {"clients", required_argument, NULL, 'c'},   {"publishers", required_argument, NULL, 'P'},
    {"size", required_argument, NULL, 'z'},      {"rounds", required_argument, NULL, 'r'},
    {"qos", required_argument, NULL, 'q'},       {"window", required_argument, NULL, 'w'},
    {"rate", required_argument, NULL, 'R'},      {"stalled", required_argument, NULL, 'S'},
    {"subscriptions", required_argument, NULL, 'u'}, {"tls", no_argument, NULL, 't'},
    {"resume", no_argument, NULL, 'e'},          {"close", no_argument, NULL, 'C'},
    {"daemon", no_argument, NULL, 'd'},          {"mode", required_argument, NULL, 'm'},
    {"certificate", required_argument, NULL, 'E'}, {"key", required_argument, NULL, 'k'},
    {"timeout", required_argument, NULL, 'T'},   {"host", required_argument, NULL, 'h'},
    {"first", required_argument, NULL, 'f'},
    {NULL, 0, NULL, 0}};

static int number(const char *text) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*text == 0 || *end != 0 || value < 0 || value > 1 << 30) fail("%s is no number from 0 to %d", text, 1 << 30);
    return (int)value;
}

static void parse(int count, char **arguments) {
    for (int name; (name = getopt_long(count, arguments, "", names, NULL)) != -1;) {
        switch (name) {
        case 'p': options.port = number(optarg); break;
        case 's': options.server = number(optarg); break;
        case 'c': options.clients = number(optarg); break;
        case 'P': options.publishers = number(optarg); break;
        case 'z': options.size = number(optarg); break;
        case 'r': options.rounds = number(optarg); break;
        case 'q': options.qos = number(optarg); break;
        case 'w': options.window = number(optarg); break;
        case 'R': options.rate = number(optarg); break;
        case 'S': options.stalled = number(optarg); break;
        case 'f': options.first = number(optarg); break;
        case 'u': options.subscriptions = number(optarg); break;
        case 'T': options.timeout = number(optarg); break;
        case 't': options.tls = true; break;
        case 'e': options.resume = true; break;
        case 'C': options.close = true; break;
        case 'd': options.daemon = true; break;
        case 'm': options.mode = optarg; break;
        case 'E': options.certificate = optarg; break;
        case 'k': options.key = optarg; break;
        case 'h': options.host = optarg; break;
        default: fputs(usage, stderr); exit(64);
        }
    }
    if (optind != count - 1 || options.clients < 1 || options.publishers < 1 || options.window < 1 || options.qos > 1
        || options.stalled >= options.clients) {
        fputs(usage, stderr);
        exit(64);
    }
    options.scenario = arguments[optind];
}

int main(int count, char **arguments) {
    parse(count, arguments);
    signal(SIGPIPE, SIG_IGN);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    static const struct { const char *name; void (*run)(void); } scenarios[] = {
        {"fan-out", fan_out}, {"storm", storm}, {"idle", idle}, {"throughput", throughput},
        {"latency", latency}, {"bystander", bystander}, {"ceiling", ceiling}};
    for (size_t index = 0; index < sizeof scenarios / sizeof *scenarios; index++) {
        if (strcmp(options.scenario, scenarios[index].name) != 0) continue;
        scenarios[index].run();
        return 0;
    }
    fputs(usage, stderr);
    return 64;
}
