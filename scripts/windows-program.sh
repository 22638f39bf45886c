#!/bin/bash
# The program itself under Wine, in a network namespace that windows-lane.sh made: it is
# asked by curl from Linux and has to see targets of the loopback go down and come back.
set -euo pipefail
: "${EXE:?the program}"
ip link set lo up
HOME_OF_DATA=$(mktemp -d)/"café data" # a space and a letter beyond ASCII
mkdir -p "$HOME_OF_DATA"
trap 'wineserver -k || true; rm -rf "$(dirname "$HOME_OF_DATA")"' EXIT
API=http://127.0.0.1:5000

fail() {
  echo "FAILED: $*"
  tail -n 30 "$HOME_OF_DATA/info.log" "$HOME_OF_DATA/console" 2>/dev/null || true
  exit 1
}
# ask PATH …: as the admin.
ask() {
  local path=$1
  shift
  curl -sf --max-time 5 -H "Authorization: Bearer $TOKEN" "$@" "$API$path"
}
# until SECONDS WHAT JQ: asks the site view until the expression holds.
until_site() {
  local end=$((SECONDS + $1)) what=$2 expression=$3
  until ask /api/v1/site | jq -e "$expression" >/dev/null; do
    if [ $SECONDS -ge $end ]; then fail "not within $1 s: $what"; fi
    sleep 0.2
  done
  echo "seen: $what"
}

cat >"$HOME_OF_DATA/config.json" <<'JSON'
{
  "targets": { "router": "127.0.0.2", "server": "127.0.0.3", "internet": "127.0.0.4" },
  "monitor_settings": {
    "interval_seconds": 1, "pc_subnet": "127.0.1", "pc_start_range": 1, "pc_count": 5
  },
  "verification_settings": { "secondary_target": "127.0.0.5", "min_incident_duration_seconds": 3 },
  "occupancy_settings": { "min_session_minutes": 0.1 }
}
JSON
DATA="Z:$(echo "$HOME_OF_DATA" | tr / '\\')"

echo '# check-config'
wine "$EXE" check-config "$DATA\\config.json" || fail 'check-config refuses a good file'
echo '{"targets":{"router":7}}' >"$HOME_OF_DATA/bad.json"
if wine "$EXE" check-config "$DATA\\bad.json"; then fail 'check-config takes a bad file'; fi

echo '# sweep'
wine "$EXE" sweep 127.0.0.0/28 --json >"$HOME_OF_DATA/sweep.json" || fail 'sweep'
jq -e '.alive == 14 and .hosts[0].via != null' "$HOME_OF_DATA/sweep.json" >/dev/null \
  || fail "sweep: $(cat "$HOME_OF_DATA/sweep.json")"
jq -c '{sent, alive, wall_ms, via: .hosts[0].via}' "$HOME_OF_DATA/sweep.json"

echo '# screenshot'
wine "$EXE" screenshot --output "$DATA\\screen.webp" --resize-ratio 0.5 \
  >"$HOME_OF_DATA/screenshot" || fail 'screenshot'
cat "$HOME_OF_DATA/screenshot"
grep -q '640×360' "$HOME_OF_DATA/screenshot" || fail 'the picture has another size'
[ "$(head -c 4 "$HOME_OF_DATA/screen.webp")$(head -c 12 "$HOME_OF_DATA/screen.webp" | tail -c 4)" \
  = RIFFWEBP ] || fail 'the picture is no WebP'
