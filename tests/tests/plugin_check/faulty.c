/* A plugin that keeps the contract, or breaks it in the one place that a FAULT_ names: fifty
 * activities, ten a page, a checkpoint after each page. */
#define _GNU_SOURCE
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "voc_plugin.h"

#define ROWS 50
#define PAGE 10

#ifdef FAULT_IDENTITY
#define ID "faulty"
#else
#define ID "org.example.faulty"
#endif
#ifdef FAULT_SCHEMA
#define TYPE "objekt"
#else
#define TYPE "object"
#endif
#ifdef FAULT_SECRETS_MARKED
#define MARK ""
#else
#define MARK ",\"x-voc-secret\":true"
#endif
#ifdef FAULT_MANIFEST
#define ABI "[7,0]"
#else
#define ABI "[1,0]"
#endif
#if defined(FAULT_VENDOR) || defined(FAULT_EGRESS)
#define ASKS
#define EGRESS "\"egress\":[\"api.example.org:443\"],"
#else
#define EGRESS ""
#endif
#ifdef FAULT_EGRESS
#define URL "https://elsewhere.example.org/answers"
#else
#define URL "https://api.example.org/answers"
#endif
#ifdef FAULT_WEBHOOK_KEYS
#define HOOK_MARK ""
#else
#define HOOK_MARK ",\"x-voc-secret\":true"
#endif
#ifdef FAULT_WEBHOOK_PROOF
#define SIGNATURE "\"algorithm\":\"hmac-sha1\",\"encoding\":\"base64\""
#else
#define SIGNATURE "\"algorithm\":\"hmac-sha256\",\"encoding\":\"hex\""
#endif
#ifdef FAULT_WEBHOOK_CHANGED
#define SECOND_PROOF ",{\"kind\":\"token\",\"place\":{\"header\":\"X-Topic\"},\"keys\":[\"t{n}\"]}"
#else
#define SECOND_PROOF ""
#endif
#define WEBHOOK                                                                    \
  "\"webhook\":{\"auth\":[{\"kind\":\"signature\",\"header\":\"X-Signature\"," SIGNATURE  \
  ",\"signed\":\"{body}\",\"keys\":[\"{hook}\"]}" SECOND_PROOF "]},"

VOC_MANIFEST("{\"voc\":1,\"abi\":" ABI ",\"id\":\"" ID "\",\"version\":\"0.1.0\","
             EGRESS WEBHOOK "\"config_schema\":{\"type\":\"" TYPE "\",\"properties\":{"
             "\"n\":{\"type\":\"integer\"},\"hook\":{\"type\":\"string\"" HOOK_MARK "},\"token\":{\"type\":\"string\"" MARK "}}},"
             "\"streams\":[{\"name\":\"rows\",\"kinds\":[\"activity\"]}],"
             "\"checkpoint_format\":1,\"limits\":{\"mem_mb\":64,\"idle_s\":10}}");

static const voc_host *host;
static int is_refused, is_pull;
static char secret[1024];

static voc_str str(const char *text) {
  voc_str borrowed = {(const uint8_t *)text, strlen(text)};
  return borrowed;
}

#ifdef FAULT_EXPORTS
int a_second_export(void) { return 1; }
#endif
#ifdef FAULT_RELOCATIONS
__asm__(".pushsection .text\n.balign 8\n.quad voc_plugin_entry_v1\n.popsection");
#endif

