#!/bin/sh
# Installs Chromium and its driver for the browser tests where that is possible; says how else.
set -eu
if command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing chromium and chromium-driver"
    log=target/install-browser.log
    mkdir -p target
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends chromium chromium-driver; } >"$log" 2>&1; then
        echo "browser tests will be skipped: installing chromium failed, see $log"
    fi
    exit 0
fi
echo "browser tests will be skipped: install the packages chromium and chromium-driver"
