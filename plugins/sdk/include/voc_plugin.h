/* voc_plugin.h: the C interface of vocd data-source plugins, version 1.0.
 *
 * A plugin is a shared library `libvocd_source_NAME.so` that exports one symbol,
 * `voc_plugin_entry_v1`, and carries its manifest in the section `.voc.manifest`
 * ("VOCM1\n", length as little-endian uint32, JSON). vocd opens it in a child process of its own.
 *
 * Versions: the major version is in the symbol. A minor version appends fields at the end of a
 * structure, never anywhere else. Every structure starts with its own size: read at most
 * min(struct_size, sizeof) bytes and take what lies past it as absent.
 *
 * Ownership: strings are borrowed for one call; copy what must last. Nothing is freed across the
 * border except Arrow structures, through their own `release`. The instance belongs to the plugin.
 *
 * Threads: an instance gets one call at a time, perhaps from different threads. The functions of
 * voc_host and voc_out may be called from any thread until the current call returns;
 * `should_stop` always. Neither exceptions nor longjmp may cross the border.
 */
#ifndef VOC_PLUGIN_H
#define VOC_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VOC_ABI_MINOR 0u

#if defined(_WIN32)
#define VOC_EXPORT __declspec(dllexport)
#else
#define VOC_EXPORT __attribute__((visibility("default")))
#endif

/* The manifest of a plugin written in C: VOC_MANIFEST("{\"voc\":1,\"abi\":[1,0],...}"); at file scope.
 * Its members: voc, abi, min_host, id, version, name, license, homepage, target, sdk, caps, egress,
 * config_schema, streams, checkpoint_format, limits, webhook. */
#define VOC_MANIFEST(json)                                                                  \
  __attribute__((section(".voc.manifest"), used)) static const struct {                     \
    char magic[6];                                                                          \
    uint8_t len[4];                                                                         \
    char text[sizeof(json)];                                                                \
  } voc_manifest = {{'V', 'O', 'C', 'M', '1', '\n'},                                        \
                    {(uint8_t)((sizeof(json) - 1) & 255), (uint8_t)((sizeof(json) - 1) >> 8), \
                     (uint8_t)((sizeof(json) - 1) >> 16), 0},                               \
                    json}

/* The Arrow C data interface, as published by Apache Arrow. */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char *format;
  const char *name;
  const char *metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema **children;
  struct ArrowSchema *dictionary;
  void (*release)(struct ArrowSchema *);
  void *private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void **buffers;
  struct ArrowArray **children;
  struct ArrowArray *dictionary;
  void (*release)(struct ArrowArray *);
  void *private_data;
};

#endif /* ARROW_C_DATA_INTERFACE */

/* UTF-8 text or bytes, without a terminating zero, borrowed for one call. */
typedef struct voc_str {
  const uint8_t *ptr;
  size_t len;
} voc_str;

/* 0 is success. Any other negative value means VOC_INTERNAL. */
typedef int32_t voc_status;
enum {
  VOC_OK = 0,
  VOC_INTERNAL = -1,              /* a bug, or a state nobody foresaw */
  VOC_PANIC = -2,                 /* caught at the border; only close() may follow */
  VOC_CONFIG = -3,                /* wrong configuration: stop and tell the user */
  VOC_AUTH = -4,                  /* credentials refused: stop and tell the user */
  VOC_TRANSIENT = -5,             /* may pass: retried with backoff */
  VOC_RATE_LIMITED = -6,          /* rescheduled at retry_after_ms; do not sleep in the plugin */
  VOC_CANCELLED = -7,             /* stopped on request */
  VOC_CHECKPOINT_UNREADABLE = -8, /* a full read is proposed, never done silently */
  VOC_UNSUPPORTED = -9,
  VOC_SCHEMA_CHANGED = -10,
  VOC_NOT_FOUND = -11
};

