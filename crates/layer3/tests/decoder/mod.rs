//! An independent judge of what we encode: Symphonia.

use std::{cell::RefCell, io::Cursor, sync::Once};

use symphonia::{
    core::{
        codecs::audio::AudioDecoderOptions,
        formats::{FormatOptions, TrackType, probe::Hint},
        io::MediaSourceStream,
        meta::MetadataOptions,
    },
    default::{get_codecs, get_probe},
};

thread_local! {
    /// What the decoder has complained of on this thread.
    static COMPLAINTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Collects warnings and errors from the decoder's log.
struct Complaints;

impl log::Log for Complaints {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() <= log::Level::Warn
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            COMPLAINTS.with_borrow_mut(|all| all.push(record.args().to_string()));
        }
    }

    fn flush(&self) {}
}

/// Decodes MP3, delays and all, into as many channels as it has.
///
/// # Errors
///
/// Whatever the decoder does not like, be it a warning, in its words.
pub(crate) fn decode_mp3(bytes: Vec<u8>) -> Result<Vec<Vec<f32>>, String> {
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| {
        log::set_logger(&Complaints).unwrap();
        log::set_max_level(log::LevelFilter::Warn);
    });
    COMPLAINTS.take();
    let channels = decode(bytes)?;
    let complaints = COMPLAINTS.take();
    if complaints.is_empty() { Ok(channels) } else { Err(complaints.join("; ")) }
}

fn decode(bytes: Vec<u8>) -> Result<Vec<Vec<f32>>, String> {
    let source = MediaSourceStream::new(Box::new(Cursor::new(bytes)), Default::default());
    let mut hint = Hint::new();
    hint.with_extension("mp3");
    let mut format = get_probe()
        .probe(&hint, source, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| error.to_string())?;
    let track = format.default_track(TrackType::Audio).ok_or("no track")?;
    let params = track.codec_params.as_ref().and_then(|params| params.audio()).ok_or("no audio")?;
    let options = AudioDecoderOptions::default().gapless(false);
    let mut decoder =
        get_codecs().make_audio_decoder(params, &options).map_err(|error| error.to_string())?;
    let mut channels = Vec::new();
    while let Some(packet) = format.next_packet().map_err(|error| error.to_string())? {
        let audio = decoder.decode(&packet).map_err(|error| error.to_string())?;
        let count = audio.spec().channels().count();
        let mut interleaved = vec![0.0; audio.samples_interleaved()];
        audio.copy_to_slice_interleaved(&mut interleaved);
        channels.resize(count, Vec::new());
        for (n, channel) in channels.iter_mut().enumerate() {
            channel.extend(interleaved.iter().skip(n).step_by(count));
        }
    }
    Ok(channels)
}
