//! Ids: signed capabilities that carry what their stream needs to begin.
//!
//! ```text
//! id = base64url( version · role · nonce · created · seed · station · values · MAC )
//!                     1      1      4       4·s       8     1+n      (1+n+4)…   16     bytes
//! ```
//!
//! The MAC is HMAC-SHA-256 cut to 128 bits (RFC 2104; cut as in NIST SP 800-107, 5.3.3). Making an id
//! writes nothing, and any node with the key can serve it. The stream's own name, its [`StreamKey`], is
//! another MAC over all but the role: the same for the id that may turn knobs and for the one that may
//! only listen, and of no use without the key.

use std::{fmt, time::Duration, time::SystemTime};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use perpetuo_driver::{Origin, StreamKey};
use perpetuo_station::{Catalogue, StationSpec, Values};
use sha2::Sha256;

/// The largest seed: integers up to it are exact in every reader of JSON.
pub(crate) const MAX_SEED: u64 = (1 << 53) - 1;

const VERSION: u8 = 1;
const MAC_LEN: usize = 16;

/// No id is longer: 34 bytes, a station's name, and 24 parameters of 37 bytes each, in base64.
const MAX_ID_LEN: usize = 1300;

/// The secret that signs ids: 32 bytes, written as 64 hexadecimal digits.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

/// Makes ids and opens them; cheap to clone.
#[derive(Clone)]
pub struct Ids {
    key: Key,
    time_to_live: Duration,
}

/// What the holder of an id may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Role {
    /// Listen and turn knobs.
    Turn = b't',
    /// Listen only.
    Listen = b'l',
}

/// An id opened.
pub(crate) struct Pass {
    pub(crate) origin: Origin,
    pub(crate) role: Role,
    /// The id of the same stream that may listen only.
    pub(crate) listen_id: String,
}

/// The two ids of a new stream.
pub(crate) struct NewIds {
    pub(crate) key: StreamKey,
    pub(crate) turn: String,
    pub(crate) listen: String,
}

/// An id that opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdError {
    /// Not one that this server, or one with its key, has made.
    Unknown,
    /// Made for a station or a parameter that is no longer there.
    NoStation,
    /// Good, but not for turning knobs.
    ListenOnly,
}

/// Text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyError;

impl Key {
    /// Draws a new key.
    ///
    /// # Errors
    ///
    /// When the system has no random numbers.
    pub fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// Reads 64 hexadecimal digits; space around them does not count.
    ///
    /// # Errors
    ///
    /// [`KeyError`] for anything else.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let digits: Option<Vec<u8>> =
            text.trim().chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
        let digits = digits.ok_or(KeyError)?;
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair[0] << 4 | pair[pair.len() - 1]).collect();
        if digits.len() != 64 {
            return Err(KeyError);
        }
        bytes.try_into().map(Self).map_err(|_| KeyError)
    }

    /// The 64 hexadecimal digits.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// HMAC-SHA-256 over a purpose and a message.
    fn mac(&self, purpose: &[u8; 4], message: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length");
        mac.update(purpose);
        mac.update(message);
        mac
    }
}

impl Ids {
    /// Signs with `key`. A stream may begin for `time_to_live` after its id was made; see
    /// [`Origin::may_begin`].
    pub fn new(key: Key, time_to_live: Duration) -> Self {
        Self { key, time_to_live }
    }

    /// Makes the ids of a new stream.
    pub(crate) fn make(
        &self,
        spec: &StationSpec,
        seed: u64,
        values: &Values,
        nonce: [u8; 4],
        now: SystemTime,
    ) -> NewIds {
        let body = write_body(spec, seed, values, nonce, now);
        NewIds {
            key: self.stream_key(&body),
            turn: self.sign(Role::Turn, &body),
            listen: self.sign(Role::Listen, &body),
        }
    }

