//! What a packet of OSC asks for, stream by stream.
//!
//! ```text
//!   /ID/NAME value          one message, or several in a bundle; bundles in bundles count as one
//! ```
//!
//! Source: M. Wright, *The Open Sound Control 1.0 Specification*, 2002.

use std::collections::BTreeMap;

use rosc::{OscMessage, OscPacket, OscType, decoder};

use crate::{
    Problem,
    args::{Args, shown},
};

/// The longest packet that is read, in bytes: as the longest form. It also bounds how deep bundles and arrays
/// nest, 20 bytes and 2 bytes a level, and so the stack that it takes to read them and to let go of them.
pub(super) const MAX_LEN: usize = 8 * 1024;

/// What one packet asks of one stream.
#[derive(Debug)]
pub(super) struct Ask {
    /// What stands where an id should.
    pub(super) id: String,
    /// In how many messages.
    pub(super) messages: u64,
    /// Names and values as of a call; of a name that is there twice, the last.
    pub(super) args: Result<Args, Problem>,
}

/// Why a packet says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    TooLong,
    /// What the decoder says of it is not told on: it may quote an id.
    NoOsc,
}

/// Reads a datagram: an [`Ask`] for each id in it.
pub(super) fn read(datagram: &[u8]) -> Result<Vec<Ask>, Unreadable> {
    if datagram.len() > MAX_LEN {
        return Err(Unreadable::TooLong);
    }
    let Ok(([], packet)) = decoder::decode_udp(datagram) else { return Err(Unreadable::NoOsc) };
    let mut asks = BTreeMap::new();
    collect(packet, &mut asks);
    Ok(asks.into_values().collect())
}

/// Time tags are not looked at: what has come is to be done.
fn collect(packet: OscPacket, asks: &mut BTreeMap<String, Ask>) {
    match packet {
        OscPacket::Bundle(bundle) => {
            bundle.content.into_iter().for_each(|packet| collect(packet, asks));
        }
        OscPacket::Message(message) => {
            let address = message.addr.strip_prefix('/').unwrap_or_default();
            let (id, name) = address.split_once('/').unwrap_or((address, ""));
            let ask = asks.entry(id.to_owned()).or_insert_with(|| Ask {
                id: id.to_owned(),
                messages: 0,
                args: Ok(Args::default()),
            });
            ask.messages += 1;
            ask.add(name, value(&message));
        }
    }
}

impl Ask {
    /// Of what is wrong the first is told.
    fn add(&mut self, name: &str, value: Option<String>) {
        let Ok(args) = &mut self.args else { return };
        match value {
            Some(value) => args.put(name, value),
            None => {
                let wrong = "not one value";
                let allowed = "one float, double, int or string";
                self.args = Err(Problem::parameter(&shown(name), wrong, allowed));
            }
        }
    }
}

/// The one argument, written as in a query: the shortest decimal that reads back as the same number.
fn value(message: &OscMessage) -> Option<String> {
    match &message.args[..] {
        [OscType::Float(value)] => Some(value.to_string()),
        [OscType::Double(value)] => Some(value.to_string()),
        [OscType::Int(value)] => Some(value.to_string()),
        [OscType::Long(value)] => Some(value.to_string()),
        [OscType::String(text)] => Some(text.clone()),
        _ => None,
    }
}

impl Unreadable {
    /// Why, for the log.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "longer than 8 KiB",
            Self::NoOsc => "no packet of OSC",
        }
    }
}

#[cfg(test)]
mod tests {
    use rosc::{OscBundle, OscTime, encoder::encode};

    use super::*;

    fn message(addr: &str, args: impl IntoIterator<Item = OscType>) -> OscPacket {
        let args = args.into_iter().collect();
        OscPacket::Message(OscMessage { addr: addr.to_owned(), args })
    }

    fn bundle(content: impl IntoIterator<Item = OscPacket>) -> OscPacket {
        let timetag = OscTime { seconds: u32::MAX, fractional: 0 };
        OscPacket::Bundle(OscBundle { timetag, content: content.into_iter().collect() })
    }

    fn asked(packet: &OscPacket) -> Vec<Ask> {
        read(&encode(packet).unwrap()).unwrap()
    }

