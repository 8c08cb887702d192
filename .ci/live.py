"""What `.ci/crash` and `.ci/cluster` have in common: programs that come and go, calls, and those who listen."""

import asyncio
import json
import math
import re
import signal
import socket
import time
from urllib.parse import urlencode

# How a lost stream is asked for again, in seconds: web/backoff.js.
WAITS_S = [0, 1, 2, 4, 8, 15]
# Played so long, it is asked for at once again: web/player.js.
STEADY_S = 10
# The default, 128 kbit/s: this many bytes are a second.
BYTES_A_SECOND = 16_000


class Failed(Exception):
    """A promise that was not kept, in words."""


class Program:
    """A program that is started, stopped and started again; what it says is in a file."""

    running = []

    def __init__(self, name, log, *args):
        self.name, self.log, self.args = name, log, [str(arg) for arg in args]
        self.process = None

    async def start(self, stdout=None):
        with open(self.log, "ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.args, stdin=asyncio.subprocess.DEVNULL, stdout=stdout or log, stderr=log
            )
        Program.running.append(self)

    def send(self, number):
        self.process.send_signal(number)

    async def end(self, number=signal.SIGTERM, within=10):
        """Ends it by a signal; answers its status."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        try:
            return await asyncio.wait_for(self.process.wait(), within)
        except asyncio.TimeoutError:
            raise Failed(f"{self.name} still runs {within} s after {signal.Signals(number).name}") from None
        finally:
            if self in Program.running and self.process.returncode is not None:
                Program.running.remove(self)

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @classmethod
    async def end_all(cls):
        """Ends all that still run, stopped ones too."""
        for number, within in [(signal.SIGTERM, 5), (signal.SIGKILL, 5)]:
            left = [program.process for program in cls.running if program.process.returncode is None]
            for process in left:
                process.send_signal(number)
                process.send_signal(signal.SIGCONT)
            if left:
                await asyncio.wait([asyncio.ensure_future(process.wait()) for process in left], timeout=within)
        cls.running.clear()


class Node(Program):
    """A server of ours on a port of this machine."""

    def __init__(self, name, folder, perpetuo, port, *options):
        listen = ["--listen", f"127.0.0.1:{port}", "--data-dir", folder / name]
        super().__init__(name, folder / f"{name}.log", perpetuo, "serve", *listen, *options)
        self.port = port

    async def start(self):
        """Returns when it plays; answers after how many seconds that was."""
        begun = time.monotonic()
        await super().start(asyncio.subprocess.PIPE)
        line = await asyncio.wait_for(self.process.stdout.readline(), 20)
        if not line.startswith(b"Perpetuo plays at "):
            raise Failed(f"{self.name} did not start")
        return time.monotonic() - begun

    def complaints(self):
        """The lines of the log that warn."""
        plain = re.sub(r"\x1b\[[0-9;]*m", "", self.said())
        return [line for line in plain.splitlines() if re.search(r"\b(WARN|ERROR)\b|panicked", line)]


class Answer:
    """An answer to a call."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __str__(self):
        return f"{self.status} {self.body.decode(errors='replace').strip()[:200]}"


