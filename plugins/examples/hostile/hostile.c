/* A plugin that emits five rows and a checkpoint, as it should, and then does the deed that its
 * configuration names. Deeds that the system is to refuse are told by an error: `allowed`, or the
 * name of the system's error. */
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

VOC_MANIFEST("{\"voc\":1,\"abi\":[1,0],\"id\":\"org.example.hostile\",\"version\":\"0.1.0\","
             "\"egress\":[\"*.example.com:8443\"],"
             "\"config_schema\":{\"type\":\"object\",\"properties\":{"
             "\"deed\":{\"type\":\"string\"},\"target\":{\"type\":\"string\"},"
             "\"granted\":{\"type\":\"string\",\"x-voc-path\":true},"
             "\"server\":{\"type\":\"string\",\"x-voc-url\":true},"
             "\"token\":{\"type\":\"string\",\"x-voc-secret\":true}}},"
             "\"streams\":[{\"name\":\"rows\",\"kinds\":[\"activity\"]}],\"checkpoint_format\":1}");

static const voc_host *host;
static char deed[64];
static char target[512];
static char token[128];

/* --- texts --- */

static voc_str str(const char *text) {
  voc_str borrowed = {(const uint8_t *)text, strlen(text)};
  return borrowed;
}

static int has(voc_str text, const char *part) {
  return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
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

static int is(const char *name) { return strcmp(deed, name) == 0; }

/* --- rows of the kind `activity` --- */

enum { COLUMNS = 4, TIME = 3, ROWS = 5, ROWS_MAX = 65536 };

static const int32_t good_offsets[] = {0, 2, 4, 6, 8, 10};
static const int32_t bad_offsets[] = {0, 2, 900000, 6, 8, 10};
static const int64_t times[] = {1000000, 2000000, 3000000, 4000000, 5000000};
static const void *texts[] = {NULL, good_offsets, "r1r2r3r4r5"};
static const void *bad_texts[] = {NULL, bad_offsets, "r1r2r3r4r5"};
static const void *instants[] = {NULL, times};
static const void *no_buffer[] = {NULL};

/* Everything is static, so nothing needs to be freed. */
static void drop_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void drop_array(struct ArrowArray *array) { array->release = NULL; }

/* One row more than a batch may have, with buffers that really are so long. */
static void grow(struct ArrowArray *columns, struct ArrowArray *array) {
  static const void *zeros[3];
  zeros[1] = calloc(ROWS_MAX + 2, 8);
  zeros[2] = "";
  for (int idx = 0; idx < COLUMNS; idx++) {
    columns[idx].length = ROWS_MAX + 1;
    columns[idx].buffers = zeros;
  }
  array->length = ROWS_MAX + 1;
}

/* Emits the rows, or what a lie makes of them. */
static voc_status emit(const voc_out *out, const char *lie) {
  static const char *names[COLUMNS] = {"id", "customer", "name", "happened_at"};
  static struct ArrowSchema fields[COLUMNS], *field_list[COLUMNS];
  static struct ArrowArray columns[COLUMNS], *column_list[COLUMNS];
  for (int idx = 0; idx < COLUMNS; idx++) {
    fields[idx] = (struct ArrowSchema){.format = idx == TIME ? "tsu:UTC" : "u",
                                       .name = names[idx],
                                       .flags = ARROW_FLAG_NULLABLE,
                                       .release = drop_schema};
    columns[idx] = (struct ArrowArray){.length = ROWS,
                                       .n_buffers = idx == TIME ? 2 : 3,
                                       .buffers = idx == TIME ? instants : texts,
                                       .release = drop_array};
    field_list[idx] = &fields[idx];
    column_list[idx] = &columns[idx];
  }
  struct ArrowSchema schema = {.format = "+s",
                               .name = "",
                               .n_children = COLUMNS,
                               .children = field_list,
                               .release = drop_schema};
  struct ArrowArray array = {.length = ROWS,
                             .n_buffers = 1,
                             .buffers = no_buffer,
                             .n_children = COLUMNS,
                             .children = column_list,
                             .release = drop_array};
  const char *kind = "activity";
  if (strcmp(lie, "wrong kind") == 0) kind = "no_such_kind";
  if (strcmp(lie, "wrong type") == 0) fields[TIME].format = "g";
  if (strcmp(lie, "unknown column") == 0) fields[1].name = "no_such_column";
  for (int idx = 0; idx < COLUMNS && strcmp(lie, "beyond buffers") == 0; idx++)
    columns[idx].length = array.length = 60000;
  if (strcmp(lie, "bad offsets") == 0) columns[0].buffers = bad_texts;
  if (strcmp(lie, "endless") == 0) array.length = INT64_MAX;
  if (strcmp(lie, "giant batch") == 0) grow(columns, &array);
  return out->batch(out->ctx, str(kind), &schema, &array);
}

/* --- what breaks its own process --- */

/* Deeper than any stack; the address keeps the compiler from making a loop of it. */
static int sink(volatile char *above) {
  volatile char here[4096];
  here[0] = above == NULL ? 0 : above[0];
  return deed[0] == 0 ? 0 : sink(here) + here[0];
}

static void leak(void) {
  for (size_t n_mib = 0; n_mib < 4096; n_mib++) {
    char *block = malloc(1 << 20);
    if (block == NULL) {
      /* What a Rust plugin prints when its allocator is refused. */
      fprintf(stderr, "memory allocation of 1048576 bytes failed\n");
      abort();
    }
    memset(block, 1, 1 << 20);
  }
}

static void break_down(void) {
  if (is("segfault")) *(volatile int *)8 = 1;
  if (is("abort")) abort();
  if (is("exit")) exit(0);
  if (is("stack overflow")) sink(NULL);
  if (is("leak")) leak();
  if (is("spin"))
    for (volatile uint64_t n_turns = 0;; n_turns++) {
    }
  if (is("fork")) (void)!fork();
  if (is("fork") || is("sleep"))
    for (;;) pause();
}

/* --- what is said that should not be --- */

static voc_status fail(const voc_out *out, voc_status status, const char *text, uint64_t wait_ms) {
  out->error(out->ctx, status, str(text), str(""), wait_ms);
  return status;
}

static voc_status talk(const voc_out *out) {
  char text[256];
  snprintf(text, sizeof text, "the token %s was refused", token);
  if (is("flood"))
    for (int idx = 0; idx < 200000; idx++)
      host->log(host->ctx, 2, str("flood"), str("again and again"), str("{}"));
  if (is("secret in log")) host->log(host->ctx, 2, str("hostile"), str(text), str(""));
  if (is("stdout") || is("last words")) {
    printf("using %s\n", token);
    fflush(stdout);
  }
  if (is("last words")) abort();
  if (is("auth")) return fail(out, VOC_AUTH, text, 0);
  if (is("rate limit")) return fail(out, VOC_RATE_LIMITED, "slow down", 1500);
  /* What the SDK makes of a panic: nothing may be thrown across the border. */
  if (is("panic")) return fail(out, VOC_PANIC, "panicked: index out of bounds", 0);
  return VOC_OK;
}

/* --- what the system refuses --- */

static int read_file(void) {
  char byte;
  int file = open(target, O_RDONLY);
  if (file < 0) return -1;
  int n_read = read(file, &byte, 1);
  close(file);
  return n_read == 1 ? 0 : -1;
}

static int at_port(int (*act)(int, const struct sockaddr *, socklen_t), int port) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
  int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  if (socket_fd < 0) return -1;
  return act(socket_fd, (struct sockaddr *)&address, sizeof address);
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

/* Returns 0 or more where it was allowed, -1 with errno where not, -2 where the deed is none. */
static int attempt(void) {
  char *const no_arguments[] = {NULL};
  if (is("read")) return read_file();
  if (is("write")) return open(target, O_WRONLY | O_CREAT, 0600);
  if (is("delete")) return unlink(target);
  if (is("connect")) return at_port(connect, atoi(target));
  if (is("listen")) return at_port(bind, 0);
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
  return -2;
}

/* --- the plugin --- */

static voc_status open_plugin(const voc_host *offered, voc_str config, const voc_out *out,
                              void **instance) {
  (void)out;
  host = offered;
  member(config, "deed", deed, sizeof deed);
  member(config, "target", target, sizeof target);
  member(config, "token", token, sizeof token);
  *instance = deed;
  return VOC_OK;
}

static void close_plugin(void *instance) { (void)instance; }

static voc_status misbehave(const voc_out *out) {
  static const char *lies[] = {"wrong kind",     "wrong type",  "unknown column", "bad offsets",
                               "beyond buffers", "giant batch", "endless"};
  for (size_t idx = 0; idx < sizeof lies / sizeof *lies; idx++)
    if (is(lies[idx])) return emit(out, lies[idx]);
  if (is("checkpoint ahead")) {
    if (out->checkpoint(out->ctx, str("rows"), str("{\"n\":10}")) != VOC_OK) return VOC_CANCELLED;
    return emit(out, "");
  }
  if (is("other stream")) return out->checkpoint(out->ctx, str("another"), str("{\"n\":9}"));
  break_down();
  int tried = attempt();
  if (tried >= -1) return fail(out, VOC_INTERNAL, tried < 0 ? strerrorname_np(errno) : "allowed", 0);
  return talk(out);
}

static voc_status read_plugin(void *instance, voc_str request, const voc_out *out) {
  (void)instance;
  voc_status status = VOC_OK;
  do {
    if (has(request, "\"checkpoint\":{")) break;
    status = emit(out, "");
    if (status == VOC_OK) status = out->checkpoint(out->ctx, str("rows"), str("{\"n\":5}"));
    if (status != VOC_OK) return VOC_CANCELLED;
  } while (is("forever"));
  return misbehave(out);
}

static const voc_plugin plugin = {.struct_size = sizeof(voc_plugin),
                                  .open = open_plugin,
                                  .close = close_plugin,
                                  .read = read_plugin};

VOC_EXPORT const voc_plugin *voc_plugin_entry_v1(uint32_t host_minor) {
  (void)host_minor;
  return &plugin;
}
