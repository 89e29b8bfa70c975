#!/usr/bin/env bash
# What following the messages costs the daemon, and that no client can disturb it.
#
#   perf/tail.sh [--quick] [RATE SECONDS]
#
# RATE messages a second (100,000) for SECONDS (10), three times: nobody follows; one client opened the stream and never reads;
# five clients read. The right answer: every message that was sent is stored, none is dropped, the reading clients saw or were
# told of each, what the stalled one missed is counted, and what is kept for them stays within 128 MiB. Prints CPU a message
# of the receiving threads, the sink, and the control thread, which renders. --quick: 10,000 a second for 3 seconds.
set -euo pipefail
# shellcheck source=perf/lib.sh
. "$(dirname "$0")/lib.sh"
rate=100000 seconds=10
if [ "${1:-}" = --quick ]; then
    rate=10000 seconds=3
    shift
fi
rate=${1:-$rate} seconds=${2:-$seconds}
need curl awk "$muttd" "$loadgen"
tap_octets_max=$((128 * 1024 * 1024))
failed=0

# cpu_of NAME...: CPU of the threads with these names so far, in microseconds.
cpu_of() {
    local task name
    for task in /proc/"$pid"/task/*; do
        for name in "$@"; do
            [[ $(cat "$task/comm") != $name ]] || cat "$task/schedstat"
        done
    done | awk '{ sum += $1 } END { printf "%d", sum / 1000 }'
}

wrong() {
    echo "WRONG: $*"
    failed=1
}

# rows_of FILE: the rows that a stream showed or counted, and those it was told that it missed.
rows_of() {
    grep -o '"matched":[0-9]*,"skipped":[0-9]*}$' "$1" |
        awk -F'[:,}]' '{ matched += $2; skipped += $4 } END { printf "%d %d", matched, skipped }'
}

# measure NAME STALLED READING: one run with so many clients.
measure() {
    local name=$1 stalled=$2 reading=$3 clients=() number sent stored_rows dropped missed octets octets_most=0 sampler
    start_muttd "$work/mutt" <<YAML
listeners:
  snmp: {enabled: false}
  syslog: {port: 0, address: 127.0.0.1, protocol: udp}
pattern_matching: {rules_file: null}
snmpv3: {credentials_file: null}
YAML
    for ((number = 0; number < stalled; number++)); do
        # It asks, and then only holds the connection open.
        (exec 3<>"/dev/tcp/${http%:*}/${http##*:}"; printf 'GET /api/v1/tail HTTP/1.0\r\n\r\n' >&3; sleep 3600 <&3 & echo $! >stalled.pid; wait) &
        clients+=($!)
    done
    for ((number = 0; number < reading; number++)); do
        curl -sN "http://$http/api/v1/tail" >"reading.$number" &
        clients+=($!)
    done
    while [ "$(metric mutt_tap_readers)" -lt $((stalled + reading)) ]; do sleep 0.05; done
    local receive sink control
    receive=$(cpu_of 'shard*') sink=$(cpu_of sink) control=$(cpu_of control)
    send --syslog-port "$(port_of syslog-udp)" --mix syslog=1 --devices 1000 --rate "$rate" --duration "${seconds}s" >sent &
    sampler=$!
    while kill -0 "$sampler" 2>/dev/null; do
        octets=$(metric mutt_tap_octets)
        [ "$octets" -le "$octets_most" ] || octets_most=$octets
        sleep 0.1
    done
    wait "$sampler"
    sent=$(cat sent)
    stored_rows=$(settled stored syslog-udp)
    receive=$(($(cpu_of 'shard*') - receive)) sink=$(($(cpu_of sink) - sink)) control=$(($(cpu_of control) - control))
    dropped=$(curl -fsS "http://$http/metrics" | awk '/^mutt_dropped_total/ { sum += $2 } END { print sum + 0 }')
    missed=$(metric 'mutt_tap_missed_total{reader="tail"}')
    # The last tick is at most a fifth of a second away.
    sleep 1
    printf '%-8s sent %d stored %d dropped %d | us a message: receive %s sink %s control %s | missed %s, kept at most %d MiB\n' \
        "$name" "$sent" "$stored_rows" "$dropped" "$(each "$receive" "$sent")" "$(each "$sink" "$sent")" \
        "$(each "$control" "$sent")" "${missed:-0}" $((octets_most / 1048576))
    [ $((stored_rows + dropped)) -eq "$sent" ] || wrong "$((sent - stored_rows - dropped)) messages are not accounted for"
    [ "$dropped" -eq 0 ] || wrong "$dropped messages were dropped"
    [ "$octets_most" -le "$tap_octets_max" ] || wrong "$octets_most octets were kept"
    local skipped=0
    for ((number = 0; number < reading; number++)); do
        local seen told
        read -r seen told < <(rows_of "reading.$number"; echo)
        skipped=$((skipped + told))
        [ $((seen + told)) -eq "$stored_rows" ] || wrong "client $number saw $seen and was told of $told of $stored_rows"
    done
    # What a stalled client misses is counted when it looks again, and told to nobody.
    [ "$stalled" -gt 0 ] || [ "${missed:-0}" -eq "$skipped" ] || wrong "$missed counted as missed, $skipped told"
    [ ! -e stalled.pid ] || kill "$(cat stalled.pid)"
    [ ${#clients[@]} -eq 0 ] || kill "${clients[@]}" 2>/dev/null || true
    stop_muttd
    wait 2>/dev/null || true
}

echo "== $rate messages a second for $seconds s"
measure nobody 0 0
measure stalled 1 0
measure reading 0 5
exit "$failed"
