#!/usr/bin/env bash
# usage: demo_receipt.sh SOURCE BUILD
#
# Runs the demo, and has its receipt verified by code that is not ours: accepted as it is, refused with the
# byte that the demo changed. Prints TAP.
set -uo pipefail
source=$1
build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

check() { # check SENTENCE WANTED-STATUS COMMAND...
    local sentence=$1 wanted=$2 status=0
    shift 2
    "$@" >"$work/log" 2>&1 || status=$?
    number=$((number + 1))
    if [ "$status" = "$wanted" ]; then
        echo "ok $number - $sentence"
    else
        echo "not ok $number - $sentence"
        echo "# exit $status, not $wanted"
        tail -n 30 "$work/log" | sed 's/^/# /'
    fi
}

verify=("node" "$source/tests/node/verify-receipt.mjs")
echo 1..3
check 'the demo runs to its end' 0 "$source/tools/demo" "$build" "$work/demo"
check 'its receipt is verified by code that is not ours' 0 \
    "${verify[@]}" "$work/demo/record-7.receipt.cose" "$work/demo/service.keys.cose"
check 'the receipt with one byte changed is refused by it' 1 \
    "${verify[@]}" "$work/demo/one-byte-changed.cose" "$work/demo/service.keys.cose"
