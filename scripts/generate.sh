#!/bin/sh
# Writes every file that is made from another one and checked in. Each has a test that fails when it was forgotten.
#
# The policy first, by any Python: the package might not even compile before. Then those that need the package.

set -eu
cd "$(dirname "$0")/.."
. scripts/needs.sh

write() {  # FILE COMMAND : what the command prints, in whole or not at all
    file=$1
    shift
    "$@" >"$file.new" || { rm "$file.new"; exit 1; }
    if cmp -s "$file.new" "$file"; then
        rm "$file.new"
    else
        mv "$file.new" "$file"
        echo "wrote $file" >&2
    fi
}

installed() {  # MODULE WORD... : not the checkout's, which has no extension
    (cd .venv && bin/python -m "$@")
}

require build
write csrc/policy_tables.h "$python" -m minipod.supervisor.generate
write csrc/usage.h "$python" -m minipod.commands.usage_header
write docs/policy.md "$python" -m minipod.supervisor.diagram
for golden in tests/policy/golden/*.txt; do
    write "$golden" "$python" -m minipod.supervisor.diagram "$(basename "$golden" .txt)"
done
scripts/set_up.sh build
write csrc/solo_plan.h installed minipod.reaper.solo
write docs/import_options.md installed minipod.foreign.options
write docs/kubernetes_fields.md installed minipod.kube.reference
write docs/config.md installed minipod.config.reference markdown
write config/minipod.toml installed minipod.config.reference toml
