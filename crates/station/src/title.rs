//! What a performance is doing now, in words.

use std::fmt;

/// A scene and, where there is one, a key: `Chimes, C♯ minor pentatonic`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Title {
    /// The scene's name, e.g. `Chimes`.
    pub scene: &'static str,
    /// The labels of root and scale, e.g. `c_sharp` and `minor_pentatonic`.
    pub key: Option<(&'static str, &'static str)>,
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scene)?;
        let Some((root, scale)) = self.key else { return Ok(()) };
        let (letter, sign) = root.split_at_checked(1).unwrap_or((root, ""));
        let sign = if sign == "_sharp" { "♯" } else { sign };
        write!(f, ", {}{sign} {}", letter.to_ascii_uppercase(), scale.replace('_', " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_scene_and_the_key_if_there_is_one() {
        assert_eq!(Title { scene: "Rain", key: None }.to_string(), "Rain");
        let key = Some(("d", "lydian"));
        assert_eq!(Title { scene: "Chimes", key }.to_string(), "Chimes, D lydian");
        let key = Some(("c_sharp", "minor_pentatonic"));
        assert_eq!(Title { scene: "Deep", key }.to_string(), "Deep, C♯ minor pentatonic");
    }
}
