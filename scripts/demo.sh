#!/usr/bin/env bash
# From an empty machine to a report: sets everything up, trains a small BranchyNet on the embedded digits,
# chooses its thresholds on validation data, evaluates on test, and prints a table and the report's path.
#
#   bash scripts/demo.sh [key=value ...]    changes to the config, as `idn run` takes them
set -euo pipefail
# shellcheck source=scripts/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

setup demo
step "the main job: a BranchyNet with three exits on handwritten digits" \
  idn run branchynet_2016/smoke --out "$root/runs" "$@"
