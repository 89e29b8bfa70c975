#!/usr/bin/env bash
# CPU per stored trap, whole process: muttd (decoded, named, matched, committed in SQLite) against snmptrapd of net-snmp
# (UDP to a flat file), for v2c and for v3 authPriv (HMAC-SHA-96, AES-128), in one run. Both get the same stream from
# loadgen, one after the other, in alternating order, several times.
#
#   perf/vs_snmptrapd.sh [--assert] [ROUNDS] [RATE] [SECONDS]
#
# Before the traps that are measured both get as many for two seconds: to see a device for the first time, or a page of memory,
# is not what a trap costs.
#
# The right answer: every trap sent is a row that was decoded, and is a line; else the script fails, so RATE must be one
# that snmptrapd keeps up with. Prints the CPU of each run in microseconds a trap, and the ratio of the medians. With
# --assert the script fails, too, when muttd takes more than a tenth.
set -euo pipefail
# shellcheck source=perf/lib.sh
. "$(dirname "$0")/lib.sh"
assert=false
if [ "${1:-}" = --assert ]; then assert=true; shift; fi
rounds=${1:-5} rate=${2:-2000} seconds=${3:-8} limit=${LIMIT:-0.1}
snmptrapd=$(PATH=$PATH:/usr/sbin command -v snmptrapd) || { echo "snmptrapd is not installed"; exit 2; }
need curl "$muttd" "$loadgen"
port=$((20000 + RANDOM % 20000))

# load VERSION PORT SECONDS. snmptrapd has to be told of each engine, so there is one.
load() {
    send --rate "$rate" --duration "${3}s" --mix "$1=1" --devices 1000 --snmp-port "$2" --v3-engines 1 \
        "${trap_passwords[@]}"
}
# The header of a trap; the line of its varbinds begins with a dot.
lines() { grep -c '^[0-9]' "$work/snmptrapd.log" || true; }

run_muttd() {
    start_muttd_for_traps
    local port start before sent kept end refused
    port=$(port_of snmp-udp)
    before=$(load "$1" "$port" 2)
    kept=$(settled stored snmp-udp)
    start=$(cpu_us "$pid")
    sent=$(load "$1" "$port" "$seconds")
    kept=$(settled stored snmp-udp)
    end=$(cpu_us "$pid")
    refused=$(undecoded)
    stop_muttd
    [ $((before + sent)) = "$kept" ] && [ "$refused" = 0 ] ||
        { echo "muttd: sent $((before + sent)), stored $kept, $refused of them not decoded" >&2; return 1; }
    each $((end - start)) "$sent"
}

# Numbers in the place of names, and no reverse DNS: less than we do.
run_snmptrapd() {
    rm -rf "$work/snmptrapd.log" "$work/persist"
    cat >"$work/snmptrapd.conf" <<CONF
[snmp] serverRecvBuf 33554432
createUser -e 0x80007ed90500000000 loadgen SHA "$trap_auth" AES "$trap_priv"
authUser log loadgen priv
authCommunity log public
CONF
    SNMP_PERSISTENT_DIR="$work/persist" SNMPCONFPATH="$work" MIBS='' "$snmptrapd" -f -C -c "$work/snmptrapd.conf" \
        -On -n -Lf "$work/snmptrapd.log" "udp:127.0.0.1:$port" >"$work/snmptrapd.out" 2>&1 &
    pid=$!
    for _ in $(seq 100); do grep -q '^NET-SNMP' "$work/snmptrapd.log" 2>/dev/null && break; sleep 0.1; done
    local start before sent kept end
    before=$(load "$1" "$port" 2)
    kept=$(settled lines)
    start=$(cpu_us "$pid")
    sent=$(load "$1" "$port" "$seconds")
    kept=$(settled lines)
    end=$(cpu_us "$pid")
    kill -TERM "$pid" && wait "$pid" || true
    pid=
    [ $((before + sent)) = "$kept" ] || { echo "snmptrapd: sent $((before + sent)), wrote $kept" >&2; return 1; }
    each $((end - start)) "$sent"
}

echo "$rounds rounds, $rate/s for ${seconds} s, CPU in us a trap"
for round in $(seq "$rounds"); do
    if ((round % 2)); then order="muttd snmptrapd"; else order="snmptrapd muttd"; fi
    for version in v2c v3; do
        for program in $order; do
            result=$("run_$program" $version) || { echo "round $round: $program lost $version traps"; exit 1; }
            echo "$result" >>"$work/$program.$version.us"
            echo "round $round  $version  $program  $result"
        done
    done
done
failed=0
for version in v2c v3; do
    judge "$version, median of muttd and of snmptrapd to a flat file" \
        "$(median "$work/muttd.$version.us")" "$(median "$work/snmptrapd.$version.us")" "$limit" || failed=1
done
! $assert || exit "$failed"
