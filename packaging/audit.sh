#!/bin/sh
# Looks for published advisories where cargo-audit and its database can be had.
set -eu
if ! command -v cargo-audit >/dev/null 2>&1; then
    echo "audit: not run: cargo-audit is not installed (cargo install cargo-audit)"
    exit 0
fi
if ! cargo audit; then
    echo "audit: cargo-audit reported the above, or its advisory database could not be reached"
    exit 1
fi
