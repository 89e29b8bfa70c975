#!/usr/bin/env bash
# What an idle connection costs: memory resident before and after thousands of connections that have sent one message
# each and are silent now, over TCP and over TLS.
#
#   perf/idle_connections.sh [CONNECTIONS]
#
# The right answer: every message is stored, every connection is open, and each costs at most 20 KiB. Needs python3,
# openssl and curl.
set -euo pipefail
# shellcheck source=perf/lib.sh
. "$(dirname "$0")/lib.sh"
connections=${1:-10000}
need curl openssl python3 "$muttd"
ulimit -n $((connections + 200)) || { echo "too few files may be open: ulimit -Hn"; exit 2; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj "/CN=localhost" \
    -addext "subjectAltName=DNS:localhost" -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
failed=0
for transport in tcp tls; do
    start_muttd "$work/run" <<YAML
listeners:
  snmp: {enabled: false}
  syslog:
    port: 0
    address: 127.0.0.1
    protocol: tcp
    tcp: {connections_max: 20000}
    tls: {enabled: true, port: 0, certificate_file: $work/cert.pem, key_file: $work/key.pem}
pattern_matching: {rules_file: null}
snmpv3: {credentials_file: null}
YAML
    port=$(port_of "syslog-$transport")
    python3 - "$transport" "$port" "$http" "$connections" <<'PYTHON' || failed=1
import json, socket, ssl, sys, time, urllib.request

transport, port, http, wanted = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
context = ssl.create_default_context(cafile="../cert.pem")

def get(path):
    return urllib.request.urlopen(f"http://{http}{path}").read().decode()

def resident():
    line = next(line for line in get("/metrics").splitlines() if line.startswith("mutt_resident_octets "))
    return int(line.split()[1])

def connect():
    plain = socket.create_connection(("127.0.0.1", port))
    stream = context.wrap_socket(plain, server_hostname="localhost") if transport == "tls" else plain
    message = "<14>1 - host app - - - then silence"
    stream.sendall(f"{len(message)} {message}".encode())
    return stream

def stored():
    return json.loads(get("/api/v1/ledger"))["total"]["stored"]

# The first ones pay for what all share.
streams = [connect() for _ in range(100)]
while stored() < 100:
    time.sleep(0.1)
before = resident()
streams += [connect() for _ in range(wanted)]
while stored() < 100 + wanted:
    time.sleep(0.1)
time.sleep(1)
each = (resident() - before) / wanted / 1024
listeners = json.loads(get("/api/v1/listeners"))["listeners"]
open_now = next(each["connections_open"] for each in listeners if each["name"] == f"syslog-{transport}")
print(f"{transport}: {open_now} connections open, {each:.1f} KiB resident each (allowed 20)")
sys.exit(0 if open_now == 100 + wanted and each <= 20 else 1)
PYTHON
    stop_muttd
done
exit "$failed"
