//! `perpetuo-minimp3 FILE`: decodes MP3 with minimp3 to 32-bit floats, as this machine has them, on
//! standard output. It must be built in its own directory: `.cargo/config.toml` asks minimp3 for floats.
//!
//! A frame that is not where the one before ended, or that gives no samples, is an error.

use std::{error::Error, io::Write, mem::MaybeUninit};

use minimp3_sys::{
    MINIMP3_MAX_SAMPLES_PER_FRAME, mp3dec_decode_frame, mp3dec_frame_info_t, mp3dec_init, mp3dec_t,
};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: perpetuo-minimp3 FILE")?;
    let bytes = std::fs::read(path)?;
    let mut decoder = MaybeUninit::<mp3dec_t>::zeroed();
    // SAFETY: `mp3dec_init` writes to a decoder, and takes any.
    unsafe { mp3dec_init(decoder.as_mut_ptr()) };
    let mut samples = [0.0_f32; MINIMP3_MAX_SAMPLES_PER_FRAME as usize];
    let mut out = std::io::stdout().lock();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let mut info = MaybeUninit::<mp3dec_frame_info_t>::zeroed();
        // SAFETY: `rest` is as long as is said, `samples` has room for any frame, and a float, which is
        // what minimp3 was compiled to give, is no smaller than what the binding says.
        let count = unsafe {
            mp3dec_decode_frame(
                decoder.as_mut_ptr(),
                rest.as_ptr(),
                rest.len().try_into()?,
                samples.as_mut_ptr().cast(),
                info.as_mut_ptr(),
            )
        };
        // SAFETY: it was zeroed, and all zeros are a value.
        let info = unsafe { info.assume_init() };
        if count <= 0 || info.frame_offset != 0 || info.frame_bytes <= 0 {
            return Err(format!("no frame at byte {at}: {count} samples, {info:?}").into());
        }
        let len = usize::try_from(count * info.channels)?;
        let bytes: Vec<_> = samples[..len].iter().flat_map(|sample| sample.to_ne_bytes()).collect();
        out.write_all(&bytes)?;
        at += usize::try_from(info.frame_bytes)?;
    }
    Ok(())
}
