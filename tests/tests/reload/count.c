/* A plugin that counts: answers without end, a checkpoint after every 20, from build to build.
 *
 * VERSION  version of the build; rows carry it as their channel (v1, v2, ...)
 * FORMAT   version of its checkpoints' format
 * REQUIRED keys that its configuration must have, as JSON texts with commas between
 * LAST     it ends at the next full thousand
 * FAULT    1: it aborts when it is opened; 2: when it reads; 3: it refuses its configuration */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "voc_plugin.h"

#ifndef VERSION
#define VERSION 1
#endif
#ifndef FORMAT
#define FORMAT 1
#endif
#ifndef REQUIRED
#define REQUIRED ""
#endif
#ifndef LAST
#define LAST 0
#endif
#ifndef FAULT
#define FAULT 0
#endif

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
#define ROWS 20
#define ID_BYTES 10

#define MANIFEST                                                                           \
  "{\"voc\":1,\"abi\":[1,0],\"id\":\"vocd.count\",\"version\":\"" TEXT(VERSION) ".0.0\","  \
  "\"streams\":[{\"name\":\"rows\",\"kinds\":[\"response\"]}],\"checkpoint_format\":"      \
  TEXT(FORMAT) ",\"config_schema\":{\"type\":\"object\",\"required\":[" REQUIRED "],"     \
  "\"properties\":{\"pace_ms\":{\"type\":\"integer\"}}}}"

__attribute__((section(".voc.manifest"), used)) static const struct __attribute__((packed)) {
  char magic[6];
  uint32_t bytes;
  char json[sizeof MANIFEST - 1];
} manifest = {{'V', 'O', 'C', 'M', '1', '\n'}, sizeof MANIFEST - 1, MANIFEST};

static const voc_host *host_services;

static voc_str str(const char *text) {
  voc_str borrowed = {(const uint8_t *)text, strlen(text)};
  return borrowed;
}

static void drop_schema(struct ArrowSchema *schema) { schema->release = NULL; }
static void drop_array(struct ArrowArray *array) { array->release = NULL; }

/* Columns: id, four texts that are the same in every row, score, time. */
enum { ID, SURVEY, QUESTION, METRIC, CHANNEL, SCORE, AT, COLUMNS };
static const char *names[COLUMNS] = {"id",      "survey", "question",    "metric",
                                     "channel", "score",  "responded_at"};
static const char *same[COLUMNS] = {NULL, "survey", "question", "nps", "v" TEXT(VERSION)};
static char texts[COLUMNS][ROWS * ID_BYTES + 1];
static int32_t offsets[COLUMNS][ROWS + 1];
static double scores[ROWS];
static int64_t times[ROWS];

static void fill(long first) {
  for (int column = 0; column <= CHANNEL; column++) {
    char *end = texts[column];
    for (int row = 0; row < ROWS; row++) {
      offsets[column][row] = (int32_t)(end - texts[column]);
      if (column == ID)
        end += snprintf(end, ID_BYTES + 1, "a%0*ld", ID_BYTES - 1, first + row);
      else
        end = stpcpy(end, same[column]);
    }
    offsets[column][ROWS] = (int32_t)(end - texts[column]);
  }
  for (int row = 0; row < ROWS; row++) {
    scores[row] = (double)((first + row) % 11);
    times[row] = 1767225600000000 + (first + row) * 1000000;
  }
}

static voc_status emit(const voc_out *out, long first) {
  static struct ArrowSchema fields[COLUMNS], *field_list[COLUMNS];
  static struct ArrowArray columns[COLUMNS], *column_list[COLUMNS];
  static const void *buffers[COLUMNS][3];
  fill(first);
  for (int idx = 0; idx < COLUMNS; idx++) {
    int is_text = idx <= CHANNEL;
    buffers[idx][1] = is_text ? (const void *)offsets[idx] : idx == SCORE ? (void *)scores : times;
    buffers[idx][2] = texts[idx];
    fields[idx] = (struct ArrowSchema){.format = is_text ? "u" : idx == SCORE ? "g" : "tsu:UTC",
                                       .name = names[idx],
                                       .flags = ARROW_FLAG_NULLABLE,
                                       .release = drop_schema};
    columns[idx] = (struct ArrowArray){.length = ROWS,
                                       .n_buffers = is_text ? 3 : 2,
                                       .buffers = buffers[idx],
                                       .release = drop_array};
    field_list[idx] = &fields[idx];
    column_list[idx] = &columns[idx];
  }
  static const void *row_buffers[] = {NULL};
  struct ArrowSchema schema = {.format = "+s",
                               .name = "",
                               .n_children = COLUMNS,
                               .children = field_list,
                               .release = drop_schema};
  struct ArrowArray array = {.length = ROWS,
                             .n_buffers = 1,
                             .buffers = row_buffers,
                             .n_children = COLUMNS,
                             .children = column_list,
                             .release = drop_array};
  return out->batch(out->ctx, str("response"), &schema, &array);
}

static voc_status open_plugin(const voc_host *host, voc_str config, const voc_out *out,
                              void **instance) {
  (void)config;
  host_services = host;
  if (FAULT == 1) abort();
  if (FAULT == 3) {
    out->error(out->ctx, VOC_CONFIG, str("this build knows no pace"), str(""), 0);
    return VOC_CONFIG;
  }
  *instance = &host_services;
  return VOC_OK;
}

static void close_plugin(void *instance) { (void)instance; }

/* Returns the number after "n": in the request's checkpoint, 0 without one. */
static long start(voc_str request) {
  char text[4096];
  snprintf(text, sizeof text, "%.*s", (int)request.len, (const char *)request.ptr);
  const char *found = strstr(text, "\"n\":");
  return found == NULL ? 0 : atol(found + 4);
}

static voc_status read_plugin(void *instance, voc_str request, const voc_out *out) {
  (void)instance;
  long n = start(request);
  for (;;) {
    if (LAST && n % 1000 == 0) return VOC_OK;
    voc_status status = emit(out, n);
    n += ROWS;
    char checkpoint[64];
    snprintf(checkpoint, sizeof checkpoint, "{\"n\":%ld}", n);
    if (FAULT == 2) abort();
    if (status == VOC_OK) status = out->checkpoint(out->ctx, str("rows"), str(checkpoint));
    if (status != VOC_OK) return VOC_CANCELLED;
    usleep(20000);
  }
}

static const voc_plugin plugin = {.struct_size = sizeof(voc_plugin),
                                  .open = open_plugin,
                                  .close = close_plugin,
                                  .read = read_plugin};

VOC_EXPORT const voc_plugin *voc_plugin_entry_v1(uint32_t host_minor) {
  (void)host_minor;
  return &plugin;
}