/* host -> plugin: where rows, checkpoints, errors and replies go. */
typedef struct voc_out {
  uint32_t struct_size, abi_minor;
  void *ctx;
  /* Takes rows of a record kind ("response", "ticket", ...) and moves both structures: their
   * release is null afterwards. At most 65,536 rows and 32 MiB. The top is a struct ("+s") whose
   * children are columns of the kind by name, absent ones being null: text "u", number "g",
   * count "L", flag "b", time "tsu:UTC", money "d:18,4", text list "+l" of "u", JSON "u" with the
   * metadata ARROW:extension:name = arrow.json. A deletion is a row with deleted = true.
   * Anything but 0 means: stop, return VOC_CANCELLED. */
  voc_status (*batch)(void *ctx, voc_str kind, struct ArrowSchema *, struct ArrowArray *);
  /* Everything emitted so far is covered by this JSON object of at most 64 KiB; what no
   * checkpoint follows is never stored. Anything but 0 means: stop, return VOC_CANCELLED. */
  voc_status (*checkpoint)(void *ctx, voc_str stream, voc_str json);
  /* Explains the status the call is about to return: for the user, for the log. */
  void (*error)(void *ctx, voc_status, voc_str user_msg, voc_str internal_msg,
                uint64_t retry_after_ms);
  /* The answer of call(), JSON. */
  voc_status (*reply)(void *ctx, voc_str json);
} voc_out;

/* host -> plugin: what the host offers; valid from open() to close(). */
typedef struct voc_host {
  uint32_t struct_size, abi_minor;
  void *ctx;
  /* level: 1 error, 2 warn, 3 info, 4 debug, 5 trace; fields_json: an object, or empty. */
  void (*log)(void *ctx, uint32_t level, voc_str target, voc_str msg, voc_str fields_json);
  /* kind: 0 counter (value is the increment), 1 gauge; labels_json: an object, or empty. */
  void (*metric)(void *ctx, voc_str name, uint32_t kind, double value, voc_str labels_json);
  /* 0 run, 1 stop at the next checkpoint, 2 stop now. */
  uint32_t (*should_stop)(void *ctx);
  /* Milliseconds since 1970; use it instead of the system's clock, so runs can be replayed. */
  int64_t (*now_ms)(void *ctx);
  /* A structure named by a zero-terminated id, or null when the host lacks it. */
  const void *(*get_extension)(void *ctx, const char *id);
} voc_host;

/* plugin -> host. */
typedef struct voc_plugin {
  uint32_t struct_size, abi_minor;
  uint32_t flags;    /* unknown bits: ignored in the low half, refused in the high half */
  uint32_t reserved; /* 0 */
  /* Parses and checks the configuration, no I/O; stores the instance. */
  voc_status (*open)(const voc_host *, voc_str config_json, const voc_out *, void **instance);
  void (*close)(void *instance);
  /* method: "check", "discover" -> {"streams":[{"name":"tickets","kinds":["ticket"]}]}. */
  voc_status (*call)(void *instance, voc_str method, voc_str params_json, const voc_out *);
  /* request: {"stream":"tickets","checkpoint":{...}|null,"checkpoint_format":1,"run_id":7,...} */
  voc_status (*read)(void *instance, voc_str request_json, const voc_out *);
  /* May be null, as may its answer; instance_or_null too. */
  const void *(*get_extension)(void *instance_or_null, const char *id);
} voc_plugin;

/* Null refuses this host. */
VOC_EXPORT const voc_plugin *voc_plugin_entry_v1(uint32_t host_minor);

/* Extension of the host: refuse one record, counted by reason and listed with its place. Keep
 * personal values out of detail. */
#define VOC_REJECT_V1 "voc.reject/1"
typedef struct voc_reject_v1 {
  uint32_t struct_size, abi_minor;
  void *ctx;
  /* e.g. "response", "bad_number", "answers.csv:17", "`NPS_SCORE` is not a number" */
  void (*reject)(void *ctx, voc_str kind, voc_str reason, voc_str place, voc_str detail);
} voc_reject_v1;

/* Extension of the host: alive, and how far; a total of 0 is unknown. */
#define VOC_PROGRESS_V1 "voc.progress/1"
typedef struct voc_progress_v1 {
  uint32_t struct_size, abi_minor;
  void *ctx;
  void (*progress)(void *ctx, uint64_t done, uint64_t total, voc_str unit);
} voc_progress_v1;

/* Extension of the host: HTTP requests. The host brings TLS, proxy, redirects, gzip, retries, shared
 * rate budgets, and puts the secret in, so that the plugin never holds it. It connects to the hosts
 * of the manifest's `egress` ("*.zendesk.com:443", "api.example.org") and to those that the
 * configuration names in properties marked "x-voc-url", and to no other. */
#define VOC_HTTP_V1 "voc.http/1"

typedef struct voc_http_header {
  voc_str name, value;
} voc_http_header;

#define VOC_HTTP_REPEATABLE 1u /* may be repeated although its method is not idempotent */
#define VOC_HTTP_ONCE 2u       /* is made once whatever happens */

