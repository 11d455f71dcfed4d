/* A plugin that behaves as its configuration says, after five rows and a checkpoint. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "voc_plugin.h"

#define MANIFEST                                                                        \
  "{\"voc\":1,\"abi\":[1,0],\"id\":\"vocd.behave\",\"version\":\"0.1.0\","              \
  "\"streams\":[{\"name\":\"rows\",\"kinds\":[\"activity\"]}],\"checkpoint_format\":1}"

__attribute__((section(".voc.manifest"), used)) static const struct __attribute__((packed)) {
  char magic[6];
  uint32_t bytes;
  char json[sizeof MANIFEST - 1];
} manifest = {{'V', 'O', 'C', 'M', '1', '\n'}, sizeof MANIFEST - 1, MANIFEST};

static char then[64];
static const voc_host *host_services;

static voc_str str(const char *text) {
  voc_str borrowed = {(const uint8_t *)text, strlen(text)};
  return borrowed;
}

static int has(voc_str text, const char *part) {
  return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

/* Rows of `activity`: everything is static, so nothing needs to be freed. */
static const int32_t offsets[] = {0, 2, 4, 6, 8, 10};
static const int64_t times[] = {1000000, 2000000, 3000000, 4000000, 5000000};
static const void *text_buffers[] = {NULL, offsets, "r1r2r3r4r5"};
static const void *time_buffers[] = {NULL, times};
static const void *row_buffers[] = {NULL};

static void drop_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void drop_array(struct ArrowArray *array) { array->release = NULL; }

/* How a batch lies. */
enum lie { HONEST, WRONG_KIND, WRONG_TYPE, UNKNOWN_COLUMN, BEYOND_BUFFERS, BAD_OFFSETS, ENDLESS };

static voc_status emit_as(const voc_out *out, enum lie lie) {
  static const char *names[] = {"id", "customer", "name", "happened_at"};
  static struct ArrowSchema fields[4];
  static struct ArrowArray columns[4];
  static struct ArrowSchema *field_list[4];
  static struct ArrowArray *column_list[4];
  for (int idx = 0; idx < 4; idx++) {
    int is_time = idx == 3;
    fields[idx] = (struct ArrowSchema){.format = is_time ? "tsu:UTC" : "u",
                                       .name = names[idx],
                                       .flags = ARROW_FLAG_NULLABLE,
                                       .release = drop_schema};
    columns[idx] = (struct ArrowArray){.length = 5,
                                       .n_buffers = is_time ? 2 : 3,
                                       .buffers = is_time ? time_buffers : text_buffers,
                                       .release = drop_array};
    field_list[idx] = &fields[idx];
    column_list[idx] = &columns[idx];
  }
  struct ArrowSchema schema = {.format = "+s",
                               .name = "",
                               .n_children = 4,
                               .children = field_list,
                               .release = drop_schema};
  struct ArrowArray array = {.length = 5,
                             .n_buffers = 1,
                             .buffers = row_buffers,
                             .n_children = 4,
                             .children = column_list,
                             .release = drop_array};
  static const int32_t bad_offsets[] = {0, 2, 900000, 6, 8, 10};
  static const void *bad_buffers[] = {NULL, bad_offsets, "r1r2r3r4r5"};
  switch (lie) {
    case WRONG_TYPE: fields[3].format = "g"; break;
    case UNKNOWN_COLUMN: fields[1].name = "no_such_column"; break;
    case BEYOND_BUFFERS: columns[3].length = array.length = 5000000; break;
    case BAD_OFFSETS: columns[0].buffers = bad_buffers; break;
    case ENDLESS: array.length = INT64_MAX; break;
    default: break;
  }
  const char *kind = lie == WRONG_KIND ? "no_such_kind" : "activity";
  return out->batch(out->ctx, str(kind), &schema, &array);
}

static voc_status emit(const voc_out *out) { return emit_as(out, HONEST); }

