#!/usr/bin/env python3
"""Plays a stream of a Perpetuo server and turns its knobs while it plays.

Lines on standard input turn knobs: `brightness 0.9`, or several, with a ramp in seconds:
`brightness 0.2 space 1 ramp 30`, or `preset random`. `?` shows how the stream stands, `quit` ends.
Needs Python 3.8 and nothing else. The functions can be taken out and used elsewhere.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

TIMEOUT_S = 20  # when nothing happens, /events says so every 15 s
FARTHEST_S = 15  # what is farther ahead than any lead is of a stream that has begun anew meanwhile
WAITS_S = [1, 2, 4, 8, 15]
PLAYERS = ["mpv --no-terminal -", "ffplay -nodisp -loglevel error -autoexit -i -", "mpg123 -q -"]


class Problem(Exception):
    """What the server refused, in its words; `status` is 0 where it could not be reached."""

    def __init__(self, words, status=0, retry_after=0):
        super().__init__(words)
        self.status, self.retry_after = status, retry_after

    @property
    def is_passing(self):
        """Whether the same request may succeed later."""
        return self.status in (0, 429) or self.status >= 500


def request(server, path, query={}, headers={}):
    """The open response to a call; what is None in the query is left out."""
    asked = {name: value for name, value in query.items() if value is not None}
    url = f"{server}{path}?{urlencode(asked)}"
    try:
        return urlopen(Request(url, headers={"Accept": "application/json", **headers}), timeout=TIMEOUT_S)
    except HTTPError as error:
        raise refusal(error) from None
    except (OSError, HTTPException) as error:
        raise Problem(f"{server} cannot be reached: {getattr(error, 'reason', error)}") from None


def refusal(error):
    """A refusal says what was wrong and what is allowed, and often when to try again."""
    try:
        words = json.load(error)["detail"]
    except (ValueError, KeyError, TypeError, OSError):
        words = f"the server answered {error.code} {error.reason}"
    seconds = error.headers.get("Retry-After", "")
    return Problem(words, error.code, int(seconds) if seconds.isdigit() else 0)


def call(server, path, query={}):
    """One call and its answer: `/create_stream`, `/set_param`, `/params`, `/stations`."""
    with request(server, path, query) as answer:
        return json.load(answer)


def persistent(begin, say=lambda words: None):
    """All that `begin()` yields, begun again when it ends or fails for a reason that passes."""
    attempt = 0
    while True:
        problem = Problem("the connection has ended")
        try:
            for item in begin():
                attempt = 0
                yield item
        except Problem as refused:
            if not refused.is_passing:
                raise
            problem = refused
        except (OSError, HTTPException, ValueError) as error:
            problem = Problem(f"the connection is lost: {error}")
        seconds = max(problem.retry_after, WAITS_S[min(attempt, len(WAITS_S) - 1)])
        say(f"{problem}; again in {seconds} s")
        attempt += 1
        time.sleep(seconds)


def insist(say, *args):
    """A call, made until it is answered or refused for good."""
    return next(persistent(lambda: [call(*args)], say))


def audio(server, stream, options={}, on_start=lambda position: None):
    """The stream's bytes; `on_start` hears which second of the stream they begin with."""
    with request(server, "/stream", {**options, "id": stream}) as response:
        on_start(float(response.headers.get("Perpetuo-Position", "nan")))
        while data := response.read1(4096):
            yield data


