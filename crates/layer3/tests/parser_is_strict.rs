//! The parser of the laws reads what was written by hand, and refuses what is damaged.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

mod parser;
mod signals;

use parser::parse;
use perpetuo_layer3::{Channels, Config, Reservoir};
use signals::*;

#[test]
fn a_stream_written_by_hand_is_read_as_it_was_written() {
    let frames = parse(&Hand::mpeg1().stream()).unwrap();
    assert_eq!(frames.len(), 2);
    for frame in &frames {
        assert_eq!(frame.len, 288);
        let [first, second] = [0, 1].map(|g| &frame.granules[g][0]);
        assert_eq!(first.lines[..9], [1, -1, 0, 0, 1, 0, 0, -1, 0]);
        assert_eq!((first.count1_end, first.part2_length), (8, 0));
        assert_eq!(second.lines[..3], [24, -3, 0]);
        assert_eq!((second.count1_end, second.part2_length), (2, 21));
        let scalefactors = [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0];
        assert_eq!(second.scalefactors, scalefactors);
    }
}

#[test]
fn a_step_is_the_gain_less_what_the_scalefactors_say() {
    let frames = parse(&Hand::mpeg1().with("g1 preflag", 1).stream()).unwrap();
    let steps = frames[0].granules[1][0].steps(frames[0].side_info.format);
    assert_eq!(steps.iter().map(|(lines, _)| lines.len()).sum::<usize>(), 576);
    // A global_gain of 180, halves, and from band 11 on what preflag adds.
    assert_eq!([0, 1, 11, 20, 21].map(|n| steps[n].1), [-32, -30, -34, -34, -30]);
    let short = Hand::mpeg1().short(0b100_000_001).stream();
    let frames = parse(&short).unwrap();
    let steps = frames[0].granules[1][0].steps(frames[0].side_info.format);
    assert_eq!(steps.iter().map(|(lines, _)| lines.len()).sum::<usize>(), 576);
    assert_eq!([36, 37, 38].map(|n| steps[n].1), [-30 - 32, -30, -30 - 8]);
}

#[test]
fn scalefactors_of_low_sampling_frequencies_are_packed_in_three_ways() {
    for (scalefac_compress, long, short, has_preflag) in [
        // ISO/IEC 13818-3, 2.4.3.2: bits times scalefactors of each group.
        ((3 * 5 + 2) << 4 | 1 << 2 | 1, 3 * 6 + 2 * 5 + 5 + 5, 3 * 9 + 2 * 9 + 9 + 9, false),
        (400 + ((2 * 5 + 1) << 2 | 3), 2 * 6 + 5 + 3 * 7, 2 * 9 + 9 + 3 * 12, false),
        (500 + 2 * 3 + 1, 2 * 11 + 10, 2 * 18 + 18, true),
    ] {
        let hand = Hand::mpeg2().with("g0 scalefac_compress", scalefac_compress);
        let frames = parse(&hand.clone().with("g0 part2_3_length", long).stream()).unwrap();
        let granule = &frames[0].granules[0][0];
        assert_eq!(granule.part2_length as u32, long);
        assert_eq!((granule.scalefactors.len(), granule.preflag), (21, has_preflag));
        let hand = hand.short(0).with("g0 scalefac_compress", scalefac_compress);
        let start = hand.clone().with("g0 part2_3_length", long).frame();
        let blocks = hand.with("g0 block_type", 2).with("g0 part2_3_length", short).frame();
        let frames = parse(&[start, blocks].concat()).unwrap();
        assert_eq!(frames[1].granules[0][0].part2_length as u32, short);
        assert_eq!(frames[1].granules[0][0].scalefactors.len(), 36);
    }
}

#[test]
fn main_data_that_begin_in_the_frame_before_are_found_there() {
    // All of the second frame's main data, 46 bits, in the last 6 bytes of the first.
    let [first, second] = [0, 6].map(|back| Hand::mpeg1().with("main_data_begin", back));
    let mut stream = first.frame();
    let moved = second.main_data_bytes();
    stream[288 - moved.len()..].copy_from_slice(&moved);
    let mut head = second.frame();
    head[21..].fill(0);
    stream.extend(head);
    let frames = parse(&stream).unwrap();
    assert_eq!(frames[0].granules, frames[1].granules);
    assert_eq!(frames[1].skipped, 288 - 21 - 2 * moved.len());
    // A byte earlier are other bits, and they are too many.
    let mut early = stream.clone();
    early[288 + 4] = 7 >> 1;
    early[288 + 5] = (7 & 1) << 7;
    assert!(parse(&early).is_err());
    // Frames of which each takes its main data from the one before are not to lose one.
    assert!(parse(&stream[288..]).unwrap_err().contains("before the stream"));
}

