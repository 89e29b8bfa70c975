#!/usr/bin/env bash
# What a flood of sources costs, and who gives way in an overload.
#
#   perf/sources.sh
#
# 1. Memory: as many messages from 1,000 addresses and from 1,000,000, with the rate limit on. The right answer: every
#    message is accounted for, and the million took at most 64 MiB more.
# 2. Fairness: one device sends 80,000 messages a second beside 200 quiet ones, while another program holds the store
#    for three seconds. The right answer: no message of a quiet device is dropped with sources.fair_share, and the run
#    without it shows what it is for.
set -euo pipefail
# shellcheck source=perf/lib.sh
. "$(dirname "$0")/lib.sh"
need curl sqlite3 "$muttd" "$loadgen"

# start QUEUE BATCH LIMIT FAIR: a daemon on free ports; sets pid, http, syslog, snmp.
start() {
    start_muttd "$work/run" <<YAML
listeners:
  snmp: {port: 0, address: 127.0.0.1}
  syslog: {port: 0, address: 127.0.0.1, protocol: udp}
processor: {queue_max_size: $1, batch_write_size: $2}
pattern_matching: {rules_file: null}
snmpv3: {credentials_file: null}
sources: {messages_per_second_max: $3, fair_share: $4}
storage: {database: {connection_timeout: 0}}
YAML
    syslog=$(port_of syslog-udp)
    snmp=$(port_of snmp-udp)
}

stop() {
    stop_muttd
    grep -o 'stopped: .*' log
}

load() { "$loadgen" --target 127.0.0.1 --syslog-port "$syslog" --snmp-port "$snmp" --mix syslog=1 "$@"; }

resident() {
    start 200000 10000 10000 true
    load --rate 15000 --duration 70s --devices "$1" --verify "http://$http" --accept-drops >load.log || { cat load.log; exit 1; }
    memory=$(metric mutt_resident_octets)
    evicted=$(metric mutt_source_evictions_total)
    echo "$1 sources: $((memory / 1048576)) MiB resident, $evicted evicted"
    stop
}
echo "== memory: 1,050,000 messages at 15,000/s"
resident 1000
few=$memory
resident 1000000
more=$(((memory - few) / 1048576))
echo "the million took $more MiB more (allowed 64)"
failed=0
[ "$more" -le 64 ] || failed=1

echo "== fairness: one device at 80,000/s beside 200 quiet ones at 1,000/s, the store held for 3 s"
fair() {
    start 20000 1000 0 "$1"
    (sleep 1.5; exec sqlite3 data/messages.db 'PRAGMA busy_timeout = 5000' 'BEGIN IMMEDIATE' '.system sleep 3' 'COMMIT') >/dev/null &
    holder=$!
    load --rate 80000 --duration 6s --devices 1 --seed 7 >loud.log 2>&1 &
    loud=$!
    load --rate 1000 --duration 4s --devices 200 --first-device 5000 --seed 8 >quiet.log 2>&1
    wait "$loud" "$holder" || true
    for _ in $(seq 300); do
        curl -fsS "http://$http/api/v1/ledger" >ledger.json
        ! grep -q '"in_flight":0,' ledger.json || break
        sleep 0.1
    done
    quiet=$(sqlite3 data/messages.db "SELECT count(*) FROM messages WHERE source_ip >= '127.1.19' AND source_ip < '127.1.3'")
    echo "fair_share $1: $quiet of 4000 quiet messages stored; $(grep -o '"over_fair_share":[0-9]*,\|"queue_full":[0-9]*,\|"kernel_receive_buffer":[0-9]*,' ledger.json | tail -n 3 | tr '\n' ' ')"
    stop
}
fair false
without=$quiet
fair true
[ "$quiet" -eq 4000 ] || failed=1
[ "$without" -lt 4000 ] || { echo "the overload was none: nothing is shown"; failed=1; }
exit "$failed"
