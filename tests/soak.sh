#!/usr/bin/env bash
# The tests that chance decides, for as long as it takes to trust them: kills of a load and of
# webhooks, mutated frames and webhooks, 64 vendors at once, and plans over rows and roll-ups. Every test prints its seed.
set -euo pipefail
cd "$(dirname "$0")/.."

export VOCD_CRASH_ROUNDS=${VOCD_CRASH_ROUNDS:-300}
export VOCD_WEBHOOK_S=${VOCD_WEBHOOK_S:-60}
export VOCD_FUZZ_CASES=${VOCD_FUZZ_CASES:-200000}
export VOCD_ROLLUP_PLANS=${VOCD_ROLLUP_PLANS:-10000}

features=$(packaging/libduckdb.sh)
workspace=(--workspace $features)
cargo build "${workspace[@]}"
cargo test "${workspace[@]}" --lib tallies_and_rows_answer_alike -- --nocapture
for test in fuzz crash push_crash; do
  cargo test "${workspace[@]}" --test "$test" -- --nocapture
done
