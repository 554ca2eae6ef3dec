//! Real files, made at run time: a picture, a sound, a document, and noise of any length.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// A picture: a sunset over water, as PNG.
pub fn picture(width: u32, height: u32) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    let (centre_x, centre_y, radius) = (
        f64::from(width) / 2.0,
        f64::from(height) * 0.55,
        f64::from(height) * 0.18,
    );
    let horizon = f64::from(height) * 0.62;
    for y in 0..height {
        for x in 0..width {
            let (x, y) = (f64::from(x), f64::from(y));
            let down = y / f64::from(height);
            let distance = ((x - centre_x).powi(2) + (y - centre_y).powi(2)).sqrt();
            let pixel = if y > horizon {
                let glitter = ((x * 0.11).sin() * (y * 0.53).sin()).max(0.0)
                    * (1.0 - ((x - centre_x) / (radius * 1.6)).abs()).max(0.0);
                [
                    40.0 + 190.0 * glitter,
                    60.0 + 90.0 * glitter,
                    110.0 + 20.0 * glitter,
                ]
            } else if distance < radius {
                [255.0, 225.0 - 60.0 * down, 150.0 - 60.0 * down]
            } else {
                let glow = (1.0 - (distance - radius) / f64::from(width)).clamp(0.0, 1.0);
                [
                    90.0 + 160.0 * glow * down,
                    60.0 + 90.0 * glow,
                    130.0 - 40.0 * down,
                ]
            };
            pixels.extend(pixel.map(|channel| channel.clamp(0.0, 255.0) as u8));
        }
    }
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(file)
}

/// A picture of noise, which no format makes smaller, as PNG.
pub fn noisy_picture(width: u32, height: u32) -> Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let pixels = noise((width * height * 3) as usize, 16);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(file)
}

/// A video in WebM with so many more bytes at its end, which mean nothing.
pub fn with_void(mut video: Vec<u8>, len: u32) -> Vec<u8> {
    // The id of an element that is skipped, and its length in eight bytes.
    video.extend([0xec, 1, 0, 0, 0]);
    video.extend(len.to_be_bytes());
    video.resize(video.len() + len as usize, 0);
    video
}

/// The QR code of a text, as PNG.
pub fn code(text: &str) -> Result<Vec<u8>> {
    const MODULE: i32 = 6;
    let code = qrcodegen::QrCode::encode_text(text, qrcodegen::QrCodeEcc::Low)?;
    let side = (code.size() + 8) * MODULE;
    let at = |pixel: i32| pixel / MODULE - 4;
    let pixels: Vec<u8> = (0..side * side)
        .map(
            |pixel| match code.get_module(at(pixel % side), at(pixel / side)) {
                true => 0,
                false => u8::MAX,
            },
        )
        .collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(file)
}

/// What a camera sees of a picture (PNG): turned by so many degrees on a grey table, and grainy.
pub fn askew(picture: &[u8], degrees: f64) -> Result<Vec<u8>> {
    const TABLE: u8 = 150;
    const GRAIN: u32 = 30;
    let mut decoder = png::Decoder::new(std::io::Cursor::new(picture));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info()?;
    let size = reader.output_buffer_size().context("too large a picture")?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels)?;
    let (width, height) = (f64::from(info.width), f64::from(info.height));
    let samples = info.color_type.samples();
    let side = (width.hypot(height) * 1.2) as u32;
    let (sine, cosine) = degrees.to_radians().sin_cos();
    let mut random = 1_u32;
    let mut seen = Vec::with_capacity((side * side) as usize);
    for y in 0..side {
        for x in 0..side {
            let (x, y) = (
                f64::from(x) - f64::from(side) / 2.0,
                f64::from(y) - f64::from(side) / 2.0,
            );
            let across = x * cosine + y * sine + width / 2.0;
            let down = y * cosine - x * sine + height / 2.0;
            let is_on_it = (0.0..width).contains(&across) && (0.0..height).contains(&down);
            let light = match is_on_it {
                true => pixels[down as usize * info.line_size + across as usize * samples],
                false => TABLE,
            };
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let light = u32::from(light) + (random >> 16) % (2 * GRAIN + 1);
            seen.push(light.saturating_sub(GRAIN).min(255) as u8);
        }
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&seen)?;
    Ok(file)
}