/* Deeper than any stack; the address keeps the compiler from making a loop of it. */
static int sink(volatile char *above) {
  volatile char here[4096];
  here[0] = above == NULL ? 0 : above[0];
  return then[0] == 0 ? 0 : sink(here) + here[0];
}

static voc_status open_plugin(const voc_host *host, voc_str config, const voc_out *out,
                              void **instance) {
  host_services = host;
  (void)out;
  static const char *known[] = {"end",   "segv",  "abort", "exit",   "more", "auth",
                                "print", "rate",  "sleep", "memory", "fork", "forever",
                                "stack", "spin",  "flood", "checkpoint",
                                "wrong kind", "wrong type", "unknown column",
                                "beyond buffers", "bad offsets", "endless"};
  for (size_t idx = 0; idx < sizeof known / sizeof *known; idx++) {
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\"", known[idx]);
    if (has(config, quoted)) snprintf(then, sizeof then, "%s", known[idx]);
  }
  *instance = then;
  return VOC_OK;
}

static void close_plugin(void *instance) { (void)instance; }

static voc_status is(const char *name) { return strcmp(then, name) == 0; }

static voc_status read_plugin(void *instance, voc_str request, const voc_out *out) {
  (void)instance;
  if (has(request, "\"n\":5")) return VOC_OK;
  voc_status status = VOC_OK;
  do {
    status = emit(out);
    if (status == VOC_OK) status = out->checkpoint(out->ctx, str("rows"), str("{\"n\":5}"));
    if (status != VOC_OK) return VOC_CANCELLED;
  } while (is("forever"));
  if (is("segv")) *(volatile int *)8 = 1;
  if (is("abort")) abort();
  if (is("exit")) exit(0);
  if (is("more")) return emit(out);
  if (is("wrong kind")) return emit_as(out, WRONG_KIND);
  if (is("wrong type")) return emit_as(out, WRONG_TYPE);
  if (is("unknown column")) return emit_as(out, UNKNOWN_COLUMN);
  if (is("beyond buffers")) return emit_as(out, BEYOND_BUFFERS);
  if (is("bad offsets")) return emit_as(out, BAD_OFFSETS);
  if (is("endless")) return emit_as(out, ENDLESS);
  if (is("stack")) return sink(NULL);
  if (is("spin"))
    for (volatile uint64_t n_turns = 0;; n_turns++) {
    }
  if (is("flood"))
    for (int idx = 0; idx < 200000; idx++)
      host_services->log(host_services->ctx, 2, str("flood"), str("again and again"), str("{}"));
  if (is("checkpoint"))
    return out->checkpoint(out->ctx, str("another stream"), str("{\"n\":9}"));
  if (is("auth")) {
    out->error(out->ctx, VOC_AUTH, str("the token hunter22 was refused"), str(""), 0);
    return VOC_AUTH;
  }
  if (is("print")) {
    printf("using hunter22\n");
    fflush(stdout);
    abort();
  }
  if (is("rate")) {
    out->error(out->ctx, VOC_RATE_LIMITED, str("slow down"), str(""), 1500);
    return VOC_RATE_LIMITED;
  }
  if (is("memory")) {
    /* What a Rust plugin prints when its allocator is refused. */
    for (size_t n_mib = 0; n_mib < 4096; n_mib++) {
      char *block = malloc(1 << 20);
      if (block == NULL) {
        fprintf(stderr, "memory allocation of 1048576 bytes failed\n");
        abort();
      }
      memset(block, 1, 1 << 20);
    }
  }
  if (is("fork") && fork() == 0)
    for (;;) pause();
  if (is("sleep") || is("fork"))
    for (;;) pause();
  return VOC_OK;
}

static const voc_plugin plugin = {.struct_size = sizeof(voc_plugin),
                                  .open = open_plugin,
                                  .close = close_plugin,
                                  .read = read_plugin};

VOC_EXPORT const voc_plugin *voc_plugin_entry_v1(uint32_t host_minor) {
  (void)host_minor;
  return &plugin;
}