def events(server, stream, last_id=None):
    """What happens on the stream, as (id, event, data), ahead of what is heard."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    with request(server, "/events", {"id": stream}, headers) as response:
        fields = {}
        for line in response:
            text = line.decode().rstrip("\r\n")
            if text:
                name, _, value = text.partition(":")
                fields[name] = value[1:] if value.startswith(" ") else value
            elif "data" in fields:
                last_id = fields.get("id", last_id)
                yield last_id, fields.get("event", "message"), json.loads(fields["data"])
                fields = {}


class Ear:
    """Where in the stream the listener is, by the clock: a second takes a second from the first byte on."""

    PLAYER_S = 0.2  # what players take to begin; half of it to twice, by player

    def __init__(self):
        self.zero = float("nan")

    def start(self, position):
        self.zero = time.monotonic() + self.PLAYER_S - position

    def wait_for(self, position):
        """Returns when that second of the stream is heard; at once where that is unknown."""
        seconds = self.zero + position - time.monotonic()
        if 0 < seconds < FARTHEST_S:
            time.sleep(seconds)


def show_events(server, stream, ear):
    last_id = None

    def begin():
        return events(server, stream, last_id)

    try:
        for last_id, event, data in persistent(begin):
            position = data.pop("position")
            ear.wait_for(position)
            print(f"{position:9.2f} {event} {json.dumps(data, ensure_ascii=False)}", flush=True)
    except Problem as problem:
        complain(f"events: {problem}")


def turn_knobs(server, stream, lines):
    for line in lines:
        words = line.replace("=", " ").split()
        try:
            if words == ["quit"]:
                end()
            elif words == ["?"]:
                show(call(server, "/params", {"id": stream}))
            elif len(words) % 2:
                complain("a line is names and values, such as: brightness 0.9 ramp 10")
            elif words:
                settings = dict(zip(words[::2], words[1::2]))
                show(insist(complain, server, "/set_param", {**settings, "id": stream}))
        except Problem as problem:
            complain(problem)


def play(server, stream, sink, ear, options):
    for data in persistent(lambda: audio(server, stream, options, ear.start), complain):
        sink.write(data)
        sink.flush()


def open_player(command):
    """A player that takes the audio on its standard input."""
    command = command or next((line for line in PLAYERS if shutil.which(line.split()[0])), None)
    if command is None:
        raise Problem("there is no mpv, ffplay or mpg123; install one, or write to a file with --output")
    try:
        return subprocess.Popen(shlex.split(command), stdin=subprocess.PIPE)
    except OSError as error:
        raise Problem(f"{command} cannot be started: {error.strerror}") from None


def show_stations(server):
    for station in call(server, "/stations")["stations"]:
        print(f"{station['name']:10} {station['about']}")
        print(f"{'':10} {', '.join(param['id'] for param in station['params'])}")


def show(answer):
    print(json.dumps(answer, ensure_ascii=False), flush=True)


def complain(words):
    print(words, file=sys.stderr, flush=True)


def end():
    """Ends the program as Ctrl-C does, from any thread."""
    os.kill(os.getpid(), signal.SIGINT)


def arguments():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--server", default="http://localhost:8000", help="default: %(default)s")
    words.add_argument("--stations", action="store_true", help="list the stations and their knobs, and end")
    words.add_argument("--id", help="play this stream instead of a new one")
    words.add_argument("--station", help="of a new stream; the server has a default")
    words.add_argument("--seed", help="of a new stream; the same seed plays the same music")
    words.add_argument("--preset", help="of a new stream: a name, or random")
    words.add_argument("--bitrate", help="kbit/s, 32 to 320")
    words.add_argument("--lead", help="seconds sent ahead: little for knobs that answer soon")
    words.add_argument("--player", help="a command that plays MP3 from its standard input")
    words.add_argument("--output", metavar="FILE", help="write to a file instead of playing")
    words.add_argument("--seconds", type=float, help="end after so long")
    words.add_argument("--events", action="store_true", help="print what happens when it is heard")
    return words.parse_args()


def main():
    args = arguments()
    server = args.server.rstrip("/")
    if args.stations:
        return show_stations(server)
    asked = {"station": args.station, "seed": args.seed, "preset": args.preset}
    stream = args.id or insist(complain, server, "/create_stream", asked)["id"]
    print(f"{server}/listen/{stream}", flush=True)
    ear = Ear()
    in_background(turn_knobs, server, stream, sys.stdin)
    if args.events:
        in_background(show_events, server, stream, ear)
    if args.seconds:
        in_background(lambda: (time.sleep(args.seconds), end()))
    options = {"bitrate": args.bitrate, "lead": args.lead}
    if args.output:
        with open(args.output, "wb") as file:
            play(server, stream, file, ear, options)
    else:
        with open_player(args.player) as player:
            try:
                play(server, stream, player.stdin, ear, options)
            finally:
                player.terminate()


def in_background(work, *args):
    threading.Thread(target=work, args=args, daemon=True).start()


if __name__ == "__main__":
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:
        sys.exit("the player has ended")
    except (Problem, OSError) as problem:
        sys.exit(str(problem))
