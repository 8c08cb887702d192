#!/bin/sh
# Plays a stream for weeks and lets the day and the machine turn its knobs slowly.
#
#   installation.sh [http://HOST:PORT [STATION]]         PLAYER='mpg123 -q' installation.sh
#
# It is brightest at noon; a busy machine plays more notes; a warm one, a nearer room. Server and player
# may come and go. Any station will do that has brightness, density and space: all but rain.
export LC_ALL=C
server=${1:-http://localhost:8000} station=${2:-drift} id='' pid=''
for player in ${PLAYER:+"$PLAYER"} 'mpv --no-terminal' 'mpg123 -q' 'ffplay -nodisp -loglevel error -autoexit' ''; do
    ! command -v "${player%% *}" >/dev/null || break
done
[ -n "$player" ] || { echo "install mpv, mpg123 or ffplay" >&2; exit 1; }
end_player() { [ -z "$pid" ] || kill "$pid" 2>/dev/null; pid=''; }
trap end_player EXIT
trap 'exit 0' INT TERM

# The curve of the day, 0 at midnight and 1 at noon; load a core; degrees of the warmest part, or 40.
moods() {
    load=$(uptime | sed 's/.*average[s]*: *\([0-9.]*\).*/\1/')
    heat=$(cat /sys/class/thermal/thermal_zone*/temp 2>/dev/null | sort -n | tail -1)
    date '+%H %M' | awk -v load="$load" -v cores="$(getconf _NPROCESSORS_ONLN)" -v heat="${heat:-40000}" '
        function within(x) { return x < 0 ? 0 : x > 1 ? 1 : x }
        { day = (1 - cos(($1 + $2 / 60) / 12 * 3.14159)) / 2
          printf "brightness=%.3f&density=%.3f&space=%.3f",
            0.15 + 0.7 * day, within(0.2 + 0.6 * load / cores), within(1 - (heat / 1000 - 30) / 60) }'
}

while :; do
    # An id outlives restarts of the server, but not its time to live.
    answer=$(curl -s -m 10 -w ' %{http_code}' "$server/set_param?id=$id&ramp=60&$(moods)")
    case $answer in
        *' 200') ;;
        *' 404' | *' 410') end_player; id=$(curl -s -m 10 "$server/create_stream?station=$station") ;;
        *) echo "$server: $answer" >&2 ;;
    esac
    case $id in *' '*) echo "$id" >&2; id='' ;; esac # a refusal, in words
    # shellcheck disable=SC2086 # a command and its options
    if [ -n "$id" ] && ! kill -0 "$pid" 2>/dev/null; then $player "$server/stream/$id.mp3" & pid=$!; fi
    sleep "${EVERY:-5}" & wait $!
done