#define VOC_HTTP_AUTH_NONE 0u
#define VOC_HTTP_AUTH_BEARER 1u /* Authorization: Bearer FORMAT */
#define VOC_HTTP_AUTH_BASIC 2u  /* Authorization: Basic base64(FORMAT), FORMAT being user:password */
#define VOC_HTTP_AUTH_HEADER 3u /* NAME: FORMAT */
#define VOC_HTTP_AUTH_QUERY 4u  /* ?NAME=FORMAT */

typedef struct voc_http_request {
  uint32_t struct_size;
  uint32_t flags; /* VOC_HTTP_REPEATABLE, VOC_HTTP_ONCE; unknown bits are ignored */
  voc_str method; /* "GET", "POST", ... */
  voc_str url;    /* absolute, https or http, without user or password */
  const voc_http_header *headers;
  size_t n_headers; /* at most 64 */
  void *body_ctx;
  /* Fills the buffer and returns how many bytes: 0 at the end, negative to give up. Null: no body.
   * The host reads all of it, at most 8 MiB, before it sends anything. */
  int64_t (*read_body)(void *body_ctx, uint8_t *buffer, size_t capacity);
  /* Requests of one bucket to one host share a budget, across sources and runs. May be empty. */
  voc_str bucket;
  uint32_t timeout_ms; /* of one attempt; 0: 120,000; the head of an answer must come in 40 s */
  uint32_t auth_kind;
  /* The value of a configuration property marked "x-voc-secret" and "x-voc-auth": not the secret,
   * but what stands for it. */
  voc_str auth_ref;
  voc_str auth_name;   /* header or parameter */
  voc_str auth_format; /* "Token token={secret}", "me@example.org:{secret}"; empty: "{secret}" */
  uint64_t body_bytes_max; /* of the response, decoded; 0: 64 MiB, at most 512 MiB */
} voc_http_request;

typedef struct voc_http_head {
  uint32_t struct_size;
  uint32_t status; /* any: 200, 404, 503; redirects are followed */
  voc_str url;     /* where it came from, without injected secrets */
  const voc_http_header *headers; /* names in lower case */
  size_t n_headers;
  uint64_t retry_after_ms; /* how long the server asks to wait; 0: it does not say */
} voc_http_head;

typedef struct voc_http_sink {
  uint32_t struct_size, reserved; /* reserved: 0 */
  void *ctx;
  /* Anything but 0 ends the request, and `send` returns VOC_CANCELLED. */
  voc_status (*on_head)(void *ctx, const voc_http_head *);
  voc_status (*on_body)(void *ctx, voc_str chunk); /* decoded, in order; may be null */
  /* Explains the negative status `send` is about to return, as voc_out.error does. May be null. */
  void (*on_error)(void *ctx, voc_status, voc_str user_msg, voc_str internal_msg,
                   uint64_t retry_after_ms);
} voc_http_sink;

/* `send` blocks. It returns VOC_OK when a response of any status was taken whole, VOC_CONFIG for a
 * host it may not connect to or a secret it does not know, VOC_RATE_LIMITED when the budget is used
 * up for longer than it waits, VOC_TRANSIENT when the network failed or the body was cut short,
 * VOC_CANCELLED when the run ends, VOC_INTERNAL for a request that is none.
 *
 * GET, HEAD, OPTIONS, PUT and DELETE are repeated, as are requests with VOC_HTTP_REPEATABLE, when
 * the connection fails or the status is 429, 502, 503 or 504: at most 4 times, waiting at most 30 s
 * in all. A longer Retry-After is not waited for: pass it on as VOC_RATE_LIMITED. */
typedef struct voc_http_v1 {
  uint32_t struct_size, abi_minor;
  void *ctx;
  voc_status (*send)(void *ctx, const voc_http_request *, const voc_http_sink *);
} voc_http_v1;
/* Extension of the plugin: parse webhooks. The manifest's member `webhook` declares how they are
 * recognised (README of the SDK); the daemon verifies and keeps them before this is called.
 * request: {"event_id":"...","received_at_ms":1767225600000,"headers":{"x-topic":"..."}}, names of
 * headers in lower case. Emits rows and no checkpoint. VOC_TRANSIENT and VOC_RATE_LIMITED are tried
 * again, any other negative status refuses this webhook. */
#define VOC_WEBHOOK_V1 "voc.webhook/1"
typedef struct voc_webhook_v1 {
  uint32_t struct_size, abi_minor;
  voc_status (*parse)(void *instance, voc_str request_json, voc_str body, const voc_out *);
} voc_webhook_v1;

#ifdef __cplusplus
}
#endif

#endif /* VOC_PLUGIN_H */
