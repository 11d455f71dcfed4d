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
