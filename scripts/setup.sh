#!/usr/bin/env bash
# Installs what a machine with only Node lacks.
#   scripts/setup.sh         the tool's own dependencies
#   scripts/setup.sh tests   also what the tests compare with: trace-cmd and Chromium
# Debian packages are installed when run as root; otherwise the command to run is printed.
set -euo pipefail
cd "$(dirname "$0")/.."

node -e '
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node 20.19 or later is needed, this is ${process.versions.node}`);
  process.exit(1);
}'

install_packages() {
  [ $# -gt 0 ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing: $*" >&2
    apt-get update -qq </dev/null >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >&2
  else
    echo "missing: $*. As root: apt-get install $*" >&2
    return 1
  fi
}

# better-sqlite3 fetches a ready build for this Node; where it cannot, it compiles one.
build_from_source() {
  local missing=() prefix
  command -v python3 >/dev/null || missing+=(python3)
  command -v make >/dev/null || missing+=(make)
  command -v g++ >/dev/null || missing+=(g++)
  install_packages "${missing[@]}"
  prefix=$(node -p 'path.dirname(path.dirname(process.execPath))')
  # Node's own headers, where they came with it: spares node-gyp a download.
  if [ -e "$prefix/include/node/node.h" ]; then export npm_config_nodedir="$prefix"; fi
  install_dependencies
}

# Not `npm ci`: it refuses a lock file that lacks the packages of other platforms, as one does that was
# written where the registry does not offer them. The locked versions are installed all the same.
install_dependencies() {
  npm install --no-save --no-audit --no-fund </dev/null
}

install_dependencies || build_from_source

if [ "${1:-}" = tests ]; then
  missing=()
  command -v trace-cmd >/dev/null || missing+=(trace-cmd)
  command -v chromium >/dev/null || missing+=(chromium)
  install_packages "${missing[@]}" || echo "the tests that need them will be skipped" >&2
fi
