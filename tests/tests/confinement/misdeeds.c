/* A plugin that tries what its configuration names and tells how the system answered. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "voc_plugin.h"

#define MANIFEST                                                                        \
  "{\"voc\":1,\"abi\":[1,0],\"id\":\"vocd.misdeeds\",\"version\":\"0.1.0\","            \
  "\"egress\":[\"*.example.com:8443\"],"                                                \
  "\"config_schema\":{\"type\":\"object\",\"properties\":{"                             \
  "\"granted\":{\"type\":\"string\",\"x-voc-path\":true},"                              \
  "\"server\":{\"type\":\"string\",\"x-voc-url\":true}}},"                              \
  "\"streams\":[{\"name\":\"rows\",\"kinds\":[\"activity\"]}],\"checkpoint_format\":1}"

__attribute__((section(".voc.manifest"), used)) static const struct __attribute__((packed)) {
  char magic[6];
  uint32_t bytes;
  char json[sizeof MANIFEST - 1];
} manifest = {{'V', 'O', 'C', 'M', '1', '\n'}, sizeof MANIFEST - 1, MANIFEST};

static char deed[64];
static char target[512];

static voc_str str(const char *text) {
  voc_str borrowed = {(const uint8_t *)text, strlen(text)};
  return borrowed;
}

/* The text of a member without escapes. */
static void member(voc_str config, const char *name, char *value, size_t size) {
  char key[64];
  snprintf(key, sizeof key, "\"%s\":\"", name);
  const char *start = memmem(config.ptr, config.len, key, strlen(key));
  value[0] = 0;
  if (start == NULL) return;
  start += strlen(key);
  const char *end = memchr(start, '"', (const char *)config.ptr + config.len - start);
  if (end != NULL && (size_t)(end - start) < size) {
    memcpy(value, start, end - start);
    value[end - start] = 0;
  }
}

static voc_status open_plugin(const voc_host *host, voc_str config, const voc_out *out,
                              void **instance) {
  (void)host;
  (void)out;
  member(config, "deed", deed, sizeof deed);
  member(config, "target", target, sizeof target);
  *instance = deed;
  return VOC_OK;
}

static void close_plugin(void *instance) { (void)instance; }

static int is(const char *name) { return strcmp(deed, name) == 0; }

static int read_file(void) {
  char byte;
  int file = open(target, O_RDONLY);
  if (file < 0) return -1;
  int n_read = read(file, &byte, 1);
  close(file);
  return n_read == 1 ? 0 : -1;
}

static int connect_to(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  if (socket_fd < 0) return -1;
  return connect(socket_fd, (struct sockaddr *)&address, sizeof address);
}

static int listen_there(void) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  if (socket_fd < 0) return -1;
  return bind(socket_fd, (struct sockaddr *)&address, sizeof address);
}

/* More descriptors than the standard ones, the library's and the frames' two. */
static int inherited(void) {
  int n_open = 0;
  for (int fd = 3; fd < 64; fd++)
    if (fd != 4 && fcntl(fd, F_GETFD) >= 0) n_open++;
  errno = EBADF;
  return n_open == 0 ? -1 : 0;
}

extern char **environ;

static int attempt(void) {
  char *const no_arguments[] = {NULL};
  if (is("read")) return read_file();
  if (is("write")) return open(target, O_WRONLY | O_CREAT, 0600);
  if (is("delete")) return unlink(target);
  if (is("connect")) return connect_to(atoi(target));
  if (is("listen")) return listen_there();
  if (is("local socket")) return socket(AF_UNIX, SOCK_STREAM, 0);
  if (is("raw socket")) return socket(AF_PACKET, SOCK_RAW, 0);
  if (is("exec")) return execve("/bin/true", no_arguments, no_arguments);
  if (is("signal")) return kill(getppid(), 0);
  if (is("trace")) return (int)ptrace(PTRACE_ATTACH, getppid(), 0, 0);
  if (is("namespace")) return unshare(CLONE_NEWUSER);
  if (is("clone")) return (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (is("clone3")) return (int)syscall(SYS_clone3, NULL, 0);
  if (is("ring")) return (int)syscall(SYS_io_uring_setup, 1, NULL);
  if (is("grow limits")) return setrlimit(RLIMIT_NOFILE, &(struct rlimit){65536, 65536});
  if (is("environment")) return environ == NULL || environ[0] == NULL ? (errno = ENOENT, -1) : 0;
  if (is("descriptors")) return inherited();
  errno = ENOSYS;
  return -1;
}

static voc_status read_plugin(void *instance, voc_str request, const voc_out *out) {
  (void)instance;
  (void)request;
  int is_allowed = attempt() >= 0;
  const char *answer = is_allowed ? "allowed" : strerrorname_np(errno);
  out->error(out->ctx, VOC_INTERNAL, str(answer), str(""), 0);
  return VOC_INTERNAL;
}

static const voc_plugin plugin = {.struct_size = sizeof(voc_plugin),
                                  .open = open_plugin,
                                  .close = close_plugin,
                                  .read = read_plugin};

VOC_EXPORT const voc_plugin *voc_plugin_entry_v1(uint32_t host_minor) {
  (void)host_minor;
  return &plugin;
}