    /// Opens an id.
    pub(crate) fn open(
        &self,
        id: &str,
        catalogue: &Catalogue,
        now: SystemTime,
    ) -> Result<Pass, IdError> {
        if id.len() > MAX_ID_LEN {
            return Err(IdError::Unknown);
        }
        let bytes = URL_SAFE_NO_PAD.decode(id).map_err(|_| IdError::Unknown)?;
        let (message, mac) = bytes.split_last_chunk::<MAC_LEN>().ok_or(IdError::Unknown)?;
        self.key.mac(b"id-1", message).verify_truncated_left(mac).map_err(|_| IdError::Unknown)?;
        let [VERSION, role, body @ ..] = message else { return Err(IdError::Unknown) };
        let role = if *role == Role::Turn as u8 { Role::Turn } else { Role::Listen };
        let (created, mut origin) = read_body(body, catalogue).ok_or(IdError::NoStation)?;
        origin.key = self.stream_key(body);
        origin.may_begin = now < created + self.time_to_live;
        Ok(Pass { origin, role, listen_id: self.sign(Role::Listen, body) })
    }

    fn sign(&self, role: Role, body: &[u8]) -> String {
        let mut bytes = vec![VERSION, role as u8];
        bytes.extend_from_slice(body);
        let mac = self.key.mac(b"id-1", &bytes).finalize().into_bytes();
        bytes.extend_from_slice(&mac[..MAC_LEN]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn stream_key(&self, body: &[u8]) -> StreamKey {
        let mac = self.key.mac(b"strm", body).finalize().into_bytes();
        StreamKey(std::array::from_fn(|n| mac[n]))
    }
}

impl Pass {
    /// The pass, if it may turn knobs.
    pub(crate) fn for_turning(self) -> Result<Self, IdError> {
        if self.role == Role::Turn { Ok(self) } else { Err(IdError::ListenOnly) }
    }
}

fn write_body(
    spec: &StationSpec,
    seed: u64,
    values: &Values,
    nonce: [u8; 4],
    now: SystemTime,
) -> Vec<u8> {
    let created = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() as u32;
    let mut body = Vec::new();
    body.extend_from_slice(&nonce);
    body.extend_from_slice(&created.to_le_bytes());
    body.extend_from_slice(&seed.to_le_bytes());
    write_name(&mut body, spec.name);
    for (param, value) in spec.params.iter().zip(values.iter()) {
        if value != param.default {
            write_name(&mut body, param.id);
            body.extend_from_slice(&value.to_le_bytes());
        }
    }
    body
}

/// What a signed body says; `None` where it names what is not there.
fn read_body(body: &[u8], catalogue: &Catalogue) -> Option<(SystemTime, Origin)> {
    let (_nonce, body) = body.split_first_chunk::<4>()?;
    let (created, body) = body.split_first_chunk::<4>()?;
    let (seed, body) = body.split_first_chunk::<8>()?;
    let (name, mut body) = read_name(body)?;
    let spec = catalogue.find(name)?;
    let mut values = spec.defaults();
    while !body.is_empty() {
        let (name, rest) = read_name(body)?;
        let (value, rest) = rest.split_first_chunk::<4>()?;
        values.apply(spec.setting_of(name, f32::from_le_bytes(*value)).ok()?);
        body = rest;
    }
    let created = Duration::from_secs(u32::from_le_bytes(*created).into());
    let origin = Origin {
        key: StreamKey([0; 16]),
        spec: spec.clone(),
        seed: u64::from_le_bytes(*seed),
        values,
        may_begin: false,
    };
    Some((SystemTime::UNIX_EPOCH + created, origin))
}

/// Names have at most 32 characters: the catalogue sees to it.
fn write_name(body: &mut Vec<u8>, name: &str) {
    body.push(name.len() as u8);
    body.extend_from_slice(name.as_bytes());
}

fn read_name(body: &[u8]) -> Option<(&str, &[u8])> {
    let (&len, body) = body.split_first()?;
    let (name, body) = body.split_at_checked(len.into())?;
    Some((std::str::from_utf8(name).ok()?, body))
}

/// A key is not for logs.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "id: unknown; allowed: an id from /create_stream of this server",
            Self::NoStation => "id: its station is no longer played here",
            Self::ListenOnly => "id: this one may listen, not turn knobs",
        })
    }
}

