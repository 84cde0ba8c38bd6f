#!/usr/bin/env bash
# Installs, builds and analyzes a recording of a real kernel that comes with the project; leaves its
# report in out/.
set -euo pipefail
cd "$(dirname "$0")/.."
bash scripts/setup.sh >&2
npm run --silent build
mkdir -p out
status=0
node dist/cli.js analyze fixtures/s612-svm-hang/svm-hang.dat \
  -o out/svm-hang.db --report out/svm-hang.html || status=$?
# 1 means that it found something, as it should in this recording.
[ "$status" -le 1 ] || exit "$status"
echo
echo "Open out/svm-hang.html in a browser, or ask the database:"
echo "  node dist/cli.js query out/svm-hang.db \"SELECT severity, summary FROM finding\""