echo '# setup'
printf 'admin=correct horse\nprivacy=battery staple\n' >"$HOME_OF_DATA/passwords"
KEYS=(--data-dir "$DATA" --passwords-from "$DATA\\passwords")
wine "$EXE" setup "${KEYS[@]}" | tr -d '\r' >"$HOME_OF_DATA/code" || fail 'setup'
grep -qE '^([0-9A-Z]{4}-){6}[0-9A-Z]{4}$' "$HOME_OF_DATA/code" || fail 'no recovery code'
if wine "$EXE" setup "${KEYS[@]}"; then fail 'a second setup'; fi
TOKEN=$(wine "$EXE" token create lane --scope admin "${KEYS[@]}" | tr -d '\r')
[ ${#TOKEN} = 48 ] || fail "no token: $TOKEN"

echo '# run'
# Wine's sockets were seen not to hand over a connection for a whole minute, once: then it
# is started anew, and that is said.
for try in 1 2; do
  wine "$EXE" run --data-dir "$DATA" >"$HOME_OF_DATA/console" 2>&1 &
  for _ in $(seq 150); do
    if ask /api/v1/site >/dev/null; then break 2; fi
    sleep 0.2
  done
  echo "NOTED: no answer in start $try: $(curl -s --max-time 5 -o /dev/null -w '%{http_code} %{errormsg}' $API/api/status || true)"
  wineserver -k || true
  sleep 2
done
until_site 60 'everything is up' '[.targets[].state] == ["up", "up", "up"] and .seats_online == 5'
ask /api/v1/site | jq -c '{methods, seats_online, cycle}'
until_site 30 'five sessions' '.sessions == 5'

nft -f - <<'NFT'
table ip lane {
  chain input {
    type filter hook input priority 0
    ip daddr 127.0.0.3 icmp type echo-request drop
    ip daddr 127.0.1.4 icmp type echo-request drop
  }
}
NFT
until_site 20 'the server is down' '.targets[1].state == "down" and .seats_online == 4'
until_site 20 'its incident' '.incidents | length == 1 and .[0].cause == "SERVER_DOWN"'
until_site 30 'the session is over' '.sessions == 4'
nft delete table ip lane
until_site 20 'it is back' '.targets[1].state == "up" and .seats_online == 5 and .incidents == []'

echo '# the configuration is edited while it runs'
sed 's/"pc_count": 5/"pc_count": 3/' "$HOME_OF_DATA/config.json" >"$HOME_OF_DATA/new.json"
mv "$HOME_OF_DATA/new.json" "$HOME_OF_DATA/config.json"
until_site 15 'three seats' '.seats_total == 3'
ask /api/config | jq -c '.config' >"$HOME_OF_DATA/whole.json"
jq -c '.monitor_settings.pc_count = 2' "$HOME_OF_DATA/whole.json" \
  | ask /api/config -H 'Content-Type: application/json' --data-binary @- \
  | jq -e '.status == "success"' >/dev/null || fail 'POST /api/config'
until_site 15 'two seats' '.seats_total == 2'
ask /api/config/backups | jq -e '.backups | length >= 1' >/dev/null \
  || fail 'no backup was made'

echo '# a second start, killed and started again, what was kept'
wine "$EXE" run --data-dir "$DATA" | tee "$HOME_OF_DATA/second"
grep -q 'already running' "$HOME_OF_DATA/second" || fail 'a second start'
wineserver -k
sleep 2
wine "$EXE" run --data-dir "$DATA" >>"$HOME_OF_DATA/console" 2>&1 &
until_site 60 'it runs again and the sessions go on' '.sessions == 2'
# Its end is told only after the link has held for some seconds.
END=$((SECONDS + 20))
until ask /api/v1/incidents | jq -e '[.incidents[].end != null] == [true]' >/dev/null; do
  if [ $SECONDS -ge $END ]; then fail 'the incident is not there any more, or not over'; fi
  sleep 0.2
done
wine "$EXE" export incidents --data-dir "$DATA" | tee "$HOME_OF_DATA/incidents.csv"
grep -q 'SERVER_DOWN,Auto-Resolved' "$HOME_OF_DATA/incidents.csv" || fail 'export incidents'
grep -q 'SERVER_DOWN,Auto-Resolved' "$HOME_OF_DATA/incidents_log.csv" || fail 'incidents_log.csv'
wine "$EXE" export sessions --data-dir "$DATA" | tee "$HOME_OF_DATA/sessions.csv"
[ "$(wc -l <"$HOME_OF_DATA/sessions.csv")" -ge 6 ] || fail 'export sessions'
grep -q '\[RECOVERY\]' "$HOME_OF_DATA/info.log" || fail 'info.log'
echo 'the program under Wine: all well'
