/* A plugin that does what its configuration says: {"do":"good"}, or what plugins do on bad days. */
#include "voc_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef FLAGS
#define FLAGS 0
#endif

#define STR(text) ((voc_str){(const uint8_t *)(text), sizeof(text) - 1})

VOC_MANIFEST("{\"voc\":1,\"abi\":[1,0],\"min_host\":[1,0],\"id\":\"org.example.c\","
             "\"version\":\"0.1.0\",\"name\":\"C\",\"caps\":[\"pull\"],\"egress\":[],"
             "\"config_schema\":{\"type\":\"object\"},"
             "\"streams\":[{\"name\":\"courses\",\"kinds\":[\"training\"]}],"
             "\"checkpoint_format\":1,\"limits\":{\"mem_mb\":64,\"idle_s\":10}}");

static const voc_host *host;
static char config[256];

static int does(const char *what) { return strstr(config, what) != NULL; }

/* --- two rows of the kind `training`, in static memory, so releasing only marks --- */

static void release_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void release_array(struct ArrowArray *array) { array->release = NULL; }

static int32_t offsets[3] = {0, 2, 4};
static char text[] = "a1b2";
static int64_t times[2] = {1767225600000000, 1767225600000001};
static const void *text_buffers[3] = {NULL, offsets, text};
static const void *time_buffers[2] = {NULL, times};
static const void *no_buffer[1] = {NULL};

static struct ArrowSchema columns_schema[4], *schema_children[4], schema;
static struct ArrowArray columns[4], *array_children[4], array;

static void column(int idx, const char *name, const char *format, const void **buffers, int n) {
  columns_schema[idx] = (struct ArrowSchema){format, name, NULL, ARROW_FLAG_NULLABLE, 0, NULL,
                                             NULL, release_schema, NULL};
  columns[idx] = (struct ArrowArray){2, 0, 0, n, 0, buffers, NULL, NULL, release_array, NULL};
  schema_children[idx] = &columns_schema[idx];
  array_children[idx] = &columns[idx];
}

static void make_rows(void) {
  column(0, "id", "u", text_buffers, 3);
  column(1, "agent", "u", text_buffers, 3);
  column(2, "course", "u", text_buffers, 3);
  column(3, "completed_at", "tsu:UTC", time_buffers, 2);
  schema = (struct ArrowSchema){"+s", "", NULL, 0, 4, schema_children, NULL, release_schema, NULL};
  array = (struct ArrowArray){2, 0, 0, 1, 4, no_buffer, array_children, NULL, release_array, NULL};
  if (does("bogus_length")) array.length = (int64_t)1 << 40;
  if (does("short_column")) columns[2].length = 1;
  if (does("bogus_offset")) offsets[2] = 1 << 30;
  if (does("falling_offset")) offsets[1] = 4, offsets[2] = 2;
  if (does("bad_utf8")) text[0] = (char)0xff;
  if (does("null_buffer")) time_buffers[1] = NULL;
  if (does("unknown_column")) columns_schema[2].name = "curse";
  if (does("lying_type")) columns_schema[2].format = "g", columns[2].n_buffers = 2;
  if (does("no_agent")) columns_schema[1].name = "result";
  if (does("released")) schema.release = NULL;
}

/* --- the plugin --- */

static voc_status open_plugin(const voc_host *host_side, voc_str config_json, const voc_out *out,
                              void **instance) {
  size_t len = config_json.len < sizeof config - 1 ? config_json.len : sizeof config - 1;
  memcpy(config, config_json.ptr, len);
  host = host_side;
  *instance = config;
  if (does("bad_config")) {
    out->error(out->ctx, VOC_CONFIG, STR("`do` is wrong"), STR("detail"), 0);
    return VOC_CONFIG;
  }
  return VOC_OK;
}

static void close_plugin(void *instance) {
  (void)instance;
  if (does("crash_at_close")) abort();
}

static voc_status call(void *instance, voc_str method, voc_str params, const voc_out *out) {
  (void)instance, (void)params;
  if (method.len == 5 && memcmp(method.ptr, "check", 5) == 0)
    return out->reply(out->ctx, STR("{\"ok\":true}"));
  return VOC_UNSUPPORTED;
}

