/* answers: a data source in one file of C99, with nothing but the header. It makes up the answers
 * of an NPS survey; put the requests to your vendor where `fill` is. */
#include "voc_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

VOC_MANIFEST("{\"voc\":1,\"abi\":[1,0],\"id\":\"org.example.answers\",\"version\":\"1.0.0\","
             "\"name\":\"Answers in C\",\"license\":\"Apache-2.0\",\"caps\":[\"pull\"],"
             "\"config_schema\":{\"type\":\"object\",\"additionalProperties\":false,"
             "\"properties\":{\"answers\":{\"type\":\"integer\",\"minimum\":0,"
             "\"maximum\":100000000}}},"
             "\"streams\":[{\"name\":\"answers\",\"kinds\":[\"response\"]}],"
             "\"checkpoint_format\":1,\"limits\":{\"mem_mb\":64,\"idle_s\":10}}");

/* Rows of a batch: a few thousand are fastest, 65,536 the most. */
enum { PAGE = 4096, TEXTS = 6, COLUMNS = 8, TEXT_MAX = 16, SCORE = 6, TIME = 7 };

/* 2025-01-01T00:00:00Z; the answers spread over the minutes of about a year. */
#define START_US 1735689600000000LL
#define MINUTE_US 60000000LL
#define MINUTES 500000

typedef struct source {
  const voc_host *host;
  long answers;
} source;

/* One batch: its structures, and the buffers they point to. */
typedef struct batch {
  struct ArrowArray columns[COLUMNS], *children[COLUMNS];
  const void *buffers[COLUMNS][3], *row_buffers[1];
  int32_t offsets[TEXTS][PAGE + 1];
  char texts[TEXTS][PAGE * TEXT_MAX];
  double scores[PAGE];
  int64_t times_us[PAGE];
} batch;

typedef struct shape {
  struct ArrowSchema columns[COLUMNS], *children[COLUMNS];
} shape;

static voc_str str(const char *text) {
  voc_str borrowed = {(const uint8_t *)text, strlen(text)};
  return borrowed;
}

/* Explains the status that the call returns right after. */
static voc_status fail(const voc_out *out, voc_status status, const char *why) {
  out->error(out->ctx, status, str(why), str(""), 0);
  return status;
}

/* --- rows: the host moves both structures and frees them by their release --- */

static void release_column(struct ArrowArray *column) { column->release = NULL; }
static void release_field(struct ArrowSchema *field) { field->release = NULL; }

static void release_batch(struct ArrowArray *array) {
  free(array->private_data);
  array->release = NULL;
}

static void release_shape(struct ArrowSchema *schema) {
  free(schema->private_data);
  schema->release = NULL;
}

static void append(batch *rows, int column, int row, const char *text, size_t len) {
  int32_t start = rows->offsets[column][row];
  memcpy(rows->texts[column] + start, text, len);
  rows->offsets[column][row + 1] = start + (int32_t)len;
}

static void fill(batch *rows, long first, int n_rows) {
  static const char *channels[] = {"chat", "mail", "phone"};
  for (int row = 0; row < n_rows; row++) {
    long answer = first + row;
    char id[] = "a000000000", customer[] = "c000000";
    long digits = answer;
    for (int at = 9; at > 0; at--, digits /= 10) id[at] = (char)('0' + digits % 10);
    memcpy(customer + 1, id + 4, 6);
    append(rows, 0, row, id, 10);
    append(rows, 1, row, "service", 7);
    append(rows, 2, row, "recommend", 9);
    append(rows, 3, row, "nps", 3);
    append(rows, 4, row, channels[answer % 3], strlen(channels[answer % 3]));
    append(rows, 5, row, customer, 7);
    rows->scores[row] = (double)(answer * 7 % 11);
    rows->times_us[row] = START_US + answer % MINUTES * MINUTE_US;
  }
}