async def head(reader):
    """The status and the headers of an answer."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in lines[1:] if line)
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, value in pairs}


class Caller:
    """Makes calls one after another, over one connection as long as it lasts."""

    def __init__(self, port):
        self.port, self.reader, self.writer = port, None, None

    async def call(self, path, **query):
        """An answer of any status; raises `OSError` or `EOFError` where there is none."""
        text = f"GET {path}?{urlencode(query)} HTTP/1.1\r\nHost: localhost:{self.port}\r\n"
        text += "Accept: application/json\r\n\r\n"
        is_used = self.writer is not None
        try:
            return await asyncio.wait_for(self._call(text), 15)
        except (OSError, EOFError):
            self.close()
            if not is_used:
                raise
            # A connection may end while nobody uses it; then every client asks again.
            return await asyncio.wait_for(self._call(text), 15)
        except asyncio.TimeoutError:
            self.close()
            raise OSError(f"{path} was not answered within 15 s") from None

    async def _call(self, text):
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writer.write(text.encode())
        status, headers = await head(self.reader)
        if "chunked" in headers.get("transfer-encoding", ""):
            body = b""
            while size := int(await self.reader.readline(), 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readline()
        elif "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        else:
            body = await self.reader.read()
        if headers.get("connection", "").lower() == "close" or "content-length" not in headers:
            self.close()
        return Answer(status, headers, body)

    def close(self):
        if self.writer:
            self.writer.close()
        self.reader = self.writer = None


class Break:
    """A stream that was lost and found again: when, and where in the stream."""

    def __init__(self, lost_at, end):
        self.lost_at, self.end = lost_at, end
        self.found_at = self.begin = math.nan

    @property
    def seconds(self):
        """Between its last byte and the next."""
        return self.found_at - self.lost_at

    @property
    def step_back(self):
        """How much of the stream is heard again."""
        return self.end - self.begin


class Listener:
    """Listens as the page does: a stream that ends is asked for at once, then after longer and longer waits."""

    def __init__(self, port, stream, **options):
        self.port, self.stream, self.options = port, stream, options
        self.breaks, self.refusals = [], []
        self.attempts, self.worst_gap = 0, 0
        self.first = None  # where in the stream its first bytes were
        self.first_at = None  # when they came
        self.last_at = None  # when its last bytes came
        self.position = 0  # of the stream, after the last byte
        self.task = asyncio.ensure_future(self._listen())

    async def _listen(self):
        while True:
            begun, retry_after = time.monotonic(), 0
            try:
                retry_after = await self._take()
            except (OSError, EOFError, asyncio.TimeoutError):
                pass
            if self.last_at and self.last_at - begun > STEADY_S:
                self.attempts = 0
            await asyncio.sleep(max(WAITS_S[min(self.attempts, len(WAITS_S) - 1)], retry_after))
            self.attempts += 1

    async def _take(self):
        """Takes what one connection gives; answers for how long it was sent away."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            query = urlencode({"id": self.stream, **self.options})
            writer.write(f"GET /stream?{query} HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n".encode())
            status, headers = await asyncio.wait_for(head(reader), 12)
            if status != 200:
                self.refusals.append((status, headers))
                return int(headers.get("retry-after", 0))
            if "transfer-encoding" in headers:
                raise Failed("/stream came chunked")
            begin, count = float(headers["perpetuo-position"]), 0
            while data := await asyncio.wait_for(reader.read(1 << 16), 12):
                self._on_bytes(begin if count == 0 else None)
                count += len(data)
                self.position = begin + count / BYTES_A_SECOND
            return 0
        finally:
            self._on_end()
            writer.close()

    def _on_bytes(self, begin):
        now = time.monotonic()
        if self.first is None:
            self.first, self.first_at = begin, now
        if begin is None:
            self.worst_gap = max(self.worst_gap, now - self.last_at)
        elif self.breaks and math.isnan(self.breaks[-1].found_at):
            self.breaks[-1].found_at, self.breaks[-1].begin = now, begin
        self.last_at = now

    def _on_end(self):
        is_lost = self.breaks and math.isnan(self.breaks[-1].found_at)
        if self.last_at and not is_lost:
            self.breaks.append(Break(self.last_at, self.position))

    @property
    def plays(self):
        """Whether bytes came within the last second."""
        return self.last_at is not None and time.monotonic() - self.last_at < 1

    def forget(self):
        """Begins to count anew, as if it had played for long."""
        self.breaks = [each for each in self.breaks if math.isnan(each.found_at)]
        self.refusals, self.attempts, self.worst_gap = [], 0, 0

    async def end(self):
        await stop([self.task])


async def stop(tasks):
    """Cancels tasks; more than once, because before Python 3.12 `wait_for` may swallow it."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=0.5)


async def until(is_so, within, what):
    """Waits until something is so, and answers how many seconds that took."""
    begun = time.monotonic()
    while not is_so():
        if time.monotonic() - begun > within:
            raise Failed(f"{what}: not within {within} s")
        await asyncio.sleep(0.01)
    return time.monotonic() - begun


def free_port():
    """A port of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def create(port, count, **query):
    """The ids of so many new streams; no faster than an address may make them."""
    caller, ids = Caller(port), []
    while len(ids) < count:
        answer = await caller.call("/create_stream", **query)
        if answer.status == 429:
            await asyncio.sleep(float(answer.headers.get("retry-after", 1)))
            continue
        if answer.status != 200:
            raise Failed(f"/create_stream answered {answer}")
        ids.append(answer.json()["id"])
    caller.close()
    return ids


def quantile(values, share):
    """Of sorted values, the one below which so many are; `nan` of none."""
    values = sorted(values)
    return values[min(int(share * len(values)), len(values) - 1)] if values else math.nan


def run(main, folder):
    """Runs `main` to its end, whatever comes, and ends all that it started; answers the exit status."""

    async def guarded():
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await main
            return 0
        except Failed as failure:
            print(f"FAILED: {failure}", flush=True)
        except asyncio.CancelledError:
            print("FAILED: interrupted", flush=True)
        finally:
            await Program.end_all()
        for log in sorted(folder.glob("*.log")):
            complaints = re.findall(r".*(?:WARN|ERR|alert|panicked).*", log.read_text(errors="replace"))
            for line in complaints[-8:]:
                print(f"    {log.stem}: {line}")
        return 1

    return asyncio.run(guarded())
