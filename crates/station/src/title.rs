//! What a performance is doing now, in words.

use std::fmt;

/// A scene and, where there is one, a key: `Chimes, D lydian`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Title {
    /// The scene's name, e.g. `Chimes`.
    pub scene: &'static str,
    /// The root and the scale, e.g. `D` and `lydian`.
    pub key: Option<(&'static str, &'static str)>,
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scene)?;
        match self.key {
            Some((root, scale)) => write!(f, ", {root} {scale}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_scene_and_the_key_if_there_is_one() {
        assert_eq!(Title { scene: "Rain", key: None }.to_string(), "Rain");
        let key = Some(("D", "lydian"));
        assert_eq!(Title { scene: "Chimes", key }.to_string(), "Chimes, D lydian");
    }
}