static voc_status emit(const voc_out *out, long first, int n_rows) {
  static const char *names[COLUMNS] = {"id",      "survey",   "question", "metric",
                                       "channel", "customer", "score",    "responded_at"};
  batch *rows = calloc(1, sizeof *rows);
  shape *form = calloc(1, sizeof *form);
  if (rows == NULL || form == NULL) {
    free(rows), free(form);
    return fail(out, VOC_INTERNAL, "out of memory");
  }
  fill(rows, first, n_rows);
  for (int idx = 0; idx < COLUMNS; idx++) {
    struct ArrowArray *column = rows->children[idx] = &rows->columns[idx];
    struct ArrowSchema *field = form->children[idx] = &form->columns[idx];
    int is_text = idx < TEXTS;
    /* The first buffer tells which values are there; null: all of them are. */
    rows->buffers[idx][1] = is_text ? (void *)rows->offsets[idx]
                            : idx == SCORE ? (void *)rows->scores : (void *)rows->times_us;
    rows->buffers[idx][2] = is_text ? rows->texts[idx] : NULL;
    column->length = n_rows;
    column->n_buffers = is_text ? 3 : 2;
    column->buffers = rows->buffers[idx];
    column->release = release_column;
    field->format = is_text ? "u" : idx == SCORE ? "g" : "tsu:UTC";
    field->name = names[idx];
    field->flags = ARROW_FLAG_NULLABLE;
    field->release = release_field;
  }
  struct ArrowArray array = {n_rows, 0, 0, 1, COLUMNS, rows->row_buffers, rows->children,
                             NULL, release_batch, rows};
  struct ArrowSchema schema = {"+s", "", NULL, 0, COLUMNS, form->children,
                               NULL, release_shape, form};
  return out->batch(out->ctx, str("response"), &schema, &array);
}

/* --- JSON: vocd writes it without spaces, which makes a member easy to find --- */

/* Returns what stands behind `"name":` as a zero-terminated copy, or an empty text. */
static void member(voc_str json, const char *name, char *value, size_t size) {
  size_t len = strlen(name);
  value[0] = 0;
  for (size_t at = 0; at + len <= json.len; at++) {
    if (memcmp(json.ptr + at, name, len) != 0) continue;
    size_t rest = json.len - at - len;
    size_t n_bytes = rest < size - 1 ? rest : size - 1;
    memcpy(value, json.ptr + at + len, n_bytes);
    value[n_bytes] = 0;
    return;
  }
}

/* Finds the answer to go on with; -1 for a checkpoint that is not one of ours, which must never
 * start the source over in silence. */
static long cursor(voc_str request) {
  char checkpoint[32], format[8];
  long next = -1;
  int end = 0;
  member(request, "\"checkpoint\":", checkpoint, sizeof checkpoint);
  member(request, "\"checkpoint_format\":", format, sizeof format);
  if (strncmp(checkpoint, "null", 4) == 0) return 0;
  if (sscanf(checkpoint, "{\"next\":%9ld}%n", &next, &end) != 1 || end == 0) return -1;
  return atoi(format) == 1 ? next : -1;
}

/* --- the plugin --- */

static voc_status open_source(const voc_host *host, voc_str config, const voc_out *out,
                              void **instance) {
  char answers[16];
  source *own = malloc(sizeof *own);
  if (own == NULL) return fail(out, VOC_INTERNAL, "out of memory");
  member(config, "\"answers\":", answers, sizeof answers);
  own->host = host;
  own->answers = answers[0] ? strtol(answers, NULL, 10) : 1000;
  if (config.len == 0 || config.ptr[0] != '{' || own->answers < 0 || own->answers > 100000000) {
    free(own);
    return fail(out, VOC_CONFIG, "`answers` must be a number from 0 to 100,000,000");
  }
  *instance = own;
  return VOC_OK;
}

static void close_source(void *instance) { free(instance); }

static voc_status read_stream(void *instance, voc_str request, const voc_out *out) {
  const source *own = instance;
  long next = cursor(request);
  if (next < 0) return fail(out, VOC_CHECKPOINT_UNREADABLE, "the checkpoint is not one of ours");
  while (next < own->answers) {
    char checkpoint[32];
    int n_rows = own->answers - next < PAGE ? (int)(own->answers - next) : PAGE;
    if (own->host->should_stop(own->host->ctx) == 2) return VOC_CANCELLED;
    if (emit(out, next, n_rows) != VOC_OK) return VOC_CANCELLED;
    next += n_rows;
    snprintf(checkpoint, sizeof checkpoint, "{\"next\":%ld}", next);
    /* Everything emitted so far is covered: rows that no checkpoint follows are not stored. */
    if (out->checkpoint(out->ctx, str("answers"), str(checkpoint)) != VOC_OK) return VOC_CANCELLED;
  }
  return VOC_OK;
}

VOC_EXPORT const voc_plugin *voc_plugin_entry_v1(uint32_t host_minor) {
  static const voc_plugin plugin = {
      sizeof plugin, VOC_ABI_MINOR, 0, 0, open_source, close_source, NULL, read_stream, NULL};
  (void)host_minor;
  return &plugin;
}
