//! Pictures that are kept in `tests/pictures/BROWSER`, and what differs from them.
//!
//! Another version of a browser, other fonts and another graphics card draw another picture of the same page. So they are
//! compared where somebody asks for it, on a machine like the one on which they were taken, and what that was is kept beside
//! them.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use thirtyfour::WebDriver;

use crate::browser::Kind;
use crate::process::repository;

/// The side of the squares that are compared, in pixels.
const SQUARE: usize = 8;
/// By how much the channels of a square may differ on average, of 255: less than a letter that moved by a pixel, and more than
/// one level, on the edge of which a colour may be.
const TOLERANCE: usize = 9;
/// How many values a channel has in a picture. A page has few colours then, and its picture is small.
const LEVELS: usize = 32;
/// The most colours of a picture that is kept.
const PALETTE: usize = 256;
/// The file that has what the pictures were taken with.
const TAKEN_WITH: &str = "taken-with.json";

/// A picture: three bytes for each pixel, of which each has one of a few values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

impl Picture {
    /// Reads a picture, and rounds its colours.
    ///
    /// # Errors
    /// If it is no PNG file that a browser or [`Self::write`] makes.
    pub fn read(file: &[u8]) -> Result<Self> {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info()?;
        let mut bytes = vec![0; reader.output_buffer_size().context("it is too large")?];
        let info = reader.next_frame(&mut bytes)?;
        let channels = info.color_type.samples();
        ensure!(channels >= 3, "a picture in colour was expected");
        let pixels = bytes[..info.buffer_size()].chunks_exact(channels);
        let rgb = pixels.flat_map(|pixel| [pixel[0], pixel[1], pixel[2]].map(rounded));
        Ok(Self {
            width: info.width as usize,
            height: info.height as usize,
            rgb: rgb.collect(),
        })
    }

    /// Its width and its height, in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width as u32, self.height as u32)
    }

    /// The picture as a PNG file with a palette.
    ///
    /// # Errors
    /// If it cannot be compressed.
    pub fn write(&self) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width as u32, self.height as u32);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        // The colours that most pixels have, and for each other one the nearest of them.
        let mut pixels: HashMap<&[u8], usize> = HashMap::new();
        for pixel in self.rgb.chunks_exact(3) {
            *pixels.entry(pixel).or_default() += 1;
        }
        let mut colours: Vec<(&[u8], usize)> = pixels.into_iter().collect();
        colours.sort_by_key(|(colour, pixels)| (Reverse(*pixels), *colour));
        let kept = &colours[..colours.len().min(PALETTE)];
        let far = |one: &[u8], other: &[u8]| -> u32 {
            let channels = one.iter().zip(other);
            channels
                .map(|(one, other)| u32::from(one.abs_diff(*other)).pow(2))
                .sum()
        };
        let nearest = |colour: &[u8]| {
            let kept = kept.iter().zip(0..=u8::MAX);
            kept.min_by_key(|((other, _), _)| far(colour, other))
                .map_or(0, |(_, number)| number)
        };
        let number: HashMap<&[u8], u8> = colours
            .iter()
            .map(|(colour, _)| (*colour, nearest(colour)))
            .collect();
        let palette: Vec<u8> = kept
            .iter()
            .flat_map(|(colour, _)| *colour)
            .copied()
            .collect();
        let pixels: Vec<u8> = self
            .rgb
            .chunks_exact(3)
            .map(|pixel| number[pixel])
            .collect();
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_palette(palette);
        encoder.set_filter(png::Filter::NoFilter);
        encoder.write_header()?.write_image_data(&pixels)?;
        Ok(file)
    }

    /// This picture with another one of the same height beside it.
    pub fn beside(&self, other: &Self, gap: usize) -> Self {
        let space = vec![u8::MAX; gap * 3];
        let rows = self.rgb.chunks_exact(self.width * 3);
        let others = other.rgb.chunks_exact(other.width * 3);
        let rows = rows
            .zip(others)
            .map(|(row, other)| [row, &space, other].concat());
        Self {
            width: self.width + gap + other.width,
            height: self.height.min(other.height),
            rgb: rows.flatten().collect(),
        }
    }

    /// Says where another picture differs from this one by more than how its letters were smoothed; `None` if it does not.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let (size, other_size) = ((self.width, self.height), (other.width, other.height));
        if size != other_size {
            return Some(format!(
                "it was {} × {} pixels, and is {} × {}",
                size.0, size.1, other_size.0, other_size.1
            ));
        }
        let across = self.width.div_ceil(SQUARE);
        let mut sums = vec![[0usize; 3]; across * self.height.div_ceil(SQUARE)];
        for (at, (was, is)) in self.rgb.iter().zip(&other.rgb).enumerate() {
            let (pixel, channel) = (at / 3, at % 3);
            let (x, y) = (pixel % self.width, pixel / self.width);
            sums[y / SQUARE * across + x / SQUARE][channel] += usize::from(was.abs_diff(*is));
        }
        // A square at an edge is smaller, and has to differ as much in all.
        let most = TOLERANCE * SQUARE * SQUARE;
        let differ = |sums: &[usize; 3]| sums.iter().any(|sum| *sum > most);
        let first = sums.iter().position(differ)?;
        Some(format!(
            "{} of {} squares differ, the first at {}, {}",
            sums.iter().filter(|sums| differ(sums)).count(),
            sums.len(),
            first % across * SQUARE,
            first / across * SQUARE
        ))
    }
}

