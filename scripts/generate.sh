#!/bin/sh
# Writes every file that is made from another one and checked in. Each has a test that fails when it was forgotten.

set -eu
cd "$(dirname "$0")/.."

write() {  # FILE MODULE : what the module prints, in whole or not at all
    .venv/bin/python -m "$2" >"$1.new"
    mv "$1.new" "$1"
    echo "wrote $1" >&2
}

write csrc/policy_tables.h minipod.supervisor.generate