#[test]
fn what_is_forbidden_is_refused_by_name() {
    for (field, value, refusal) in [
        ("syncword", 0xFFE, "syncword"),
        ("layer", 0b10, "Layer III"),
        ("protection_bit", 0, "CRC"),
        ("bitrate_index", 0, "bitrate_index"),
        ("bitrate_index", 15, "bitrate_index"),
        ("sampling_frequency", 3, "sampling_frequency"),
        ("padding_bit", 1, "padding_bit"),
        ("private_bit", 1, "private_bit"),
        ("mode", 0b00, "neither"),
        ("mode", 0b10, "neither"),
        ("mode_extension", 0b01, "intensity"),
        ("mode_extension", 0b10, "single channel"),
        ("copyright", 1, "copyright"),
        ("original", 0, "original"),
        ("emphasis", 1, "emphasis"),
        ("main_data_begin", 1, "before the stream"),
        ("private_bits", 1, "private_bits"),
        ("g0 part2_3_length", 11, "wanted"),
        ("g0 part2_3_length", 4095, "wanted"),
        ("g0 big_values", 289, "288"),
        ("g0 big_values", 288, "line 576"),
        ("g0 table_select 0", 4, "4 and 14"),
        ("g1 table_select 2", 14, "4 and 14"),
    ] {
        let error = parse(&Hand::mpeg1().with(field, value).stream()).unwrap_err();
        assert!(error.contains(refusal), "{field} = {value}: {error}");
    }
    for (field, value, refusal) in [
        ("g0 block_type", 0, "reserved"),
        ("g0 mixed_block_flag", 1, "mixed"),
        ("g1 preflag", 1, "preflag"),
        ("g0 block_type", 2, "after Normal"),
        ("g1 block_type", 3, "after Start"),
        ("g0 subblock_gain", 1, "subblock_gain"),
        ("scfsi", 0b0100, "scfsi"),
    ] {
        let error = parse(&Hand::mpeg1().short(0).with(field, value).stream()).unwrap_err();
        assert!(error.contains(refusal), "{field} = {value}: {error}");
    }
}

#[test]
fn regions_begin_within_the_22_bands() {
    let hand = Hand::mpeg1().with("g1 region0_count", 15);
    assert!(parse(&hand.clone().with("g1 region1_count", 5).stream()).is_ok());
    let error = parse(&hand.with("g1 region1_count", 6).stream()).unwrap_err();
    assert!(error.contains("beyond the bands"), "{error}");
}

#[test]
fn middle_and_side_have_the_same_windows() {
    let mut hand = Hand::mpeg2().with("mode", 0b01).with("mode_extension", 0b10);
    hand.fields.iter_mut().find(|field| field.0 == "private_bits").unwrap().2 = 2;
    // Another channel in place of another granule.
    hand.fields.extend(Hand::granule("g1 ", 0, 0, [0, 9], [0; 3], None));
    assert!(parse(&hand.frame()).is_ok());
    let error = parse(&hand.short(0).frame()).unwrap_err();
    assert!(error.contains("different windows"), "{error}");
}

#[test]
fn lines_beyond_576_are_refused() {
    // Table 0 takes no bits for 574 lines; a quadruple then begins two before the end.
    let mut hand = Hand::mpeg1().with("g1 table_select 0", 0).with("g1 scalefac_compress", 0);
    hand.main_data.truncate(hand.main_data.find("10101").unwrap());
    let whole = hand.clone().with("g1 big_values", 287).with("g1 part2_3_length", 0).stream();
    assert_eq!(parse(&whole).unwrap()[0].granules[1][0].count1_end, 574);
    let hand = hand.with("g1 part2_3_length", 8);
    let error = parse(&hand.clone().with("g1 big_values", 287).stream()).unwrap_err();
    assert!(error.contains("line 576"), "{error}");
    // Two pairs less, and it ends with the lines.
    assert!(parse(&hand.with("g1 big_values", 286).stream()).is_ok());
}