    /// Names and values of the one stream that a packet is about.
    fn args(packet: &OscPacket) -> Vec<(String, String)> {
        let [ask] = <[Ask; 1]>::try_from(asked(packet)).unwrap();
        assert_eq!(ask.id, "ID");
        ask.args.unwrap().rest().collect()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    /// `depth` bundles, each in the one before it, around `core`.
    fn nested(depth: usize, core: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        for level in (0..depth).rev() {
            packet.extend_from_slice(b"#bundle\0\0\0\0\0\0\0\0\x01");
            let len = level * 20 + core.len();
            packet.extend_from_slice(&u32::try_from(len).unwrap().to_be_bytes());
        }
        packet.extend_from_slice(core);
        packet
    }

    #[test]
    fn a_number_of_any_size_and_a_text_are_values() {
        for (value, text) in [
            (OscType::Float(0.9), "0.9"),
            (OscType::Double(0.1), "0.1"),
            (OscType::Int(-3), "-3"),
            (OscType::Long(7), "7"),
            (OscType::Float(f32::NAN), "NaN"),
            (OscType::Double(f64::INFINITY), "inf"),
            (OscType::String("lydian".to_owned()), "lydian"),
        ] {
            assert_eq!(args(&message("/ID/scale", [value])), [pair("scale", text)]);
        }
    }

    #[test]
    fn nothing_else_is_a_value_and_neither_are_none_or_two() {
        let float = OscType::Float(0.5);
        for wrong in [
            vec![],
            vec![float.clone(), float],
            vec![OscType::Nil],
            vec![OscType::Inf],
            vec![OscType::Bool(true)],
            vec![OscType::Char('a')],
            vec![OscType::Blob(vec![0; 4])],
            vec![OscType::Time(OscTime { seconds: 0, fractional: 1 })],
            vec![OscType::Array(rosc::OscArray { content: vec![OscType::Int(1)] })],
        ] {
            let packet = bundle([
                message("/ID/space", [OscType::Int(1)]),
                message("/ID/level", wrong.clone()),
                message("/ID/pitch", [OscType::Int(1)]),
            ]);
            let [ask] = <[Ask; 1]>::try_from(asked(&packet)).unwrap();
            let allowed = "level: not one value; allowed: one float, double, int or string";
            assert_eq!(ask.args.unwrap_err().to_string(), allowed, "{wrong:?}");
            assert_eq!(ask.messages, 3, "all or none");
        }
    }

    #[test]
    fn a_bundle_is_one_call_for_each_id_and_of_two_values_the_last_counts() {
        let int = |addr: &str, value| message(addr, [OscType::Int(value)]);
        let packet = bundle([
            int("/ID/level", 1),
            bundle([int("/other/level", 7), int("/ID/pitch", 2)]),
            int("/ID/level", 3),
        ]);
        let [one, other] = <[Ask; 2]>::try_from(asked(&packet)).unwrap();
        let values: Vec<_> = one.args.unwrap().rest().collect();
        assert_eq!((one.messages, values), (3, vec![pair("level", "3"), pair("pitch", "2")]));
        let values: Vec<_> = other.args.unwrap().rest().collect();
        assert_eq!((&*other.id, values), ("other", vec![pair("level", "7")]));
    }

    #[test]
    fn an_address_is_an_id_and_all_that_follows_is_the_name() {
        for (address, id, name) in [
            ("/ID", "ID", ""),
            ("/", "", ""),
            ("//level", "", "level"),
            ("/ID/a/b", "ID", "a/b"),
            ("/ID/*", "ID", "*"),
        ] {
            let [ask] = <[Ask; 1]>::try_from(asked(&message(address, [OscType::Int(1)]))).unwrap();
            let args: Vec<_> = ask.args.unwrap().rest().collect();
            assert_eq!((&*ask.id, args), (id, vec![pair(name, "1")]), "{address}");
        }
    }

    #[test]
    fn what_is_no_packet_is_refused_whole() {
        let whole = encode(&message("/ID/level", [OscType::Float(0.5)])).unwrap();
        for len in 0..whole.len() {
            assert_eq!(read(&whole[..len]).err(), Some(Unreadable::NoOsc), "cut at {len}");
        }
        let two = [whole.clone(), whole].concat();
        for wrong in [&two[..], b"level 0.5", b"/ID/\xff\xff\0\0,i\0\0\0\0\0\x01", b"#bundle\0"] {
            assert_eq!(read(wrong).err(), Some(Unreadable::NoOsc));
        }
        let long = [b"/".repeat(MAX_LEN - 3), b"\0,\0\0".to_vec()].concat();
        assert_eq!(long.len(), MAX_LEN + 1);
        assert_eq!(read(&long).err(), Some(Unreadable::TooLong));
    }

    /// On a quarter of the stack that threads of the async runtime have.
    #[test]
    fn bundles_and_arrays_as_deep_as_fit_break_nothing() {
        let core = encode(&message("/ID/level", [OscType::Int(1)])).unwrap();
        let deep = nested((MAX_LEN - core.len()) / 20, &core);
        let arrays = |levels: usize| {
            let mut packet = b"/ID/a\0\0\0,".to_vec();
            packet.extend(b"[".repeat(levels));
            packet.extend(b"]".repeat(levels));
            packet.resize((packet.len() + 1).next_multiple_of(4), 0);
            packet
        };
        let brackets = arrays(MAX_LEN / 2 - 8);
        assert!(MAX_LEN - deep.len() < 20 && brackets.len() <= MAX_LEN);
        let asks = std::thread::Builder::new()
            .stack_size(512 * 1024)
            .spawn(move || [read(&deep).unwrap(), read(&brackets).unwrap()])
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(asks.map(|asks| asks[0].args.is_ok()), [true, false]);
    }

    /// Bytes from a linear congruential generator (D. Knuth, *The Art of Computer Programming*, vol. 2,
    /// 3.3.4), as they are and as changes of packets that are right.
    #[test]
    fn no_bytes_break_anything() {
        let mut state = 1_u64;
        let mut below = move |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % n
        };
        let float = |value| OscType::Float(value);
        let right = encode(&bundle([
            message("/ID/level", [float(0.5)]),
            bundle([message("/ID/scale", [OscType::String("lydian".to_owned())])]),
            message("/ID/x", [OscType::Blob(vec![1, 2, 3]), OscType::Bool(true), float(1.0)]),
        ]))
        .unwrap();
        let mut readable = 0;
        for round in 0..200_000 {
            let mut bytes = if round % 2 == 0 {
                let len = below(64);
                let mut bytes = [b"/#"[below(2)]].to_vec();
                bytes.extend((0..len).map(|_| b"\0\0\0\x01\x08\xff/,#[]bfisthTundle"[below(22)]));
                bytes
            } else {
                right.clone()
            };
            for _ in 0..below(4) {
                let at = below(bytes.len());
                match below(3) {
                    0 => bytes[at] = below(256) as u8,
                    1 => bytes.truncate(at + 1),
                    _ => bytes.insert(at, below(256) as u8),
                }
            }
            readable += usize::from(read(&bytes).is_ok());
        }
        assert!((20_000..180_000).contains(&readable), "{readable} of both kinds");
    }
}
