#!/usr/bin/env bash
# What SNMPv3 costs the whole process, CPU per stored trap, and what a stranger can make it cost.
#
#   perf/snmpv3.sh [--assert] [ROUNDS] [RATE] [SECONDS]
#
# In each round, in changing order: v2c; v3 authPriv (HMAC-SHA-96, AES-128) of one engine; the same of 10,000 engines;
# the same of an unknown user; of 10,000 unknown users at 10,000 engines. All senders were heard once before the
# measurement, as they are in a network that runs. The right answer: every trap sent is a row, decoded or refused as
# asked; else the script fails. Prints the CPU of each run in microseconds a trap, what memory it added, and the
# ratios of the medians; with --assert the script fails, too, when one is beyond its bound.
set -euo pipefail
# shellcheck source=perf/lib.sh
. "$(dirname "$0")/lib.sh"
assert=false
if [ "${1:-}" = --assert ]; then assert=true; shift; fi
rounds=${1:-5} rate=${2:-10000} seconds=${3:-6}
need curl "$muttd" "$loadgen"

# load PORT SECONDS ARGUMENTS...
load() {
    send --rate "$rate" --duration "${2}s" --devices 10000 --snmp-port "$1" \
        "${trap_passwords[@]}" "${@:3}"
}

# run DECODED ARGUMENTS...: prints the microseconds a trap and the KiB of memory added by the measured part.
run() {
    local wanted=$1 port start sent kept end refused warm before
    shift
    start_muttd_for_traps
    port=$(port_of snmp-udp)
    warm=$(load "$port" 2 "$@")
    settled stored snmp-udp >/dev/null
    before=$(metric mutt_resident_octets)
    start=$(cpu_us "$pid")
    sent=$(load "$port" "$seconds" "$@")
    kept=$(settled stored snmp-udp)
    end=$(cpu_us "$pid")
    refused=$(undecoded)
    local memory=$((($(metric mutt_resident_octets) - before) / 1024))
    stop_muttd
    [ "$wanted" = decoded ] || refused=$((kept - refused))
    [ $((warm + sent)) = "$kept" ] && [ "$refused" = 0 ] ||
        { echo "sent $((warm + sent)), stored $kept, $refused of them not as asked" >&2; return 1; }
    echo "$(each $((end - start)) "$sent") $memory"
}

v2c() { run decoded --mix v2c=1; }
one_engine() { run decoded --mix v3=1 --v3-engines 1; }
many_engines() { run decoded --mix v3=1 --v3-engines 10000; }
unknown_user() { run refused --mix v3=1 --v3-engines 1 --v3-user stranger; }
unknown_users() { run refused --mix v3=1 --v3-engines 10000 --v3-users 10000 --v3-user stranger; }

echo "$rounds rounds, $rate/s for ${seconds} s, CPU in us a trap, memory added in KiB"
all=(v2c one_engine many_engines unknown_user unknown_users)
for round in $(seq "$rounds"); do
    for turn in "${!all[@]}"; do
        what=${all[(turn + round) % ${#all[@]}]}
        result=$($what) || { echo "round $round: $what went wrong"; exit 1; }
        echo "round $round  $what  $result"
        echo "${result% *}" >>"$work/$what.us"
        echo "${result#* }" >>"$work/$what.kib"
    done
done
us() { median "$work/$1.us"; }
failed=0
judge "10,000 engines against one" "$(us many_engines)" "$(us one_engine)" 1.2 || failed=1
judge "v3 authPriv against v2c" "$(us one_engine)" "$(us v2c)" 2 || failed=1
judge "an unknown user against valid traffic" "$(us unknown_user)" "$(us one_engine)" 1 || failed=1
judge "10,000 unknown users against valid traffic" "$(us unknown_users)" "$(us many_engines)" 1 || failed=1
# What every run adds is the page cache of the store and its log; strangers may add no more than that.
more=$(($(median "$work/unknown_users.kib" | cut -d. -f1) - $(median "$work/many_engines.kib" | cut -d. -f1)))
echo "10,000 unknown users add $more KiB more than valid traffic (allowed 4096)"
[ "$more" -le 4096 ] || failed=1
! $assert || exit "$failed"
