#!/usr/bin/env python3
"""Compares wav2mp3 with LAME and shine, in one run, by processor time of the user.

  compare.py DIR [--rates 96,128,192] [--runs 3] [--instructions] [--quality NMR.py]

DIR holds WAV or FLAC files, 44.1 kHz stereo. For each bit rate and encoder it prints, for each file and in
the mean, how many times faster than real time the encoder is; with --instructions, millions of
instructions a second of sound by callgrind; with --quality, what a program says that measures the ratio
of noise to mask, given as `NMR.py --corpus DIR --encode COMMAND --json FILE` with {wav} and {out} in COMMAND.

Needs: lame, ffmpeg with libshine, valgrind for --instructions. The encoder is built first:
  cargo build --release -p perpetuo-layer3 --example wav2mp3
"""
import argparse, json, os, pathlib, re, statistics, subprocess, sys, tempfile, wave

ROOT = pathlib.Path(__file__).resolve().parents[3]
OURS = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/wav2mp3"
ENCODERS = {
    "ours": f"{OURS} {{wav}} {{out}} --bitrate {{kbps}}",
    "ours, portable": f"{OURS} {{wav}} {{out}} --bitrate {{kbps}} --portable",
    "ours, reservoir": f"{OURS} {{wav}} {{out}} --bitrate {{kbps}} --reservoir",
    "lame -q5": "lame --quiet -q 5 -b {kbps} --resample 44.1 -m j -t {wav} {out}",
    "lame -q7": "lame --quiet -q 7 -b {kbps} --resample 44.1 -m j -t {wav} {out}",
    "shine": "ffmpeg -v error -y -threads 1 -i {wav} -c:a libshine -b:a {kbps}k -write_xing 0 -id3v2_version 0 {out}",
}
# A process has to run for long enough to be measured.
SECONDS = 120


def command(encoder, kbps, wav, out):
    return [part.format(kbps=kbps, wav=wav, out=out) for part in ENCODERS[encoder].split()]


def user_seconds(argv):
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{argv} ended with {child.returncode}")
    return usage.ru_utime


def instructions(argv, tmp):
    run = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={tmp}/callgrind", *argv],
                         capture_output=True, text=True, check=True)
    return int(re.search(r"Collected\s*:\s*(\d+)", run.stderr)[1])


def seconds(wav):
    with wave.open(str(wav)) as file:
        return file.getnframes() / file.getframerate()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--rates", default="96,128,192")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--instructions", action="store_true")
    parser.add_argument("--quality", metavar="NMR.py")
    args = parser.parse_args()
    files = sorted(file for file in args.dir.iterdir() if file.suffix in (".wav", ".flac"))
    if not files:
        parser.error(f"no WAV or FLAC files in {args.dir}")
    with tempfile.TemporaryDirectory() as tmp:
        short, long = {}, {}
        for file in files:
            for into, loops, length in ((short, 0, 5), (long, SECONDS // 10, SECONDS)):
                wav = f"{tmp}/{file.stem}-{loops}.wav"
                subprocess.run(["ffmpeg", "-v", "error", "-stream_loop", str(loops), "-i", str(file), "-t", str(length),
                                "-c:a", "pcm_s16le", "-bitexact", "-map_metadata", "-1", wav], check=True)
                into[file.stem] = wav
        for kbps in map(int, args.rates.split(",")):
            print(f"\n{kbps} kbit/s: times real time" + ", millions of instructions a second of sound" * args.instructions
                  + ", noise to mask in dB, % of frames with audible noise" * bool(args.quality))
            table(args, kbps, short, long, tmp)


def table(args, kbps, short, long, tmp):
    out = f"{tmp}/out.mp3"
    speeds = {encoder: {} for encoder in ENCODERS}
    for name, wav in long.items():
        times = {encoder: [] for encoder in ENCODERS}
        for _ in range(args.runs):
            for encoder in ENCODERS:
                times[encoder].append(user_seconds(command(encoder, kbps, wav, out)))
        for encoder, all_times in times.items():
            speeds[encoder][name] = seconds(wav) / max(statistics.median(all_times), 1e-3)
    for encoder in ENCODERS:
        quality = {}
        if args.quality:
            line = ENCODERS[encoder].replace("{kbps}", str(kbps))
            subprocess.run([sys.executable, args.quality, "--corpus", str(args.dir), "--encode", line,
                            "--json", f"{tmp}/quality"], check=True, stdout=subprocess.DEVNULL)
            quality = json.loads(pathlib.Path(f"{tmp}/quality").read_text())
        print(encoder)
        counts = []
        for name in short:
            row = f"  {name:12s}{speeds[encoder][name]:8.0f}"
            if args.instructions:
                count = instructions(command(encoder, kbps, short[name], out), tmp) / seconds(short[name]) / 1e6
                counts.append(count)
                row += f"{count:8.1f}"
            if quality:
                item = quality["items"][name]
                row += f"{item['nmr']:8.2f}{item['dist']:7.2f}"
            print(row)
        # Times add up, so the mean speed is the harmonic one.
        row = f"  {'MEAN':12s}{statistics.harmonic_mean(speeds[encoder].values()):8.0f}"
        if counts:
            row += f"{statistics.mean(counts):8.1f}"
        if quality:
            row += f"{quality['mean']['nmr']:8.2f}{quality['mean']['dist']:7.2f}"
        print(row, flush=True)


if __name__ == "__main__":
    main()