#[test]
fn no_bit_goes_unread() {
    let mut streams = vec![Hand::mpeg1().stream(), Hand::mpeg2().short(0).stream()];
    for (hz, kbps) in [(44_100, 96), (22_050, 24)] {
        for channels in [Channels::Mono, Channels::Stereo] {
            for reservoir in [Reservoir::None, Reservoir::Full] {
                let config = Config { reservoir, ..Config::new(hz, channels, kbps) };
                streams.push(encode(&config, &Signal::Attacks.pcm(3, 4000)));
            }
        }
    }
    for mut stream in streams {
        let frames = parse(&stream).unwrap();
        for bit in 0..stream.len() * 8 {
            stream[bit / 8] ^= 0x80 >> (bit % 8);
            assert_ne!(parse(&stream).as_ref(), Ok(&frames), "bit {bit}");
            stream[bit / 8] ^= 0x80 >> (bit % 8);
        }
    }
}

#[test]
fn wrong_lengths_are_refused() {
    let stream = encode(&Config::new(44_100, Channels::Stereo, 128), &Signal::Noise.pcm(1, 4000));
    let ends = |n: usize| parse(&stream).unwrap()[..n].iter().map(|frame| frame.len).sum::<usize>();
    let ends: Vec<_> = (0..=parse(&stream).unwrap().len()).map(ends).collect();
    for end in 0..stream.len() {
        assert_eq!(parse(&stream[..end]).is_ok(), ends.contains(&end), "cut off at {end}");
    }
    for at in [0, 3, 36, 417, 600, stream.len() - 1] {
        let mut longer = stream.clone();
        longer.insert(at, 0);
        assert!(parse(&longer).is_err(), "a byte too many at {at}");
        let mut shorter = stream.clone();
        shorter.remove(at);
        assert!(parse(&shorter).is_err(), "a byte missing at {at}");
    }
    // Another format in between.
    let other = encode(&Config::new(44_100, Channels::Stereo, 160), &Signal::Noise.pcm(1, 4000));
    assert!(parse(&[stream, other].concat()).unwrap_err().contains("format"));
}

/// A frame by hand: fields by name, then bits.
#[derive(Clone)]
struct Hand {
    fields: Vec<(String, u32, usize)>,
    main_data: String,
    len: usize,
}

impl Hand {
    /// 32 kHz, 64 kbit/s, one channel.
    fn mpeg1() -> Self {
        let mut fields = Self::header(1, 5, 2);
        fields.extend(Self::named(
            "",
            &[("main_data_begin", 0, 9), ("private_bits", 0, 5), ("scfsi", 0, 4)],
        ));
        fields.extend(Self::granule("g0 ", 12, 2, [0, 4], [1, 0, 0], Some(0)));
        fields.extend(Self::granule("g1 ", 34, 1, [5, 4], [24, 0, 0], Some(0)));
        let main_data = [
            // (1, -1) and (0, 0) with table 1; 1, 0, 0, -1 with table B.
            "000 01",
            "1",
            "0110 01",
            // Scalefactors, a bit each; 24 as 15 and 9, and -3, with table 24.
            "10101010101",
            "1111100000",
            "0010001 1001 0 1",
        ];
        Self { fields, main_data: main_data.concat(), len: 288 }
    }

    /// 24 kHz, 64 kbit/s, one channel; scalefactors are all there is, and they are 0.
    fn mpeg2() -> Self {
        let mut fields = Self::header(0, 8, 1);
        fields.extend(Self::named("", &[("main_data_begin", 0, 8), ("private_bits", 0, 1)]));
        fields.extend(Self::granule("g0 ", 0, 0, [0, 9], [0; 3], None));
        Self { fields, main_data: String::new(), len: 192 }
    }

    fn named(of: &str, fields: &[(&str, u32, usize)]) -> Vec<(String, u32, usize)> {
        fields.iter().map(|&(name, value, len)| (format!("{of}{name}"), value, len)).collect()
    }

