//! Sizes in bytes, as people read them.

use crate::{table, units as say};

/// A size with two or more significant figures: `999 bytes`, `1.2 kB`, `734 MB`. It is rounded
/// down, so that a part never looks like the whole. The units are decimal (SI).
pub fn size(bytes: u64) -> String {
    const UNITS: [fn(&str) -> String; 6] = [
        say::kilobytes,
        say::megabytes,
        say::gigabytes,
        say::terabytes,
        say::petabytes,
        say::exabytes,
    ];
    if bytes < 1000 {
        return say::bytes(bytes);
    }
    // In tenths of the unit.
    let mut tenths = bytes / 100;
    let mut unit = 0;
    while tenths >= 10_000 {
        tenths /= 1000;
        unit += 1;
    }
    if tenths >= 100 {
        tenths -= tenths % 10;
    }
    UNITS[unit](&table::tenths(tenths))
}

/// A size in whole megabytes, rounded up, for places with little space.
pub fn megabytes(bytes: u64) -> String {
    say::megabytes(&table::tenths(bytes.div_ceil(1_000_000) * 10))
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_figures_and_never_round_up() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1 kB"),
            (1234, "1.2 kB"),
            (9_999, "9.9 kB"),
            (10_500, "10 kB"),
            (999_999, "999 kB"),
            (1_000_000, "1 MB"),
            (50_000_000, "50 MB"),
            (4 << 30, "4.2 GB"),
            (1 << 40, "1 TB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(size(bytes), text, "{bytes}");
        }
        assert_eq!(megabytes(1), "1 MB");
    }
}
