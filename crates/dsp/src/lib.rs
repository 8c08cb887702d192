//! Parts of sound.
