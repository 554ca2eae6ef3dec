//! QR codes (ISO/IEC 18004), as paths that an SVG draws.

use qrcodegen::{QrCode, QrCodeEcc};

/// The white border around a code, in modules, without which it cannot be read.
const QUIET: i32 = 4;

/// A QR code as a picture of black modules on white.
#[derive(Debug, PartialEq, Eq)]
pub struct Picture {
    /// The side of the picture with its white border, in modules.
    pub side: i32,
    /// The black modules, as the path of an SVG whose unit is a module.
    pub path: String,
}

/// Draws the code of a text; `None` if the text is longer than a code can be (2953 bytes).
pub fn picture(text: &str) -> Option<Picture> {
    // The lowest level of correction gives the largest modules, and a screen has no scratches. The library chooses a higher
    // one by itself where that costs no size.
    let code = QrCode::encode_binary(text.as_bytes(), QrCodeEcc::Low).ok()?;
    let size = code.size();
    let mut path = String::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let from = x;
            while code.get_module(x, y) {
                x += 1;
            }
            if x > from {
                let (across, down, run) = (from + QUIET, y + QUIET, x - from);
                path.push_str(&format!("M{across} {down}h{run}v1h-{run}z"));
            }
            x += 1;
        }
    }
    Some(Picture {
        side: size + 2 * QUIET,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_marks_and_its_white_border() {
        let link = "fluence:bafkreieo6ix5epckmn5tz4nm2ypmttrruiggs5zp4ultavq6krnkht6vju";
        let picture = picture(link).unwrap();
        // A code for up to 78 bytes has 33 modules at each side.
        assert_eq!(picture.side, 33 + 8);
        // Three of its corners have squares whose sides are 7 modules long.
        assert!(picture.path.starts_with("M4 4h7v1h-7z"), "{}", picture.path);
        for corner in ["M30 4h7v1h-7z", "M4 30h7v1h-7z", "M4 36h7v1h-7z"] {
            assert!(picture.path.contains(corner), "{corner}");
        }
        assert_eq!(super::picture(&"x".repeat(2954)), None);
        assert!(super::picture(&"x".repeat(2953)).is_some());
    }
}
