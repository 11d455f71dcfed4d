/* A plugin in C that makes one request and tells what came in its checkpoint. */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "voc_plugin.h"

VOC_MANIFEST(
    "{\"voc\":1,\"abi\":[1,0],\"id\":\"vocd.ask\",\"version\":\"0.1.0\","
    "\"config_schema\":{\"properties\":{\"url\":{\"type\":\"string\",\"x-voc-url\":true},"
    "\"token\":{\"type\":\"string\",\"x-voc-secret\":true,\"x-voc-auth\":true}}},"
    "\"streams\":[{\"name\":\"answers\",\"kinds\":[\"activity\"]}],\"checkpoint_format\":1}");

static const voc_host *host;
static char config[4096];

static voc_str str(const char *text) {
  voc_str borrowed = {(const uint8_t *)text, strlen(text)};
  return borrowed;
}

/* The value of a member of the configuration, which has no escapes here. */
static voc_str member(const char *name) {
  char *start = strstr(config, name) + strlen(name);
  voc_str value = {(const uint8_t *)start, (size_t)(strchr(start, '"') - start)};
  return value;
}

typedef struct answer {
  const voc_out *out;
  uint32_t status;
  size_t n_bytes, n_headers;
  const char *unsent;
} answer;

static int64_t read_body(void *ctx, uint8_t *buffer, size_t capacity) {
  answer *into = ctx;
  size_t len = strlen(into->unsent);
  len = len < capacity ? len : capacity;
  memcpy(buffer, into->unsent, len);
  into->unsent += len;
  return (int64_t)len;
}

static voc_status on_head(void *ctx, const voc_http_head *head) {
  answer *into = ctx;
  into->status = head->status;
  into->n_headers = head->n_headers;
  return VOC_OK;
}

static voc_status on_body(void *ctx, voc_str chunk) {
  ((answer *)ctx)->n_bytes += chunk.len;
  return VOC_OK;
}

static void on_error(void *ctx, voc_status status, voc_str user, voc_str internal,
                     uint64_t retry_after_ms) {
  const voc_out *out = ((answer *)ctx)->out;
  out->error(out->ctx, status, user, internal, retry_after_ms);
}

static voc_status open_plugin(const voc_host *offered, voc_str config_json, const voc_out *out,
                              void **instance) {
  (void)out;
  host = offered;
  snprintf(config, sizeof config, "%.*s", (int)config_json.len, (const char *)config_json.ptr);
  *instance = config;
  return VOC_OK;
}

static void close_plugin(void *instance) { (void)instance; }

static voc_status read_stream(void *instance, voc_str request_json, const voc_out *out) {
  (void)instance;
  (void)request_json;
  const voc_http_v1 *http = host->get_extension(host->ctx, VOC_HTTP_V1);
  if (http == NULL || http->struct_size < sizeof *http) return VOC_UNSUPPORTED;
  answer into = {.out = out, .unsent = "what is new?"};
  voc_http_header headers[] = {{str("Accept"), str("text/plain")}};
  voc_http_request request = {.struct_size = sizeof request,
                              .method = str("POST"),
                              .url = member("\"url\":\""),
                              .headers = headers,
                              .n_headers = 1,
                              .body_ctx = &into,
                              .read_body = read_body,
                              .auth_kind = VOC_HTTP_AUTH_HEADER,
                              .auth_ref = member("\"token\":\""),
                              .auth_name = str("X-Api-Key")};
  voc_http_sink sink = {.struct_size = sizeof sink,
                        .ctx = &into,
                        .on_head = on_head,
                        .on_body = on_body,
                        .on_error = on_error};
  voc_status status = http->send(http->ctx, &request, &sink);
  if (status != VOC_OK) return status;
  char checkpoint[128];
  snprintf(checkpoint, sizeof checkpoint, "{\"status\":%u,\"bytes\":%zu}", into.status,
           into.n_bytes);
  return out->checkpoint(out->ctx, str("answers"), str(checkpoint));
}

static const voc_plugin plugin = {.struct_size = sizeof plugin,
                                  .abi_minor = VOC_ABI_MINOR,
                                  .open = open_plugin,
                                  .close = close_plugin,
                                  .read = read_stream};

VOC_EXPORT const voc_plugin *voc_plugin_entry_v1(uint32_t host_minor) {
  (void)host_minor;
  return &plugin;
}