    fn header(id: u32, bitrate_index: u32, sampling_frequency: u32) -> Vec<(String, u32, usize)> {
        Self::named(
            "",
            &[
                ("syncword", 0xFFF, 12),
                ("ID", id, 1),
                ("layer", 0b01, 2),
                ("protection_bit", 1, 1),
                ("bitrate_index", bitrate_index, 4),
                ("sampling_frequency", sampling_frequency, 2),
                ("padding_bit", 0, 1),
                ("private_bit", 0, 1),
                ("mode", 0b11, 2),
                ("mode_extension", 0, 2),
                ("copyright", 0, 1),
                ("original", 1, 1),
                ("emphasis", 0, 2),
            ],
        )
    }

    fn granule(
        of: &str,
        part2_3_length: u32,
        big_values: u32,
        [scalefac_compress, scalefac_compress_len]: [u32; 2],
        table_select: [u32; 3],
        preflag: Option<u32>,
    ) -> Vec<(String, u32, usize)> {
        let mut fields = Self::named(
            of,
            &[
                ("part2_3_length", part2_3_length, 12),
                ("big_values", big_values, 9),
                ("global_gain", 180, 8),
                ("scalefac_compress", scalefac_compress, scalefac_compress_len as usize),
                ("window_switching_flag", 0, 1),
                ("table_select 0", table_select[0], 5),
                ("table_select 1", table_select[1], 5),
                ("table_select 2", table_select[2], 5),
                ("region0_count", 0, 4),
                ("region1_count", 0, 3),
            ],
        );
        fields.extend(preflag.map(|preflag| (format!("{of}preflag"), preflag, 1)));
        fields.extend(Self::named(of, &[("scalefac_scale", 0, 1), ("count1table_select", 1, 1)]));
        fields
    }

    /// Another value for one field.
    fn with(mut self, name: &str, value: u32) -> Self {
        let field = self.fields.iter_mut().find(|field| field.0 == name).unwrap();
        field.1 = value;
        self
    }

    /// Nothing in the main data. At MPEG-1 a start and a short block, then a short block and a stop block;
    /// at MPEG-2 a start block, then short blocks with a `subblock_gain` of three times three bits.
    fn short(mut self, subblock_gain: u32) -> Self {
        self.main_data.clear();
        for (granule, block_type, gain) in [("g0 ", 1, 0), ("g1 ", 2, subblock_gain)] {
            let flag = format!("{granule}window_switching_flag");
            let Some(at) = self.fields.iter().position(|field| field.0 == flag) else { continue };
            let switched = Self::named(
                granule,
                &[
                    ("window_switching_flag", 1, 1),
                    ("block_type", block_type, 2),
                    ("mixed_block_flag", 0, 1),
                    ("table_select 0", 0, 5),
                    ("table_select 1", 0, 5),
                    ("subblock_gain", gain, 9),
                ],
            );
            self.fields.splice(at..at + 6, switched);
            for empty in ["part2_3_length", "big_values", "scalefac_compress"] {
                self = self.with(&format!("{granule}{empty}"), 0);
            }
        }
        self
    }

    /// Two frames. Where the windows are switched the second is what follows the first.
    fn stream(&self) -> Vec<u8> {
        let mut stream = self.frame();
        let mut second = self.clone();
        let types: Vec<_> = ["g0 block_type", "g1 block_type"]
            .into_iter()
            .filter(|name| self.fields.iter().any(|field| field.0 == *name))
            .collect();
        match types[..] {
            [g0, g1] => second = second.with(g0, 2).with(g1, 3).with("g1 subblock_gain", 0),
            [g0] => second = second.with(g0, 2),
            _ => {}
        }
        stream.extend(second.frame());
        stream
    }

    fn frame(&self) -> Vec<u8> {
        let fields = self.fields.iter().map(|(_, value, len)| format!("{value:0len$b}"));
        let head = packed(&fields.collect::<String>());
        let mut frame = [head, self.main_data_bytes()].concat();
        frame.resize(self.len, 0);
        frame
    }

    fn main_data_bytes(&self) -> Vec<u8> {
        packed(&self.main_data)
    }
}

/// Zeros and ones as bytes, the last of them filled up with zeros.
fn packed(bits: &str) -> Vec<u8> {
    let bits: Vec<_> = bits.bytes().filter(|bit| *bit != b' ').map(|bit| bit - b'0').collect();
    bits.chunks(8)
        .map(|byte| byte.iter().enumerate().map(|(n, bit)| bit << (7 - n)).sum())
        .collect()
}
