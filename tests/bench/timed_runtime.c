/* Stands as `runc` first in containerd's PATH: hands containers whose id begins with "wrapped-" to
 * sigward-runtime and all others to the bare runtime, and appends how long each `create` took, from
 * the fork to the exit, to a file. So both run under one containerd, one shim and one load.
 *
 * Built with -DWRAPPED, -DBARE (programs), -DSEARCH_PATH (the PATH without this folder) and
 * -DTIMES. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int has(char** argv, const char* beginning, size_t size) {
  for (; *argv != NULL; ++argv) {
    if (strncmp(*argv, beginning, size) == 0) {
      return 1;
    }
  }
  return 0;
}

int main(int argc, char** argv) {
  (void)argc;
  const int wrapped = has(argv, "wrapped-", strlen("wrapped-"));
  const char* program = wrapped ? WRAPPED : BARE;
  setenv("PATH", SEARCH_PATH, 1);
  if (!has(argv, "create", sizeof "create")) {
    execv(program, argv);
    return 126;
  }
  const long long started = now();
  const pid_t child = fork();
  if (child == 0) {
    execv(program, argv);
    _exit(126);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    return 125;
  }
  const long long taken = now() - started;
  const int times = open(TIMES, O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (times < 0 || dprintf(times, "%s %lld\n", wrapped ? "wrapped" : "bare", taken) < 0) {
    return 124;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 123;
}
