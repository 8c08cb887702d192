//! The key that signs ids, where it is kept between two starts.
//!
//! A server of its own has one in `key`. A node of a cluster takes the one that is in the shared store, and
//! keeps it in `shared_key`, for a start while the store is away.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
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
    match load(&path)? {
        Some(key) => Ok(key),
        None => make(data_dir, &path),
    }
}

/// Reads the key that a shared store told before.
///
/// # Errors
///
/// As [`load_or_make`].
pub(crate) fn load_shared(data_dir: &Path) -> anyhow::Result<Option<Key>> {
    load(&data_dir.join("shared_key"))
}

/// Keeps the key that a shared store told, in place of the one it told before.
///
/// # Errors
///
/// A directory or file that cannot be made.
pub(crate) fn keep_shared(data_dir: &Path, key: &Key) -> anyhow::Result<()> {
    let path = data_dir.join("shared_key");
    if load(&path).is_ok_and(|kept| kept.as_ref() == Some(key)) {
        return Ok(());
    }
    let written = write_draft(data_dir, key).and_then(|draft| fs::rename(draft, &path));
    written.with_context(|| format!("cannot make {}", path.display()))
}

fn load(path: &Path) -> anyhow::Result<Option<Key>> {
    match fs::read_to_string(path) {
        Ok(text) => {
            warn_if_others_can_read(path);
            Key::from_hex(&text).map(Some).with_context(|| path.display().to_string())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
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
    let write = || -> std::io::Result<()> {
        let draft = write_draft(data_dir, &key)?;
        let linked = fs::hard_link(&draft, path);
        fs::remove_file(&draft)?;
        match linked {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    };
    write().with_context(|| format!("cannot make {}", path.display()))?;
    let text = fs::read_to_string(path)?;
    Key::from_hex(&text).with_context(|| path.display().to_string())
}

/// Writes a key to a file that only its owner can read, for it to be moved where it belongs.
fn write_draft(data_dir: &Path, key: &Key) -> std::io::Result<PathBuf> {
    fs::create_dir_all(data_dir)?;
    let draft = data_dir.join(format!("key.{}", std::process::id()));
    // One may be left of a process of this number that was killed.
    let _ = fs::remove_file(&draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let written = writeln!(file, "{}", key.to_hex()).and_then(|()| file.sync_all());
    if written.is_err() {
        // What is not whole is no key.
        let _ = fs::remove_file(&draft);
    }
    written.map(|()| draft)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty_dir(name: &str) -> PathBuf {
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
    fn the_key_of_a_shared_store_is_kept_beside_and_replaced() {
        let dir = empty_dir("shared-key");
        let own = load_or_make(&dir).unwrap();
        assert!(load_shared(&dir).unwrap().is_none());
        let told = [1, 2].map(|_| Key::generate().unwrap());
        for key in &told {
            keep_shared(&dir, key).unwrap();
            assert!(load_shared(&dir).unwrap().as_ref() == Some(key));
        }
        assert!(load_or_make(&dir).unwrap() == own);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 2, "no draft is left");
        fs::remove_dir_all(dir).unwrap();
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