/// Pictures of one size that follow one another again and again, as an animated PNG file. Each is shown for so many
/// milliseconds.
///
/// # Errors
/// If there is none, or if they cannot be compressed.
pub fn film(pictures: &[(Picture, u16)]) -> Result<Vec<u8>> {
    let (first, _) = pictures.first().context("a film has pictures")?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, first.width as u32, first.height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.set_animated(pictures.len() as u32, 0)?;
    let mut writer = encoder.write_header()?;
    for (picture, milliseconds) in pictures {
        writer.set_frame_delay(*milliseconds, 1000)?;
        writer.write_image_data(&picture.rgb)?;
    }
    writer.finish()?;
    Ok(file)
}

/// The nearest of `LEVELS` values of a channel, of which the first is 0 and the last 255.
fn rounded(value: u8) -> u8 {
    let last = LEVELS - 1;
    let level = (usize::from(value) * last + 127) / 255;
    (level * 255 / last) as u8
}

/// What pictures are taken with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct TakenWith {
    /// The browser and its version.
    browser: String,
    /// A hash of a text in several scripts, drawn in the fonts of this machine, the pixels of the screen in one of a page,
    /// and how wide a scroll bar is.
    text: String,
}

/// The kept pictures of a browser.
pub struct Album {
    directory: PathBuf,
    here: TakenWith,
    /// What is done with the pictures.
    what: What,
}

/// What is done with pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Nothing: it is only checked that there is one of everything.
    Count,
    /// They are compared with what is seen (`FLUENCE_PICTURES=compare`).
    Compare,
    /// They are taken anew (`FLUENCE_PICTURES=record`).
    Record,
}

impl Album {
    /// The kept pictures of the browser that is tested, which must show a page of the extension's stylesheet.
    ///
    /// # Errors
    /// If the browser draws no text, if the old pictures cannot be removed, or if they are to be compared and were taken with
    /// something else.
    pub async fn open(kind: Kind, driver: &WebDriver) -> Result<Self> {
        let name = match kind {
            Kind::Chromium => "chromium",
            Kind::Firefox => "firefox",
        };
        let directory = repository().join("tests").join("pictures").join(name);
        let drawn = driver.execute_async(DRAWN, vec![]).await?;
        let here: TakenWith = serde_json::from_value(drawn.json().clone())?;
        let what = match std::env::var("FLUENCE_PICTURES").as_deref() {
            Ok("record") => What::Record,
            Ok("compare") => What::Compare,
            _ => What::Count,
        };
        if what == What::Record {
            if directory.exists() {
                std::fs::remove_dir_all(&directory)?;
            }
            std::fs::create_dir_all(&directory)?;
            let text = serde_json::to_string_pretty(&here)? + "\n";
            std::fs::write(directory.join(TAKEN_WITH), text)?;
        }
        let album = Self {
            directory,
            here,
            what,
        };
        if what == What::Compare
            && let Some(why) = album.differs_here()?
        {
            bail!("the pictures cannot be compared: {why}");
        }
        Ok(album)
    }

    /// What is done with the pictures.
    pub fn what(&self) -> What {
        self.what
    }

    /// Says why pictures that are taken here cannot be compared with the kept ones; `None` if they can.
    fn differs_here(&self) -> Result<Option<String>> {
        let file = self.directory.join(TAKEN_WITH);
        let text =
            std::fs::read(&file).with_context(|| format!("there is no {}", file.display()))?;
        let kept: TakenWith = serde_json::from_slice(&text)?;
        let (was, is) = (&kept.browser, &self.here.browser);
        Ok(if was != is {
            Some(format!("they were taken with {was}, and this is {is}"))
        } else if kept.text != self.here.text {
            Some("they were taken with other fonts, or with letters smoothed otherwise".to_owned())
        } else {
            None
        })
    }

