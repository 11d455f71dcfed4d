#!/usr/bin/env bash
# Everything CI runs, in the order in which it fails fastest. The last line counts what ran and
# names what was skipped; VOCD_TEST_REQUIRE=browser,shared turns those skips into failures.
set -euo pipefail
cd "$(dirname "$0")/.."

step() { printf '\n== %s\n' "$*"; }

features=$(packaging/libduckdb.sh)
# One flag set for every step, so that each dependency is compiled once per kind of artefact.
workspace=(--workspace $features)

step "formatting"
cargo fmt --all --check

# The licence check reads every package of the lock file, those of other targets included.
step "packages"
cargo fetch --locked --quiet

step "binaries and plugins"
cargo build "${workspace[@]}"

step "lints"
cargo clippy "${workspace[@]}" --all-targets -- -D warnings

step "documentation"
RUSTDOCFLAGS="-D warnings" cargo doc "${workspace[@]}" --no-deps --document-private-items --quiet

step "browser"
tests/install-browser.sh

step "tests"
skips=$PWD/target/test-skips
log=$PWD/target/test.log
rm -rf "$skips" && mkdir -p "$skips"
status=0
VOCD_TEST_SKIPS="$skips" cargo test "${workspace[@]}" --no-fail-fast 2>&1 | tee "$log" || status=$?

passed=$(awk '/^test result:/ { n += $4 } END { print n + 0 }' "$log")
failed=$(awk '/^test result:/ { n += $6 } END { print n + 0 }' "$log")
skipped=$(find "$skips" -type f | wc -l)
reasons=$(find "$skips" -type f -exec cat {} + | sort | uniq -c | awk '{ n = $1; $1 = ""; printf "%s%s (%d)", sep, substr($0, 2), n; sep = "; " }')
ran=$((passed + failed - skipped))
printf '\n%d ran, %d skipped: %s\n' "$ran" "$skipped" "${reasons:-none}"
printf '%d passed, %d failed, %d skipped\n' "$((passed - skipped))" "$failed" "$skipped"
exit "$status"
