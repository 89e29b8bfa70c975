#!/usr/bin/env bash
# CPU per stored syslog message, whole process: muttd (parsed, matched, committed in SQLite) against rsyslogd (UDP to
# a flat file). Both get the same stream from loadgen, one after the other, in alternating order, several times.
#
#   perf/vs_rsyslog.sh [PAIRS] [RATE] [SECONDS]
#
# The right answer: every message sent is a row, and is a line. A pair in which one is missing does not count, and
# the script fails. Prints the CPU of each run in microseconds a message, and the ratio of the medians.
set -euo pipefail

pairs=${1:-5} rate=${2:-50000} seconds=${3:-6} limit=${LIMIT:-1.5}
root=$(cd "$(dirname "$0")/.." && pwd)
muttd=${MUTTD:-$root/target/release/muttd} loadgen=${LOADGEN:-$root/target/release/loadgen}
command -v rsyslogd >/dev/null || { echo "rsyslogd is not installed"; exit 2; }
for program in "$muttd" "$loadgen"; do
    [ -x "$program" ] || { echo "$program is missing: cargo build --release --workspace"; exit 2; }
done
work=$(mktemp -d)
pid=
cleanup() {
    [ -z "$pid" ] || kill "$pid" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
port=$((20000 + RANDOM % 20000))
http=$((port + 1))

# User and system time of a process, in microseconds.
cpu_us() {
    awk -v hz="$(getconf CLK_TCK)" '{ sub(/^.*\) /, ""); printf "%d", ($12 + $13) * 1000000 / hz }' "/proc/$1/stat"
}

send() {
    "$loadgen" --rate "$rate" --duration "${seconds}s" --mix syslog=100 --devices 1000 --target 127.0.0.1 \
        --syslog-port "$port" --quiet --accept-drops --json "$work/sent.json" >/dev/null
    sed -n 's/.*"sent": *\([0-9]*\).*/\1/p' "$work/sent.json" | head -n 1
}

# Waits until the command given prints the same number twice, half a second apart, and prints it.
settled() {
    local before=-1 now
    for _ in $(seq 60); do
        now=$("$@")
        [ "$now" != "$before" ] || { echo "$now"; return; }
        before=$now
        sleep 0.5
    done
    echo "$now"
}

stored() { curl -s "http://127.0.0.1:$http/metrics" | awk '/^mutt_stored_total.*syslog-udp/ { print $2 }'; }
lines() { wc -l <"$work/rsyslog.log"; }

run_muttd() {
    rm -rf "$work/mutt" && mkdir "$work/mutt"
    cat >"$work/mutt/config.yaml" <<YAML
daemon: { log_file: null, pid_file: null }
listeners:
  snmp: { enabled: false }
  syslog: { port: $port, address: 127.0.0.1 }
storage: { database: { path: $work/mutt/messages.db } }
pattern_matching: { rules_file: $root/config/alert_rules.yaml }
snmpv3: { credentials_file: null }
http: { listen: "127.0.0.1:$http" }
YAML
    "$muttd" --config "$work/mutt/config.yaml" 2>"$work/mutt/log" &
    pid=$!
    for _ in $(seq 100); do curl -sf "http://127.0.0.1:$http/readyz" >/dev/null && break; sleep 0.1; done
    local start sent kept end
    start=$(cpu_us $pid)
    sent=$(send)
    kept=$(settled stored)
    end=$(cpu_us $pid)
    kill -TERM $pid && wait $pid
    pid=
    [ "$sent" = "$kept" ] || { echo "muttd: sent $sent, stored $kept" >&2; return 1; }
    awk -v us=$((end - start)) -v n="$sent" 'BEGIN { printf "%.3f\n", us / n }'
}

# Without reverse DNS, which we do not do either.
run_rsyslog() {
    rm -f "$work/rsyslog.log" && touch "$work/rsyslog.log"
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
    start=$(cpu_us $pid)
    sent=$(send)
    kept=$(settled lines)
    end=$(cpu_us $pid)
    kill -TERM $pid && wait $pid || true
    pid=
    [ "$sent" = "$kept" ] || { echo "rsyslogd: sent $sent, wrote $kept" >&2; return 1; }
    awk -v us=$((end - start)) -v n="$sent" 'BEGIN { printf "%.3f\n", us / n }'
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

echo "$pairs pairs, $rate/s for ${seconds} s, CPU in us a message"
for pair in $(seq "$pairs"); do
    if ((pair % 2)); then order="muttd rsyslog"; else order="rsyslog muttd"; fi
    for program in $order; do
        result=$("run_$program") || { echo "pair $pair: $program lost messages"; exit 1; }
        echo "$result" >>"$work/$program.us"
        echo "pair $pair  $program  $result"
    done
done
ours=$(median "$work/muttd.us") theirs=$(median "$work/rsyslog.us")
awk -v a="$ours" -v b="$theirs" -v limit="$limit" 'BEGIN {
    printf "median: muttd %.3f, rsyslogd to a flat file %.3f, ratio %.2f (allowed %.2f)\n", a, b, a / b, limit
    exit !(a / b <= limit) }'
