#!/bin/sh
# The main job on the embedded registry, from nothing: seed, plan, apply, plan again. It can be run as often as you like.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work="$here/.regsync"
rm -rf "$work"
mkdir -p "$work"
cd "$here"

say() { printf '\n$ %s\n' "$*"; "$@"; }

export REGSYNC_BACKEND="local:.regsync/registry.db"
say regsync local seed seed.yaml
say regsync plan registry.yaml -o .regsync/plan.json
say regsync apply .regsync/plan.json
say regsync plan registry.yaml

cat <<'END'

Next, in examples/quickstart:
  export REGSYNC_BACKEND=local:.regsync/registry.db     and put .venv/bin on your PATH
  edit registry.yaml: point `production` at ${team}/fraud/fraud-detector:v11, as `staging` is
  regsync plan registry.yaml                             shows the move
  regsync apply registry.yaml                            asks, then does it
  regsync why model/fraud-detector:production registry.yaml
END
