#!/bin/sh
# Puts DuckDB's official shared library under target/libduckdb, once, and checks its digest.
#
# Compiling DuckDB takes about an hour, so its release library is taken from the package registry
# that npm is set up for. Prints the cargo feature flags the build needs: none, or `bundled` where
# there is no npm or no library for this platform.
set -eu

version=1.5.5-r.5
folder=target/libduckdb

# An operator's own library wins; it is theirs to check.
if [ -n "${DUCKDB_LIB_DIR:-}" ]; then
    exit 0
fi

case "$(uname -s)-$(uname -m)" in
Linux-x86_64)
    platform=linux-x64
    digest=fc23f12e376c47be520f75221288281906e7942e8fd6f6ce4849198ba60d0405 ;;
Linux-aarch64)
    platform=linux-arm64
    digest=d00d007f3f7ca1f2896a5e4b89c2ce141bf0508506a9d6d56f9598b8e59d074e ;;
*)
    echo "libduckdb: no pinned library for $(uname -s) $(uname -m): DuckDB is compiled from source, which takes about an hour" >&2
    echo "--features vocd/bundled"
    exit 0 ;;
esac

library=$folder/libduckdb.so
is_intact() { [ -f "$library" ] && echo "$digest  $library" | sha256sum --check --status; }

# The stamp is newer than the library it vouches for, so an intact library is hashed only once.
if [ -f "$folder/verified-$digest" ] && [ "$folder/verified-$digest" -nt "$library" ]; then
    exit 0
fi
if ! is_intact; then
    if ! command -v npm >/dev/null 2>&1; then
        echo "libduckdb: npm is not installed: DuckDB is compiled from source, which takes about an hour (or set DUCKDB_LIB_DIR to a folder with libduckdb.so 1.5.5)" >&2
        echo "--features vocd/bundled"
        exit 0
    fi
    echo "libduckdb: fetching DuckDB's library for $platform" >&2
    mkdir -p "$folder"
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    npm pack --silent --pack-destination "$scratch" "@duckdb/node-bindings-$platform@$version" >&2
    tar -xzf "$scratch"/*.tgz -C "$scratch" package/libduckdb.so package/LICENSE
    mv "$scratch/package/LICENSE" "$folder/LICENSE"
    mv "$scratch/package/libduckdb.so" "$library"
    if ! is_intact; then
        rm -f "$library"
        echo "libduckdb: the digest of the fetched library is not the pinned one; nothing was kept" >&2
        exit 1
    fi
fi
sleep 0.01
touch "$folder/verified-$digest"
