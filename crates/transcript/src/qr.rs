//! QR codes, for the way from paper to the clip.

use qrcode::{Color, EcLevel, QrCode};

/// The dark parts of a QR code: `(column, row, length)` of horizontal bars, in modules from the top left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Modules {
    /// Modules along a side, without the quiet zone.
    pub(crate) side: usize,
    pub(crate) bars: Vec<(usize, usize, usize)>,
}

/// The code of an address; `None` when it is too long for one.
pub(crate) fn modules(address: &str) -> Option<Modules> {
    let code = QrCode::with_error_correction_level(address, EcLevel::M).ok()?;
    let side = code.width();
    let mut bars = Vec::new();
    for (row, colors) in code.to_colors().chunks(side).enumerate() {
        let mut column = 0;
        for run in colors.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                bars.push((column, row, run.len()));
            }
            column += run.len();
        }
    }
    Some(Modules { side, bars })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_cover_exactly_the_dark_modules() {
        let address = "https://clinic.example/m/0a1b2c3d";
        let code = QrCode::with_error_correction_level(address, EcLevel::M).unwrap();
        let modules = modules(address).unwrap();
        let dark = code.to_colors().iter().filter(|color| **color == Color::Dark).count();
        assert_eq!(modules.bars.iter().map(|(_, _, length)| length).sum::<usize>(), dark);
        assert_eq!(modules.side, code.width());
        assert!(modules.bars.contains(&(0, 0, 7)), "the finder pattern begins with seven dark modules");
        assert!(super::modules(&"x".repeat(4000)).is_none());
    }
}