static void misbehave(void) {
  if (does("segfault")) *(volatile int *)8 = 1;
  if (does("abort")) abort();
  if (does("exit_0")) exit(0);
  if (does("hang")) {
    host->log(host->ctx, 3, STR("plugin"), STR("hanging"), STR(""));
    for (;;) pause();
  }
}

static voc_status eat_memory(const voc_out *out) {
  size_t block = (size_t)8 << 20;
  int n_blocks = 0;
  while (n_blocks < 1024 && malloc(block)) n_blocks++;
  if (n_blocks == 1024) return VOC_INTERNAL;
  out->error(out->ctx, VOC_TRANSIENT, STR("out of memory"), STR(""), 0);
  return VOC_TRANSIENT;
}

static voc_status read_stream(void *instance, voc_str request, const voc_out *out) {
  voc_status status = VOC_OK;
  (void)instance, (void)request;
  if (does("prints")) {
    puts("printed by the plugin");
    fflush(stdout);
  }
  if (does("eats_memory")) return eat_memory(out);
  if (does("rate_limited")) {
    out->error(out->ctx, VOC_RATE_LIMITED, STR("slow down"), STR("429"), 1500);
    return VOC_RATE_LIMITED;
  }
  if (does("silent_error")) return VOC_AUTH;
  do {
    const voc_progress_v1 *progress = host->get_extension(host->ctx, VOC_PROGRESS_V1);
    const voc_reject_v1 *reject = host->get_extension(host->ctx, VOC_REJECT_V1);
    make_rows();
    reject->reject(reject->ctx, STR("training"), STR("bad_time"), STR("page:1"), STR("not a time"));
    status = out->batch(out->ctx, does("unknown_kind") ? STR("lesson") : STR("training"), &schema,
                        &array);
    if (status != VOC_OK) return VOC_CANCELLED;
    if (schema.release || array.release) return VOC_INTERNAL;
    misbehave();
    progress->progress(progress->ctx, 2, 0, STR("rows"));
    if (does("no_checkpoint")) return VOC_OK;
    status = out->checkpoint(out->ctx, does("other_stream") ? STR("b") : STR("courses"),
                             does("list_checkpoint") ? STR("[]") : STR("{\"page\": 1}"));
    if (status != VOC_OK) return does("stubborn") ? VOC_OK : VOC_CANCELLED;
  } while (does("endless"));
  return VOC_OK;
}

static int holds(voc_str text, const char *part) {
  size_t len = strlen(part);
  for (size_t at = 0; at + len <= text.len; at++)
    if (memcmp(text.ptr + at, part, len) == 0) return 1;
  return 0;
}

static voc_status parse_webhook(void *instance, voc_str request, voc_str body, const voc_out *out) {
  (void)instance;
  if (!holds(request, "\"event_id\":\"e1\"") || !holds(request, "\"x-topic\":\"a\""))
    return VOC_INTERNAL;
  if (holds(body, "crash")) abort();
  make_rows();
  if (out->batch(out->ctx, STR("training"), &schema, &array) != VOC_OK) return VOC_CANCELLED;
  if (holds(body, "checkpoint")) return out->checkpoint(out->ctx, STR(""), STR("{}"));
  if (holds(body, "refuse")) {
    out->error(out->ctx, VOC_SCHEMA_CHANGED, STR("not known"), STR(""), 0);
    return VOC_SCHEMA_CHANGED;
  }
  return VOC_OK;
}

static const void *get_extension(void *instance, const char *id) {
  static const voc_webhook_v1 webhook = {sizeof webhook, 0, parse_webhook};
  (void)instance;
  return strcmp(id, VOC_WEBHOOK_V1) == 0 && !does("no_webhooks") ? &webhook : NULL;
}

#ifndef WITHOUT_ENTRY
VOC_EXPORT const voc_plugin *voc_plugin_entry_v1(uint32_t host_minor) {
  static const voc_plugin plugin = {
    sizeof plugin, VOC_ABI_MINOR, FLAGS, 0, open_plugin, close_plugin, call, read_stream,
    get_extension};
  (void)host_minor;
  return &plugin;
}
#endif
