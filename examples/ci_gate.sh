#!/bin/sh
# A gate for a pipeline: stops the release when a required check does not hold.
#   sh examples/ci_gate.sh trust.yaml [evidence.json]
# The evidence is kept for whoever asks later; the exit code is the answer.
set -u

spec=${1:?usage: ci_gate.sh trust.yaml [evidence.json]}
evidence=${2:-evidence.json}

dte-panel check "$spec" --strict --out "$evidence"
code=$?

case $code in
    0) echo "gate: open. Every required check holds its bound." ;;
    1) echo "gate: closed. A required check is beyond its bound." ;;
    2) echo "gate: closed. The spec or the data cannot be used." ;;
    3) echo "gate: closed. A required check could not be evaluated." ;;
    4) echo "gate: closed. A required check is too near to its bound to tell." ;;
    *) echo "gate: closed. DTE Panel itself failed with code $code." ;;
esac
exit "$code"