    /// Compares a picture with the kept one, or keeps it. It returns what is wrong.
    ///
    /// # Errors
    /// If the picture cannot be read or written.
    pub fn compare(&self, name: &str, now: &Picture) -> Result<Option<String>> {
        let file = self.directory.join(format!("{name}.png"));
        if self.what == What::Record {
            std::fs::write(&file, now.write()?)?;
            return Ok(None);
        }
        if !file.exists() {
            return Ok(Some("there is no picture of it yet".to_owned()));
        }
        let kept = std::fs::read(&file)?;
        let kept = Picture::read(&kept).with_context(|| format!("{}", file.display()))?;
        Ok(kept.difference(now))
    }

    /// Checks that the kept pictures are these, whatever this machine draws.
    ///
    /// # Errors
    /// If one is missing, or there are others; the error names the first.
    pub fn has_only(&self, names: &BTreeSet<String>) -> Result<()> {
        for name in names {
            let file = self.directory.join(format!("{name}.png"));
            ensure!(file.exists(), "there is no picture of {name} yet");
        }
        for entry in std::fs::read_dir(&self.directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let known = name
                .strip_suffix(".png")
                .is_some_and(|name| names.contains(name));
            if !known && name != TAKEN_WITH {
                bail!("nothing looks like {name} any more");
            }
        }
        Ok(())
    }
}

/// JavaScript that tells which browser this is, and how it draws letters.
const DRAWN: &str = "const [done] = arguments;
    const style = getComputedStyle(document.documentElement);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 160];
    // On a ground that is not transparent, letters are smoothed as on a page.
    const brush = canvas.getContext('2d', { alpha: false });
    brush.fillStyle = '#fff';
    brush.fillRect(0, 0, canvas.width, canvas.height);
    brush.fillStyle = '#000';
    const scroller = document.createElement('div');
    scroller.style = 'position: absolute; width: 100px; height: 100px; overflow-y: scroll';
    document.body.append(scroller);
    const bar = scroller.offsetWidth - scroller.clientWidth;
    scroller.remove();
    ['--sans', '--mono'].forEach((fonts, at) => {
      [['', 14], ['650', 15]].forEach(([weight, size], line) => {
        brush.font = `${weight} ${size}px ${style.getPropertyValue(fonts)}`;
        brush.fillText('Fluence Share 0123456789 — größer, señal · مشاركة الملفات · 分享文件 · ⟦⟧…', 4, 20 + at * 80 + line * 40);
      });
    });
    const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
    let [one, two] = [1, 0];
    for (const byte of data) {
      one = (one + byte) % 65521;
      two = (two + one) % 65521;
    }
    const [, name, version] = /(Chrome|Firefox)\\/(\\d+)/.exec(navigator.userAgent);
    done({ browser: `${name} ${version}`, text: `${(two * 65536 + one).toString(16)} ${devicePixelRatio} ${bar}` });";

#[cfg(test)]
mod tests {
    use super::*;

    /// A white picture with a dark line of a pixel's width, as a letter has, at a column.
    fn line(column: usize, dark: u8) -> Picture {
        let (width, height) = (40, 20);
        let mut rgb = vec![255; width * height * 3];
        for y in 4..12 {
            let at = (y * width + column) * 3;
            rgb[at..at + 3].fill(rounded(dark));
        }
        Picture { width, height, rgb }
    }

    #[test]
    fn a_picture_is_read_as_it_was_written() {
        let few = line(9, 30);
        assert_eq!(Picture::read(&few.write().unwrap()).unwrap(), few);
        // More colours than a palette has.
        let rgb = (0..40 * 20 * 3)
            .map(|at| rounded((at * 7 % 251) as u8))
            .collect();
        let many = Picture { rgb, ..few };
        assert_eq!(Picture::read(&many.write().unwrap()).unwrap(), many);
    }

    #[test]
    fn a_line_that_moves_by_a_pixel_differs_and_one_that_is_smoothed_otherwise_does_not() {
        let was = line(9, 30);
        assert_eq!(was.difference(&was), None);
        assert_eq!(was.difference(&line(9, 50)), None);
        let moved = was.difference(&line(10, 30));
        assert_eq!(
            moved.as_deref(),
            Some("2 of 15 squares differ, the first at 8, 0")
        );
        let mut taller = was.clone();
        taller.height += 1;
        taller.rgb.extend([255; 120]);
        let told = "it was 40 × 20 pixels, and is 40 × 21";
        assert_eq!(was.difference(&taller).as_deref(), Some(told));
    }
}
