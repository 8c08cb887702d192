//! A picture of few colours: rectangles, lines of figures and words, written as PNG.

use std::{error::Error, fs::File, io::BufWriter, path::Path};

use png::{BitDepth, ColorType, Compression, Encoder, Filter};

use crate::{
    colour::{Colour, PAPER, palette},
    font,
};

/// Where a text stands relative to its x.
#[derive(Clone, Copy)]
pub(crate) enum Align {
    Left,
    Middle,
    Right,
}

/// A picture, its origin at the top left.
pub(crate) struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<Colour>,
}

impl Canvas {
    /// Blank paper.
    pub(crate) fn new(width: usize, height: usize) -> Self {
        Self { width, height, pixels: vec![PAPER; width * height] }
    }

    /// Colours a pixel; beyond the edge nothing happens.
    pub(crate) fn dot(&mut self, x: usize, y: usize, colour: Colour) {
        if x < self.width && y < self.height {
            self.pixels[y * self.width + x] = colour;
        }
    }

    /// Fills a rectangle.
    pub(crate) fn fill(&mut self, [x, y]: [usize; 2], [width, height]: [usize; 2], colour: Colour) {
        for y in y..y + height {
            (x..x + width).for_each(|x| self.dot(x, y, colour));
        }
    }

    /// Writes a line of text whose middle is at `y`.
    pub(crate) fn write_text(
        &mut self,
        text: &str,
        [x, y]: [usize; 2],
        align: Align,
        colour: Colour,
    ) {
        let width = text.chars().count() * font::ADVANCE;
        let left = match align {
            Align::Left => x,
            Align::Middle => x.saturating_sub(width / 2),
            Align::Right => x.saturating_sub(width),
        };
        let top = y.saturating_sub(font::CAPITAL_HEIGHT / 2);
        for (index, letter) in text.chars().enumerate() {
            let left = left + index * font::ADVANCE;
            font::for_each_dot(letter, |x, y| self.dot(left + x, top + y, colour));
        }
    }

    /// Writes the picture to a file, eight bits a pixel.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        let file = BufWriter::new(File::create(path)?);
        let mut encoder = Encoder::new(file, self.width as u32, self.height as u32);
        encoder.set_color(ColorType::Indexed);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_palette(palette());
        encoder.set_compression(Compression::High);
        // Neighbouring numbers of a palette are not neighbouring values to a filter.
        encoder.set_filter(Filter::NoFilter);
        encoder.write_header()?.write_image_data(&self.pixels)?;
        Ok(())
    }
}