/// How many bytes a second of [`tone`] has.
pub const TONE_RATE: u32 = 192_000;

/// A tone of one second, as a WAV file.
pub fn sound() -> Vec<u8> {
    wav(8000, 8000)
}

/// A tone that lasts for some seconds, of [`TONE_RATE`] bytes each, as a WAV file.
pub fn tone(seconds: u32) -> Vec<u8> {
    wav(TONE_RATE, seconds * TONE_RATE)
}

/// A WAV file of one channel with one byte per sample.
fn wav(rate: u32, len: u32) -> Vec<u8> {
    const TONE: f32 = 440.0;
    let second: Vec<u8> = (0..rate)
        .map(|n| {
            let phase = n as f32 / rate as f32 * TONE * std::f32::consts::TAU;
            (phase.sin() * 100.0 + 128.0) as u8
        })
        .collect();
    let mut wav = Vec::with_capacity(len as usize + 44);
    wav.extend(b"RIFF");
    wav.extend((36 + len).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16u32.to_le_bytes());
    for half in [1u16, 1] {
        wav.extend(half.to_le_bytes());
    }
    for word in [rate, rate] {
        wav.extend(word.to_le_bytes());
    }
    for half in [1u16, 8] {
        wav.extend(half.to_le_bytes());
    }
    wav.extend(b"data");
    wav.extend(len.to_le_bytes());
    wav.extend(second.iter().cycle().take(len as usize));
    wav
}

/// A document of one page with one line of text, as PDF.
pub fn document(text: &str) -> Vec<u8> {
    document_with(text, "")
}

/// The same document with an action, in the form that PDF gives it, that is done when it is opened.
pub fn acting_document(text: &str, action: &str) -> Vec<u8> {
    document_with(text, &format!(" /OpenAction << {action} >>"))
}

fn document_with(text: &str, catalog: &str) -> Vec<u8> {
    let line: String = text
        .chars()
        .filter(|c| c.is_ascii() && !c.is_control() && !matches!(c, '(' | ')' | '\\'))
        .collect();
    let content = format!("BT /F1 24 Tf 72 720 Td ({line}) Tj ET");
    let objects = [
        format!("<< /Type /Catalog /Pages 2 0 R{catalog} >>"),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!(
            "<< /Length {} >>\nstream\n{content}\nendstream",
            content.len()
        ),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = "%PDF-1.4\n".to_owned();
    let mut offsets = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        offsets.push(file.len());
        let _ = write!(file, "{number} 0 obj\n{object}\nendobj\n");
    }
    let table = file.len();
    let count = objects.len() + 1;
    let _ = write!(file, "xref\n0 {count}\n0000000000 65535 f \n");
    for offset in offsets {
        let _ = writeln!(file, "{offset:010} 00000 n ");
    }
    let _ = write!(
        file,
        "trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n"
    );
    file.into_bytes()
}

/// Bytes that neither compress nor repeat. The same seed gives the same bytes.
pub fn noise(length: usize, seed: u64) -> Vec<u8> {
    // xorshift64* is fast, and random enough for this purpose.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        bytes.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// The SHA-256 hash of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_determined_by_its_seed() {
        assert_eq!(noise(1001, 7), noise(1001, 7));
        assert_ne!(noise(1001, 7), noise(1001, 8));
        assert_eq!(noise(1001, 7).len(), 1001);
    }

    #[test]
    fn the_picture_is_a_png() {
        let file = picture(64, 48).unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(file))
            .read_info()
            .unwrap();
        assert_eq!((reader.info().width, reader.info().height), (64, 48));
    }
}
