//! A decoder that is not ours makes of our frames what went in, and complains of nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "what is wrong here fails the test")]

mod decoder;
mod signals;

use std::f64::consts::TAU;

use decoder::decode_mp3;
use perpetuo_layer3::{Channels, Config, DECODER_DELAY, Encoder, Shaping};
use signals::*;

/// Samples by which what comes out is late.
const DELAY: usize = Encoder::DELAY + DECODER_DELAY;

#[test]
fn every_configuration_of_mpeg1_decodes_to_as_many_samples_as_it_has() {
    decode_all(&MPEG1_HZ, 2 * 1152);
}

#[test]
fn every_configuration_of_mpeg2_decodes_to_as_many_samples_as_it_has() {
    decode_all(&MPEG2_HZ, 3 * 576);
}

fn decode_all(rates_hz: &[u32], len: usize) {
    for (n, config) in configs(rates_hz).into_iter().enumerate() {
        let pcm = medley(n, len);
        let block_len = Encoder::new(&config).unwrap().block_len();
        let bytes = encode(&config, &pcm);
        let frames = bytes.len() as u64 * 8 * u64::from(config.sample_rate_hz)
            / (block_len as u64 * u64::from(config.bitrate_kbps) * 1000);
        let out = decode_mp3(bytes).unwrap_or_else(|error| panic!("{config:?}: {error}"));
        assert_eq!(out.len(), config.channels.count());
        for channel in &out {
            // A frame that is shorter by its missing slot may be lost in the division.
            let whole = (channel.len() / block_len) as u64;
            assert!(channel.len() % block_len == 0 && whole - frames <= 1, "{config:?}");
            assert!(
                channel.len() >= pcm[0].len() + DELAY,
                "{config:?}: {} of {} samples, {frames} frames",
                channel.len(),
                pcm[0].len()
            );
            assert!(channel.iter().all(|x| x.is_finite()), "{config:?}: not finite");
        }
    }
}

#[test]
fn digital_silence_decodes_to_digital_silence() {
    for config in configs(&[44_100, 24_000]) {
        let out = decode_mp3(encode(&config, &Signal::Silence.pcm(1, 8000))).unwrap();
        assert!(out.iter().flatten().all(|&x| x == 0.0), "{config:?}");
    }
}

#[test]
fn tones_come_back_as_loud_as_they_were_and_when_they_should() {
    for (hz, kbps) in [(48_000, 320), (44_100, 320), (32_000, 320), (24_000, 160), (16_000, 160)] {
        for channels in [Channels::Mono, Channels::Stereo] {
            let config = Config::new(hz, channels, kbps);
            // In different sub-bands, with no common period.
            for step in [0.002_117, 0.023_411, 0.091_733, 0.141_421, 0.238_81] {
                let tone = tone(&[step], 0.5);
                for (n, out) in decode_mp3(encode(&config, &tone)).unwrap().iter().enumerate() {
                    let heard = Measured::of(&tone[n], &out[DELAY..], &[step]);
                    assert!(heard.gain_db.abs() < 0.01, "{config:?}, {step}: {} dB", heard.gain_db);
                    assert!(heard.late.abs() < 0.01, "{config:?}, {step}: {} samples", heard.late);
                    assert!(heard.snr_db > 40.0, "{config:?}, {step}: SNR {} dB", heard.snr_db);
                }
            }
        }
    }
}

#[test]
fn noise_comes_back_when_it_should() {
    // A tone cannot tell a delay from one that is longer by its period.
    for (hz, kbps) in [(44_100, 320), (24_000, 160)] {
        let config = Config { shaping: Shaping::Flat, ..Config::new(hz, Channels::Mono, kbps) };
        let pcm = Signal::Noise.pcm(5, 20_000);
        let out = decode_mp3(encode(&config, &pcm)).unwrap();
        let likeness =
            |delay: usize| -> f32 { pcm[0].iter().zip(&out[0][delay..]).map(|(x, y)| x * y).sum() };
        let best = (0..2 * 1152).max_by(|&a, &b| likeness(a).total_cmp(&likeness(b)));
        assert_eq!(best, Some(DELAY));
    }
}

#[test]
fn with_flat_noise_and_all_bits_tones_come_back_at_81_db() {
    let config = Config { shaping: Shaping::Flat, ..Config::new(44_100, Channels::Stereo, 320) };
    for steps in [&[0.023_411][..], &[0.010_07, 0.013_711, 0.102_31]] {
        let tone = tone(steps, 0.9 / steps.len() as f32);
        for (n, out) in decode_mp3(encode(&config, &tone)).unwrap().iter().enumerate() {
            let heard = Measured::of(&tone[n], &out[DELAY..], steps);
            // The format's own ceiling is 6.75 q², and q is at most 8206: 86.6 dB for one line.
            assert!(heard.snr_db > 81.0, "{steps:?}: SNR {:.2} dB", heard.snr_db);
        }
    }
}

#[test]
fn a_low_pass_leaves_no_image_of_what_it_cuts() {
    for (hz, channels, kbps) in [
        (44_100, Channels::Stereo, 64),
        (44_100, Channels::Stereo, 40),
        (32_000, Channels::Stereo, 56),
        (22_050, Channels::Mono, 16),
    ] {
        // Tones around the borders of sub-bands, each 1/64 of the sample rate wide; but none within two
        // lines below one, where a low-pass may cut a tone in two.
        for border in 1..32 {
            for offset in [-0.0036, 0.0012, 0.0024] {
                let step = f64::from(border) / 64.0 + offset;
                let sent = tone(&[step], 0.5);
                let out = decode_mp3(encode(&Config::new(hz, channels, kbps), &sent)).unwrap();
                let heard = Parts::of(&out[0][8000..32_000], &[step]);
                let rest = 20.0 * (heard.rest(&out[0][8000..32_000], &[step]) / 0.3536).log10();
                assert!(rest < -20.0, "{hz} Hz, {kbps} kbit/s, {step}: {rest:.1} dB");
            }
        }
    }
}

