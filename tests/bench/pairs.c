/* Runs two programs in alternating pairs and prints how long each took.
 *
 *   pairs COUNT STDIN_FILE A... -- B...
 *
 * Prints "A_NANOSECONDS A_EXIT B_NANOSECONDS B_EXIT" per pair. Small and static itself, so that
 * what it costs to start a program from here is little against the program. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char* stdin_file;

static long long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

struct taken {
  long long nanoseconds;
  int code;
};

static struct taken run(char** argv) {
  const long long started = now();
  const pid_t child = vfork();
  if (child == 0) {
    /* Descriptors are the child's own after vfork. */
    const int in = open(stdin_file, O_RDONLY);
    const int out = open("/dev/null", O_WRONLY);
    if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) {
      _exit(125);
    }
    close(in);
    close(out);
    execv(argv[0], argv);
    _exit(126);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) {
    perror("pairs");
    exit(1);
  }
  const struct taken taken = {now() - started, WIFEXITED(status) ? WEXITSTATUS(status) : 127};
  return taken;
}

int main(int argc, char** argv) {
  int middle = 3;
  while (middle < argc && strcmp(argv[middle], "--") != 0) {
    ++middle;
  }
  if (middle == 3 || middle + 1 >= argc) {
    fputs("pairs COUNT STDIN_FILE A... -- B...\n", stderr);
    return 2;
  }
  stdin_file = argv[2];
  argv[middle] = NULL;
  char** first = argv + 3;
  char** second = argv + middle + 1;
  for (long i = 0; i < atol(argv[1]); ++i) {
    struct taken a;
    struct taken b;
    if (i % 2 == 0) {
      a = run(first);
      b = run(second);
    } else {
      b = run(second);
      a = run(first);
    }
    printf("%lld %d %lld %d\n", a.nanoseconds, a.code, b.nanoseconds, b.code);
  }
  return 0;
}
