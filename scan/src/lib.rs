//! Reads QR codes (ISO/IEC 18004) in pictures.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

use fluence::names::Link;
use rqrr::PreparedImage;
use web::picture::{self, Pixels};
use web_sys::Blob;

/// The longer side to which a picture is scaled down before it is searched, in pixels: the first one suits most pictures, and
/// a code that fills a noisy photograph is found in the smaller one.
const EDGES: [u32; 2] = [1600, 640];
/// The most codes of a picture that are read.
const MAX_CODES: usize = 16;

/// What is in the codes of a picture: of the first size in which there are any. Each is on a line of its own, which begins with
/// `+` if it is a link to a file, or else with `-`.
pub async fn read(picture: &Blob) -> String {
    let size = picture::size(picture).await;
    if size.is_none_or(|pixels| pixels > picture::MAX_PIXELS) {
        return String::new();
    }
    for edge in EDGES {
        // What the browser cannot decode has no codes.
        let Ok(pixels) = picture::pixels(picture, edge).await else {
            break;
        };
        let found = codes(&pixels);
        if !found.is_empty() {
            let lines = found.iter().map(|text| marked(text));
            return lines.collect::<Vec<_>>().join("\n");
        }
    }
    String::new()
}

/// The text of a code on one line, with its mark.
fn marked(text: &str) -> String {
    let mark = if text.parse::<Link>().is_ok() {
        '+'
    } else {
        '-'
    };
    let line: String = text.chars().filter(|c| !c.is_control()).collect();
    format!("{mark}{line}")
}

/// The texts of the codes among these pixels: dark ones on a light ground, or else light ones on a dark ground.
fn codes(pixels: &Pixels) -> Vec<String> {
    let found = dark_codes(pixels, |light| light);
    match found.is_empty() {
        true => dark_codes(pixels, |light| 255 - light),
        false => found,
    }
}

fn dark_codes(pixels: &Pixels, seen: fn(u8) -> u8) -> Vec<String> {
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    let light = |x: usize, y: usize| seen(pixels.light(x, y));
    let mut prepared = PreparedImage::prepare_from_greyscale(width, height, light);
    let grids = prepared.detect_grids();
    let read = grids.iter().filter_map(|grid| grid.decode().ok());
    read.map(|(_, text)| text).take(MAX_CODES).collect()
}

#[cfg(test)]
mod tests {
    use qrcodegen::{QrCode, QrCodeEcc};

    use super::*;

    const LINK: &str = "fluence:bafkreieo6ix5epckmn5tz4nm2ypmttrruiggs5zp4ultavq6krnkht6vju";

    /// A photograph of a code: turned by so many degrees, with noise, and somewhere on a grey table.
    fn photograph(text: &str, degrees: f64, noise: u32, inverted: bool) -> Pixels {
        const SIDE: u32 = 700;
        const MODULE: f64 = 9.0;
        let code = QrCode::encode_binary(text.as_bytes(), QrCodeEcc::Low).unwrap();
        let size = f64::from(code.size());
        let (sine, cosine) = degrees.to_radians().sin_cos();
        let mut random = 1_u32;
        let mut rgba = Vec::new();
        for y in 0..SIDE {
            for x in 0..SIDE {
                let (x, y) = (f64::from(x) - 360.0, f64::from(y) - 340.0);
                let across = (x * cosine + y * sine) / MODULE + size / 2.0;
                let down = (y * cosine - x * sine) / MODULE + size / 2.0;
                let on_paper = |at: f64| (-4.0..size + 4.0).contains(&at);
                let paper = on_paper(across) && on_paper(down);
                let dark = code.get_module(across.floor() as i32, down.floor() as i32);
                let light: u32 = match (paper, dark != inverted) {
                    (false, _) => 150,
                    (true, false) => 225,
                    (true, true) => 40,
                };
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let light = (light + (random >> 16) % (2 * noise + 1)).saturating_sub(noise);
                let light = light.min(255) as u8;
                rgba.extend([light, light, light, 255]);
            }
        }
        Pixels {
            width: SIDE,
            height: SIDE,
            rgba,
        }
    }

    #[test]
    fn a_code_is_read_however_it_is_held() {
        for (degrees, noise) in [(0.0, 0), (10.0, 30), (-35.0, 20), (90.0, 30), (190.0, 30)] {
            for inverted in [false, true] {
                let photograph = photograph(LINK, degrees, noise, inverted);
                assert_eq!(codes(&photograph), [LINK], "{degrees}° {inverted}");
            }
        }
    }

    #[test]
    fn a_picture_without_a_code_has_none() {
        let mut empty = photograph(LINK, 0.0, 30, false);
        empty.rgba.fill(255);
        assert_eq!(codes(&empty), [""; 0]);
        let nothing = Pixels {
            width: 1,
            height: 1,
            rgba: vec![0; 4],
        };
        assert_eq!(codes(&nothing), [""; 0]);
    }

    #[test]
    fn what_cannot_be_seen_through_is_dark_and_the_rest_is_paper() {
        let mut stencil = photograph(LINK, 10.0, 0, false);
        for pixel in stencil.rgba.chunks_exact_mut(4) {
            let hole = pixel[0] > 100;
            pixel.copy_from_slice(&[0, 0, 0, if hole { 0 } else { 255 }]);
        }
        assert_eq!(codes(&stencil), [LINK]);
    }

    #[test]
    fn links_to_files_are_marked() {
        let cid = LINK.strip_prefix("fluence:").unwrap();
        for link in [
            LINK,
            cid,
            &format!("web+{LINK}"),
            &format!("ipfs://{cid}/a.jpg"),
            &format!("https://node.example/#{cid}&name=a.jpg"),
            &format!("https://gateway.example/ipfs/{cid}"),
        ] {
            assert_eq!(marked(link), format!("+{link}"));
        }
        for other in ["https://node.example/", "WIFI:S:a;;", "a\nb"] {
            assert_eq!(marked(other), format!("-{}", other.replace('\n', "")));
        }
    }
}