#[test]
fn a_square_wave_at_full_scale_comes_back_as_loud_as_it_was() {
    for (hz, kbps) in [(44_100, 320), (48_000, 192), (22_050, 160)] {
        for channels in [Channels::Mono, Channels::Stereo] {
            let config = Config::new(hz, channels, kbps);
            // The period is 106 samples.
            let square = Signal::Square.pcm(1, 60_000);
            for out in decode_mp3(encode(&config, &square)).unwrap() {
                for harmonic in [1.0, 3.0, 5.0] {
                    let heard = Measured::of(&square[0], &out[DELAY..], &[harmonic / 106.0]);
                    assert!(heard.gain_db.abs() < 0.05, "{config:?}: {} dB", heard.gain_db);
                }
                assert!(out.iter().all(|x| x.is_finite()));
            }
        }
    }
}

#[test]
fn what_is_no_number_does_not_spread() {
    let config = Config { shaping: Shaping::Flat, ..Config::new(44_100, Channels::Stereo, 320) };
    let broken = Signal::NotFinite.pcm(7, 20_000);
    let out = decode_mp3(encode(&config, &broken)).unwrap();
    for (sent, heard) in broken.iter().zip(&out) {
        let mended: Vec<_> = sent.iter().map(|x| if x.is_finite() { *x } else { 0.0 }).collect();
        let noise = rms(mended.iter().zip(&heard[DELAY..]).map(|(x, y)| f64::from(y - x)));
        assert!(noise < 0.1, "{noise} beside {}", rms(mended.iter().map(|&x| x.into())));
    }
}

/// A second or so of tones of a number of cycles a sample, each with an amplitude; on the right they begin
/// a quarter later.
fn tone(steps: &[f64], amplitude: f32) -> Pcm {
    [0.0, 0.25].map(|phase| {
        let at = |n: usize| -> f64 {
            steps.iter().map(|step| (TAU * (step * n as f64 + phase)).sin()).sum()
        };
        (0..40_000).map(|n| amplitude * at(n) as f32).collect()
    })
}

/// What became of tones.
struct Measured {
    /// Of all of them, by amplitudes.
    gain_db: f64,
    /// In samples; of the first tone.
    late: f64,
    /// Tones to all else, the tones as they came out.
    snr_db: f64,
}

impl Measured {
    /// Compares tones of `steps` cycles a sample, away from their ends.
    fn of(sent: &[f32], heard: &[f32], steps: &[f64]) -> Self {
        let inner = 8000..sent.len() - 8000;
        let sent_parts = Parts::of(&sent[inner.clone()], steps);
        let heard_parts = Parts::of(&heard[inner.clone()], steps);
        let power = |parts: &Parts| parts.0.iter().map(|[c, s]| c * c + s * s).sum::<f64>();
        let [phase_sent, phase_heard] = [&sent_parts, &heard_parts].map(|parts| {
            let [c, s] = parts.0[0];
            c.atan2(s)
        });
        let turn = (phase_sent - phase_heard + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
        let rest = heard_parts.rest(&heard[inner], steps);
        Self {
            gain_db: 10.0 * (power(&heard_parts) / power(&sent_parts)).log10(),
            late: turn / (TAU * steps[0]),
            snr_db: 10.0 * (power(&heard_parts) / 2.0).log10() - 20.0 * rest.log10(),
        }
    }
}

/// Cosine and sine of tones in a signal, by least squares.
struct Parts(Vec<[f64; 2]>);

impl Parts {
    /// The tones hardly overlap, so that fitting one after the other soon ends.
    fn of(samples: &[f32], steps: &[f64]) -> Self {
        let mut parts = Self(vec![[0.0; 2]; steps.len()]);
        let mut rest: Vec<f64> = samples.iter().map(|&x| x.into()).collect();
        for _ in 0..8 {
            for (part, &step) in parts.0.iter_mut().zip(steps) {
                // The 2 × 2 equations of least squares, for the rest is not whole periods long.
                let (mut cc, mut cs, mut ss, mut cx, mut sx) = (0.0, 0.0, 0.0, 0.0, 0.0);
                for (n, x) in rest.iter().enumerate() {
                    let (s, c) = (TAU * step * n as f64).sin_cos();
                    (cc, cs, ss) = (cc + c * c, cs + c * s, ss + s * s);
                    (cx, sx) = (cx + c * x, sx + s * x);
                }
                let determinant = cc * ss - cs * cs;
                let more = [(cx * ss - sx * cs) / determinant, (sx * cc - cx * cs) / determinant];
                for (n, x) in rest.iter_mut().enumerate() {
                    let (s, c) = (TAU * step * n as f64).sin_cos();
                    *x -= more[0] * c + more[1] * s;
                }
                *part = [part[0] + more[0], part[1] + more[1]];
            }
        }
        parts
    }

    /// The root of the mean square of what is left without the tones.
    fn rest(&self, samples: &[f32], steps: &[f64]) -> f64 {
        rms(samples.iter().enumerate().map(|(n, &x)| {
            let tones = self.0.iter().zip(steps).map(|([part_c, part_s], step)| {
                let (s, c) = (TAU * step * n as f64).sin_cos();
                part_c * c + part_s * s
            });
            f64::from(x) - tones.sum::<f64>()
        }))
    }
}

fn rms(samples: impl ExactSizeIterator<Item = f64>) -> f64 {
    let len = samples.len() as f64;
    (samples.map(|x| x * x).sum::<f64>() / len).sqrt()
}
