#!/usr/bin/env bash
# CPU per stored syslog message, whole process: muttd (parsed, matched, committed in SQLite) against rsyslogd (UDP to
# a flat file). Both get the same stream from loadgen, one after the other, in alternating order, several times.
#
#   perf/vs_rsyslog.sh [PAIRS] [RATE] [SECONDS]
#
# The right answer: every message sent is a row, and is a line. A pair in which one is missing does not count, and
# the script fails. Prints the CPU of each run in microseconds a message, and the ratio of the medians.
set -euo pipefail
# shellcheck source=perf/lib.sh
. "$(dirname "$0")/lib.sh"
pairs=${1:-5} rate=${2:-50000} seconds=${3:-6} limit=${LIMIT:-1.5}
need rsyslogd curl "$muttd" "$loadgen"
port=$((20000 + RANDOM % 20000))

load() { send --rate "$rate" --duration "${seconds}s" --mix syslog=100 --devices 1000 --syslog-port "$1"; }
lines() { wc -l <"$work/rsyslog.log"; }

run_muttd() {
    start_muttd "$work/mutt" <<YAML
listeners:
  snmp: {enabled: false}
  syslog: {port: 0, address: 127.0.0.1, protocol: udp}
pattern_matching: {rules_file: $root/config/alert_rules.yaml}
snmpv3: {credentials_file: null}
YAML
    local start sent kept end
    start=$(cpu_us "$pid")
    sent=$(load "$(port_of syslog-udp)")
    kept=$(settled stored syslog-udp)
    end=$(cpu_us "$pid")
    stop_muttd
    [ "$sent" = "$kept" ] || { echo "muttd: sent $sent, stored $kept" >&2; return 1; }
    each $((end - start)) "$sent"
}

# Without reverse DNS, which we do not do either.
run_rsyslog() {
    rm -f "$work/rsyslog.log" "$work/rsyslog.pid" && touch "$work/rsyslog.log"
    cat >"$work/rsyslog.conf" <<CONF
global(workDirectory="$work" net.enableDNS="off")
module(load="imudp")
input(type="imudp" address="127.0.0.1" port="$port" rcvbufSize="32m")
action(type="omfile" file="$work/rsyslog.log")
CONF
    rsyslogd -n -f "$work/rsyslog.conf" -i "$work/rsyslog.pid" >"$work/rsyslog.out" 2>&1 &
    pid=$!
    for _ in $(seq 100); do [ -s "$work/rsyslog.pid" ] && break; sleep 0.1; done
    local start sent kept end
    start=$(cpu_us "$pid")
    sent=$(load "$port")
    kept=$(settled lines)
    end=$(cpu_us "$pid")
    kill -TERM "$pid" && wait "$pid" || true
    pid=
    [ "$sent" = "$kept" ] || { echo "rsyslogd: sent $sent, wrote $kept" >&2; return 1; }
    each $((end - start)) "$sent"
}

echo "$pairs pairs, $rate/s for ${seconds} s, CPU in us a message"
for pair in $(seq "$pairs"); do
    if ((pair % 2)); then order="muttd rsyslog"; else order="rsyslog muttd"; fi
    for program in $order; do
        result=$("run_$program") || { echo "pair $pair: $program lost messages"; exit 1; }
        echo "$result" >>"$work/$program.us"
        echo "pair $pair  $program  $result"
    done
done
judge "median of muttd and of rsyslogd to a flat file" "$(median "$work/muttd.us")" "$(median "$work/rsyslog.us")" "$limit"