impl std::error::Error for IdError {}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a key; allowed: 64 hexadecimal digits")
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use perpetuo_station::ParamSpec;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn catalogue() -> Catalogue {
        const PARAMS: &[ParamSpec] = &[
            ParamSpec::number("level", "Level", 0.0..=1.0, 1.0, "Loudness."),
            ParamSpec::choice("scale", "Scale", &["dorian", "lydian"], 0, "Notes."),
        ];
        Catalogue::new([StationSpec {
            name: "silence",
            title: "Silence",
            about: "Nothing.",
            version: 1,
            params: PARAMS,
            presets: &[],
            refill: Duration::from_secs(2),
            perform: |_| unreachable!("an id begins no performance"),
        }])
        .unwrap()
    }

    fn ids() -> Ids {
        Ids::new(Key::from_hex(&"5a".repeat(32)).unwrap(), DAY)
    }

    fn made(now: SystemTime) -> NewIds {
        let catalogue = catalogue();
        let spec = catalogue.first();
        let mut values = spec.defaults();
        values.apply(spec.setting("scale", "lydian").unwrap());
        ids().make(spec, MAX_SEED, &values, [1, 2, 3, 4], now)
    }

    #[test]
    fn an_id_carries_what_its_stream_needs_to_begin() {
        let now = SystemTime::UNIX_EPOCH + 20_000 * DAY;
        let made = made(now);
        let pass = ids().open(&made.turn, &catalogue(), now).unwrap();
        assert_eq!(pass.role, Role::Turn);
        assert_eq!(pass.origin.seed, MAX_SEED);
        assert_eq!(pass.origin.spec.name, "silence");
        assert_eq!(pass.origin.values.iter().collect::<Vec<_>>(), [1.0, 1.0]);
        assert!(pass.origin.may_begin);
        assert!(made.turn.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    }

    #[test]
    fn the_id_for_listening_names_the_same_stream_and_turns_nothing() {
        let now = SystemTime::UNIX_EPOCH + DAY;
        let made = made(now);
        let turn = ids().open(&made.turn, &catalogue(), now).unwrap();
        let listen = ids().open(&made.listen, &catalogue(), now).unwrap();
        assert_eq!(turn.origin.key, listen.origin.key);
        assert_eq!(turn.listen_id, made.listen);
        assert_eq!(listen.for_turning().err(), Some(IdError::ListenOnly));
        assert!(turn.for_turning().is_ok());
    }

    #[test]
    fn an_id_with_any_bit_changed_is_unknown() {
        let now = SystemTime::UNIX_EPOCH + DAY;
        let bytes = URL_SAFE_NO_PAD.decode(made(now).turn).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let opened = ids().open(&URL_SAFE_NO_PAD.encode(changed), &catalogue(), now);
            assert_eq!(opened.err(), Some(IdError::Unknown), "bit {bit}");
        }
    }

    #[test]
    fn what_is_no_id_is_unknown() {
        let now = SystemTime::UNIX_EPOCH + DAY;
        let id = made(now).turn;
        let other = Ids::new(Key::from_hex(&"00".repeat(32)).unwrap(), DAY);
        assert_eq!(other.open(&id, &catalogue(), now).err(), Some(IdError::Unknown));
        for text in ["", "x", &id[1..], &id[..id.len() - 1], &"A".repeat(5000), "ä", "a b"] {
            assert_eq!(ids().open(text, &catalogue(), now).err(), Some(IdError::Unknown));
        }
    }

    #[test]
    fn a_stream_may_begin_until_its_time_to_live_is_over() {
        let now = SystemTime::UNIX_EPOCH + DAY;
        let id = made(now).turn;
        let may_begin =
            |later| ids().open(&id, &catalogue(), now + later).unwrap().origin.may_begin;
        assert!(may_begin(DAY - Duration::from_secs(1)));
        assert!(!may_begin(DAY));
    }

    #[test]
    fn two_streams_made_alike_are_two_streams() {
        let catalogue = catalogue();
        let spec = catalogue.first();
        let values = spec.defaults();
        let keys: HashSet<_> = (0..100_u8)
            .map(|n| {
                let now = SystemTime::UNIX_EPOCH + DAY;
                let made = ids().make(spec, 7, &values, [n, 0, 0, 0], now);
                ids().open(&made.turn, &catalogue, now).unwrap().origin.key
            })
            .collect();
        assert_eq!(keys.len(), 100);
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        let key = Key::generate().unwrap();
        assert!(Key::from_hex(&format!(" {}\n", key.to_hex())).unwrap() == key);
        for text in ["", "5a", &"5a".repeat(33), &"5g".repeat(32), &"5".repeat(63)] {
            assert_eq!(Key::from_hex(text).err(), Some(KeyError), "{text}");
        }
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
}
