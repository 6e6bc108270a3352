#!/usr/bin/env bash
# Requests per second through sluice and through nginx proxy_pass, in one run, in turns, in front of the
# same mock upstream. Prints each round and the median ratio. Loopback only; about a minute.
#   bench/proxy/compare.sh [SECONDS] [ROUNDS] [BODY_BYTES] [CONNECTIONS]
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-4} rounds=${2:-5} bytes=${3:-4096} connections=${4:-32}
build=${SLUICE_BUILD:-build}
work=$(mktemp -d)
pids=()
stop() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT
for program in nginx wrk; do
    command -v "$program" >/dev/null || { echo "compare: $program is missing; apt-get install $program" >&2; exit 1; }
done

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
gateway_port=$(free_port) nginx_port=$(free_port)

"$build/sluice-mock" --listen 127.0.0.1:0 --name local --port-file "$work/port" >/dev/null 2>&1 &
pids+=($!)
for _ in $(seq 100); do [[ -s $work/port ]] && break; sleep 0.05; done
mock_port=$(head -n 1 "$work/port")

cat >"$work/sluice.yaml" <<YAML
listen: 127.0.0.1:$gateway_port
data_dir: $work/data
threads: 1
upstreams:
  - {name: local, class: local, api: openai, url: "http://127.0.0.1:$mock_port/v1"}
YAML
"$build/sluice" serve --config "$work/sluice.yaml" 2>"$work/sluice.log" &
pids+=($!)

cat >"$work/nginx.conf" <<CONF
worker_processes 1;
pid $work/nginx.pid;
error_log $work/nginx.log;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path $work/body;
    proxy_temp_path $work/proxy;
    fastcgi_temp_path $work/fastcgi;
    uwsgi_temp_path $work/uwsgi;
    scgi_temp_path $work/scgi;
    client_max_body_size 64m;
    client_body_buffer_size 1m;
    keepalive_requests 1000000;
    upstream mock { server 127.0.0.1:$mock_port; keepalive 64; keepalive_requests 1000000; }
    server {
        listen 127.0.0.1:$nginx_port;
        location / { proxy_pass http://mock; proxy_http_version 1.1; proxy_set_header Connection ""; }
    }
}
CONF
nginx -c "$work/nginx.conf" -g 'daemon off;' 2>/dev/null &
pids+=($!)
for port in "$gateway_port" "$nginx_port"; do
    for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.05; done
done

# One clean request (LOW) and one with values that become tokens (MEDIUM).
python3 - "$work" "$bytes" <<'PY'
import json, sys
folder, size = sys.argv[1], int(sys.argv[2])
prose = "Could you look at the function below and say why the counter is off by one? "
def body(text):
    def made(times):
        return json.dumps({"model": "demo", "mock": {"reply": "done"}, "messages": [{"role": "user", "content": text + prose * times}]})
    times = 0
    while len(made(times + 1)) <= size: times += 1
    return made(times)
for name, text in (("clean", ""), ("values", "Write to ada.lovelace@example.org or call +44 20 7946 0958. ")):
    with open(f"{folder}/{name}.lua", "w") as file:
        file.write(f'wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\nwrk.body = {json.dumps(body(text))}\n')
PY

rate() { wrk -t 1 -c "$connections" -d "${seconds}s" -s "$work/$2.lua" "http://127.0.0.1:$1/v1/chat/completions" >"$work/wrk.txt"
    if grep -q 'Non-2xx' "$work/wrk.txt"; then cat "$work/wrk.txt" >&2; exit 1; fi
    awk '/Requests\/sec/ {print $2}' "$work/wrk.txt"; }

echo "| body | round | sluice req/s | nginx req/s | ratio |"
echo "|---|---:|---:|---:|---:|"
for body in clean values; do
    ratios=()
    for round in $(seq "$rounds"); do
        ours=$(rate "$gateway_port" "$body") theirs=$(rate "$nginx_port" "$body")
        ratio=$(awk -v a="$ours" -v b="$theirs" 'BEGIN {printf "%.3f", a / b}')
        ratios+=("$ratio")
        echo "| $body | $round | $ours | $theirs | $ratio |"
    done
    printf '%s\n' "${ratios[@]}" | sort -n | awk -v body="$body" '{r[NR] = $1} END {printf "| %s | median | | | %s |\n", body, r[int((NR + 1) / 2)]}'
done
