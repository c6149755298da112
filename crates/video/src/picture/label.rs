//! Words under a picture.
//!
//! **Invariant:** every word of every line is on the strip. A line too long for one row wraps between words, a
//! word too long for a row between letters; a glyph the font does not have is drawn as its box.

use ab_glyph::{Font, FontRef, PxScale, ScaleFont};

use super::Picture;

const FONT: &[u8] = include_bytes!("../../../../assets/fonts/AtkinsonHyperlegibleNext-Regular.ttf");
const WHITE: u8 = 255;

/// The picture with a white strip under it.
pub fn under(picture: &Picture, lines: &[String]) -> Picture {
    let Ok(font) = FontRef::try_from_slice(FONT) else { return picture.clone() };
    if lines.iter().all(|line| line.trim().is_empty()) || picture.width == 0 {
        return picture.clone();
    }
    let size = text_size(picture.width);
    let scaled = font.as_scaled(PxScale::from(size));
    let margin = size * 0.6;
    let room = (picture.width as f32 - 2.0 * margin).max(1.0);
    let rows: Vec<String> = lines.iter().flat_map(|line| wrap(&scaled, line, room)).collect();
    let row_height = scaled.height() * 1.2;
    let strip = pixels(2.0 * margin + row_height * rows.len() as f32);

    let width = picture.width as usize;
    let mut rgb = picture.rgb.clone();
    let top = rgb.len();
    rgb.resize(top + width * 3 * strip, WHITE);
    let below = rgb.get_mut(top..).unwrap_or_default();
    for (number, row) in rows.iter().enumerate() {
        let baseline = margin + row_height * number as f32 + scaled.ascent() + row_height * 0.05;
        draw(&font, size, row, margin, baseline, below, width);
    }
    let height = picture.height + u32::try_from(strip).unwrap_or(0);
    Picture { width: picture.width, height, rgb }
}

/// Row height of the letters: about 80 letters a row, readable on a phone and in print.
fn text_size(width: u32) -> f32 {
    (width as f32 / 40.0).clamp(12.0, 96.0)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first; sizes of text")]
fn pixels(length: f32) -> usize {
    length.ceil().clamp(0.0, 1e6) as usize
}

fn wrap<F: Font>(font: &impl ScaleFont<F>, line: &str, room: f32) -> Vec<String> {
    let mut rows = Vec::new();
    let mut row = String::new();
    for word in line.split_whitespace() {
        let longer = if row.is_empty() { word.to_owned() } else { format!("{row} {word}") };
        if length(font, &longer) <= room {
            row = longer;
            continue;
        }
        if !row.is_empty() {
            rows.push(std::mem::take(&mut row));
        }
        for letter in word.chars() {
            row.push(letter);
            if length(font, &row) > room && row.chars().count() > 1 {
                row.pop();
                rows.push(std::mem::replace(&mut row, letter.to_string()));
            }
        }
    }
    rows.push(row);
    rows
}

fn length<F: Font>(font: &impl ScaleFont<F>, text: &str) -> f32 {
    let mut sum = 0.0;
    let mut before = None;
    for letter in text.chars() {
        let glyph = font.glyph_id(letter);
        sum += before.map_or(0.0, |before| font.kern(before, glyph)) + font.h_advance(glyph);
        before = Some(glyph);
    }
    sum
}

fn draw(font: &FontRef<'_>, size: f32, text: &str, left: f32, baseline: f32, rgb: &mut [u8], width: usize) {
    let scaled = font.as_scaled(PxScale::from(size));
    let mut x = left;
    let mut before = None;
    for letter in text.chars() {
        let id = scaled.glyph_id(letter);
        x += before.map_or(0.0, |before| scaled.kern(before, id));
        let glyph = id.with_scale_and_position(size, ab_glyph::point(x, baseline));
        if let Some(outline) = font.outline_glyph(glyph) {
            let (at_x, at_y) = (outline.px_bounds().min.x, outline.px_bounds().min.y);
            outline.draw(|dx, dy, ink| {
                let (px, py) = (pixels(at_x + dx as f32), pixels(at_y + dy as f32));
                if px < width
                    && let Some(pixel) =
                        rgb.get_mut((py * width + px) * 3..).and_then(|rest| rest.get_mut(..3))
                {
                    let ink = 1.0 - ink.clamp(0.0, 1.0);
                    for value in pixel {
                        *value = shade(*value, ink);
                    }
                }
            });
        }
        x += scaled.h_advance(id);
        before = Some(id);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
fn shade(value: u8, by: f32) -> u8 {
    (f32::from(value) * by).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: u32, height: u32) -> Picture {
        Picture { width, height, rgb: vec![128; (width * height * 3) as usize] }
    }

    fn ink(picture: &Picture, from_row: u32) -> usize {
        picture.rgb[(from_row * picture.width * 3) as usize..].iter().filter(|v| **v < 100).count()
    }

    #[test]
    fn the_picture_stays_and_the_words_stand_under_it() {
        let before = grey(640, 360);
        let after =
            before.labelled(&["Oakfield Veterinary · Luna (Ana Díaz)".into(), "22 Nov 2026, 17:04".into()]);
        assert_eq!(after.width, 640);
        assert_eq!(after.rgb.len(), (after.width * after.height * 3) as usize);
        assert_eq!(after.rgb[..before.rgb.len()], before.rgb[..]);
        assert!(ink(&after, 360) > 500, "{}", ink(&after, 360));
        assert_eq!(before.labelled(&[]), before);
    }

    #[test]
    fn long_lines_wrap_and_nothing_is_cut() {
        let font = FontRef::try_from_slice(FONT).unwrap();
        let scaled = font.as_scaled(PxScale::from(20.0));
        let line =
            "Practice of the Holy Trinity and All Saints, patient Maximilian-the-Third-of-Somewhere-Very-Far";
        let rows = wrap(&scaled, line, 150.0);
        assert!(rows.len() > 3);
        assert!(rows.iter().all(|row| length(&scaled, row) <= 150.0), "{rows:?}");
        let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        assert_eq!(letters(&rows.concat()), letters(line));
        let tiny = grey(40, 30).labelled(&[line.into()]);
        let wide = grey(1920, 1080).labelled(&[line.into()]);
        assert!(tiny.height > 200 && wide.height < 1300, "{} {}", tiny.height, wide.height);
    }

    #[test]
    fn words_are_larger_on_a_larger_picture() {
        let lines = ["Luna".to_owned()];
        let small = ink(&grey(320, 10).labelled(&lines), 10);
        let large = ink(&grey(1920, 10).labelled(&lines), 10);
        assert!(large > small * 6, "{small} {large}");
    }
}
