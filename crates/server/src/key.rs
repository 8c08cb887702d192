//! The key that signs ids, where it is kept between two starts.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::Path,
};

use anyhow::Context;
use perpetuo_http::Key;

/// Reads the key in `data_dir`, or makes one there that only its owner can read.
///
/// # Errors
///
/// A directory or file that cannot be made or read, or a file that is no key: it is left as it is, for
/// with another key all ids given out would be lost.
pub(crate) fn load_or_make(data_dir: &Path) -> anyhow::Result<Key> {
    let path = data_dir.join("key");
    match fs::read_to_string(&path) {
        Ok(text) => {
            warn_if_others_can_read(&path);
            Key::from_hex(&text).with_context(|| path.display().to_string())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make(data_dir, &path),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(unix)]
fn warn_if_others_can_read(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_or(0, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        let path = path.display();
        tracing::warn!(%path, "others can read the key, and with it turn every knob: chmod 600");
    }
}

#[cfg(not(unix))]
fn warn_if_others_can_read(_: &Path) {}

/// Writes a new key beside its place and moves it there whole. Should another process have been faster,
/// its key is the one that counts.
fn make(data_dir: &Path, path: &Path) -> anyhow::Result<Key> {
    let key = Key::generate().context("no random numbers for a key")?;
    let draft = data_dir.join(format!("key.{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        fs::create_dir_all(data_dir)?;
        // One may be left of a process of this number that was killed.
        let _ = fs::remove_file(&draft);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&draft)?;
        writeln!(file, "{}", key.to_hex())?;
        file.sync_all()?;
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    };
    let written = write();
    // The draft may not be there at all.
    let _ = fs::remove_file(&draft);
    written.with_context(|| format!("cannot make {}", path.display()))?;
    let text = fs::read_to_string(path)?;
    Key::from_hex(&text).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty_dir(name: &str) -> std::path::PathBuf {
        let dir = std::env::temp_dir().join(format!("perpetuo-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn a_key_is_made_once_and_only_its_owner_can_read_it() {
        let dir = empty_dir("key").join("new");
        let key = load_or_make(&dir).unwrap();
        assert!(load_or_make(&dir).unwrap() == key);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.join("key")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "no draft is left");
        fs::remove_dir_all(dir.parent().unwrap()).unwrap();
    }

    #[test]
    fn a_file_that_is_no_key_is_an_error_and_left_as_it_is() {
        let dir = empty_dir("no-key");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("key"), "short").unwrap();
        let error = format!("{:#}", load_or_make(&dir).unwrap_err());
        assert!(error.contains("64 hexadecimal digits"), "{error}");
        assert_eq!(fs::read(dir.join("key")).unwrap(), b"short");
        fs::remove_dir_all(dir).unwrap();
    }
}