__attribute__((unused)) static int has(voc_str text, const char *part) {
  return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static voc_status refuse(const voc_out *out, voc_status status, const char *why) {
  out->error(out->ctx, status, str(why), str(""), 0);
  is_refused = 1;
  return status;
}

#ifdef ASKS
static voc_status on_head(void *ctx, const voc_http_head *head) {
  *(uint32_t *)ctx = head->status;
  return VOC_OK;
}

static voc_status on_body(void *ctx, voc_str chunk) {
  (void)ctx;
  (void)chunk;
  return VOC_OK;
}

static void on_error(void *ctx, voc_status status, voc_str user, voc_str internal,
                     uint64_t retry_after_ms) {
  (void)ctx;
  (void)status;
  (void)user;
  (void)internal;
  (void)retry_after_ms;
}

/* Asks a vendor and returns the status; whatever goes wrong is 0. */
static uint32_t asked(void) {
  const voc_http_v1 *http = host->get_extension(host->ctx, VOC_HTTP_V1);
  uint32_t status = 0;
  voc_http_request request = {.struct_size = sizeof request,
                              .method = str("GET"),
                              .url = str(URL)};
  voc_http_sink sink = {.struct_size = sizeof sink,
                        .ctx = &status,
                        .on_head = on_head,
                        .on_body = on_body,
                        .on_error = on_error};
  http->send(http->ctx, &request, &sink);
  return status;
}
#endif

static void drop_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void drop_array(struct ArrowArray *array) { array->release = NULL; }

enum { COLUMNS = 5, WIDTH = 4 };

/* Emits the rows of one page; everything is static, so nothing needs to be freed. */
static voc_status emit(const voc_out *out, int first, int rows) {
  static const char *names[COLUMNS] = {"id", "customer", "name", "happened_at", "value"};
  static const char *formats[COLUMNS] = {"u", "u", "u", "tsu:UTC", "g"};
  static char texts[3][PAGE * WIDTH + 1];
  static int32_t offsets[PAGE + 1];
  static int64_t times[PAGE];
  static double values[PAGE];
  static uint8_t valid[2];
  static const void *buffers[COLUMNS][3];
  static const void *row_buffers[1];
  static struct ArrowSchema fields[COLUMNS], *field_list[COLUMNS];
  static struct ArrowArray columns[COLUMNS], *column_list[COLUMNS];
  memset(valid, 255, sizeof valid);
  for (int row = 0; row < rows; row++) {
    int id = first + row;
    offsets[row + 1] = (row + 1) * WIDTH;
    times[row] = 1767225600000000LL + id * 1000000LL;
    values[row] = id;
#ifdef FAULT_IDS
    if (is_pull && id == 7) id = 3;
#endif
    sprintf(texts[0] + row * WIDTH, "r%03d", id);
    sprintf(texts[1] + row * WIDTH, "c%03d", id);
    sprintf(texts[2] + row * WIDTH, "tick");
  }
#ifdef FAULT_REQUIRED
  if (is_pull) valid[0] = 254;
#endif
#ifdef FAULT_TIMESTAMPS
  if (is_pull) times[0] *= 1000;
#endif
#ifdef FAULT_VALUES
  if (is_pull) values[0] = NAN;
#endif
#ifdef FAULT_DETERMINISM
  if (is_pull) values[0] = getpid();
#endif
  for (int idx = 0; idx < COLUMNS; idx++) {
    int is_text = idx < 3;
    buffers[idx][0] = idx == 1 ? valid : NULL;
    buffers[idx][1] = is_text ? (void *)offsets : idx == 3 ? (void *)times : (void *)values;
    buffers[idx][2] = is_text ? texts[idx] : NULL;
    fields[idx] = (struct ArrowSchema){.format = formats[idx],
                                       .name = names[idx],
                                       .flags = ARROW_FLAG_NULLABLE,
                                       .release = drop_schema};
    columns[idx] = (struct ArrowArray){.length = rows,
                                       .null_count = idx == 1 ? -1 : 0,
                                       .n_buffers = is_text ? 3 : 2,
                                       .buffers = buffers[idx],
                                       .release = drop_array};
    field_list[idx] = &fields[idx];
    column_list[idx] = &columns[idx];
  }
  struct ArrowSchema schema = {.format = "+s",
                               .name = "",
                               .n_children = COLUMNS,
                               .children = field_list,
                               .release = drop_schema};
  struct ArrowArray array = {.length = rows,
                             .n_buffers = 1,
                             .buffers = row_buffers,
                             .n_children = COLUMNS,
                             .children = column_list,
                             .release = drop_array};
  return out->batch(out->ctx, str("activity"), &schema, &array);
}

static voc_status open_plugin(const voc_host *offered, voc_str config, const voc_out *out,
                              void **instance) {
  host = offered;
  if (config.len == 0 || config.ptr[0] != '{')
    return refuse(out, VOC_CONFIG, "the configuration must be a table");
#ifdef FAULT_OPEN
  if (has(config, "\"n\":3")) return refuse(out, VOC_INTERNAL, "no");
#endif
#ifdef FAULT_ODD_CONFIGS
  if (config.len > 512 * 1024) abort();
#endif
#ifdef FAULT_INVENTED_CONFIGS
  if (has(config, "\"n\":-")) abort();
#endif
  memcpy(secret, config.ptr, config.len < sizeof secret - 1 ? config.len : sizeof secret - 1);
#ifdef FAULT_MANY_TIMES
  static void *volatile lost;
  lost = malloc(16 << 10);
  memset(lost, 1, 16 << 10);
#endif
  *instance = &host;
  return VOC_OK;
}

static void close_plugin(void *instance) {
  (void)instance;
#ifdef FAULT_CLOSE
  if (!is_refused) abort();
#endif
}

static voc_status call_plugin(void *instance, voc_str method, voc_str params, const voc_out *out) {
  (void)instance;
  (void)method;
  (void)params;
#ifdef FAULT_UNKNOWN_METHOD
  return out->reply(out->ctx, str("{\"streams\":[]}"));
#else
  return refuse(out, VOC_UNSUPPORTED, "there are no methods");
#endif
}

/* Finds where to go on, or -1 where the checkpoint is not one of ours. */
static int cursor(voc_str request) {
  char text[1024] = "";
  memcpy(text, request.ptr, request.len < sizeof text - 1 ? request.len : sizeof text - 1);
  const char *checkpoint = strstr(text, "\"checkpoint\":");
  if (checkpoint == NULL || strncmp(checkpoint + 13, "null", 4) == 0) return 0;
  int next = 0, end = 0;
  sscanf(checkpoint + 13, "{\"next\":%d}%n", &next, &end);
#ifndef FAULT_GARBAGE_CHECKPOINT
  if (end == 0) return -1;
#endif
#ifndef FAULT_OTHER_FORMAT
  const char *format = strstr(text, "\"checkpoint_format\":");
  if (format == NULL || atoi(format + 20) != 1) return -1;
#endif
#ifdef FAULT_RESUME
  next += 1;
#endif
#ifdef FAULT_AGAIN
  if (next >= ROWS) return 0;
#endif
  return next;
}

static voc_status read_plugin(void *instance, voc_str request, const voc_out *out) {
  (void)instance;
  is_pull = 1;
#ifdef FAULT_SECRETS
  host->log(host->ctx, 3, str("faulty"), str(secret), str(""));
#endif
  int next = cursor(request);
  if (next < 0) return refuse(out, VOC_CHECKPOINT_UNREADABLE, "no checkpoint of this plugin");
#ifdef FAULT_QUIET
  printf("reading\n");
  fflush(stdout);
#endif
#ifdef FAULT_EGRESS
  asked();
#endif
#ifdef FAULT_CALLS
  if (next == ROWS) bind(0, 0, 0);
#endif
#ifdef FAULT_VENDOR
  if (asked() != 200) return out->checkpoint(out->ctx, str("rows"), str("{\"next\":50}"));
#endif
#ifdef FAULT_MEMORY
  memset(malloc(128 << 20), 1, 128 << 20);
#endif
#ifdef FAULT_FULL_READ
  return emit(out, 0, 1);
#endif
  while (next < ROWS) {
    int rows = ROWS - next < PAGE ? ROWS - next : PAGE;
    voc_status status = emit(out, next, rows);
    next += rows;
    char json[64];
    sprintf(json, "{\"next\":%d}", next);
    if (status == VOC_OK) status = out->checkpoint(out->ctx, str("rows"), str(json));
#ifdef FAULT_DRAIN
    usleep(50 * 1000);
    while (status != VOC_OK) pause();
#endif
    if (status != VOC_OK) return VOC_CANCELLED;
  }
  return VOC_OK;
}

/* A webhook is `{"row":N}`, about one row. */
static voc_status parse_webhook(void *instance, voc_str request, voc_str body, const voc_out *out) {
  (void)instance;
  (void)request;
  static const char start[] = "{\"row\":";
  char text[64] = "";
  int row = 0, end = 0;
  memcpy(text, body.ptr, body.len < sizeof text - 1 ? body.len : sizeof text - 1);
#ifdef FAULT_WEBHOOK_STRANGE
  if (body.len == 0) abort();
#endif
#ifdef FAULT_WEBHOOK_PARSED
  return refuse(out, VOC_SCHEMA_CHANGED, "no webhook is understood");
#endif
  if (strncmp(text, start, sizeof start - 1) != 0) {
#ifdef FAULT_WEBHOOK_SECRETS
    return refuse(out, VOC_SCHEMA_CHANGED, secret);
#endif
    return refuse(out, VOC_SCHEMA_CHANGED, "it names no row");
  }
  sscanf(text + sizeof start - 1, "%d}%n", &row, &end);
  if (end == 0) return refuse(out, VOC_SCHEMA_CHANGED, "it names no row");
#ifdef FAULT_WEBHOOK_AGAIN
  row = getpid() % 1000;
#endif
  return emit(out, row, 1);
}

static const voc_webhook_v1 webhook = {.struct_size = sizeof(voc_webhook_v1),
                                       .parse = parse_webhook};

static const void *get_extension(void *instance, const char *id) {
  (void)instance;
  return strcmp(id, VOC_WEBHOOK_V1) == 0 ? &webhook : NULL;
}

static const voc_plugin plugin = {.struct_size = sizeof(voc_plugin),
                                  .open = open_plugin,
                                  .close = close_plugin,
                                  .call = call_plugin,
                                  .read = read_plugin,
                                  .get_extension = get_extension};

VOC_EXPORT const voc_plugin *voc_plugin_entry_v1(uint32_t host_minor) {
#ifdef FAULT_OTHER_HOSTS
  if (host_minor > 100) return NULL;
#endif
  (void)host_minor;
  return &plugin;
}
