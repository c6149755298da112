//! What every page carries: which conversation, which version, which page, and from the second page on whose.

use crate::{
    layout::{BOTTOM, Layout, SMALL, TOP, text_mark},
    sheet::{Ink, Mark, Sheet},
};

/// Adds header and footer to all sheets.
pub(crate) fn header_and_footer(layout: &Layout<'_>, sheets: &mut [Sheet]) {
    let (input, words, width) = (layout.input, layout.words, layout.width());
    let count = sheets.len();
    let whose = format!("{} · {} · {}", input.patient.name, input.client.name, input.practice.name);
    let which = format!(
        "{} {} · {} {}, {} {}",
        words.conversation(),
        input.conversation.id,
        words.version(),
        input.version,
        words.made(),
        layout.when.full(input.generated_at)
    );
    let hair = Ink::Grey(0.6);
    for (index, sheet) in sheets.iter_mut().enumerate() {
        let page =
            layout.one_line(SMALL, 90.0, &format!("{} {} {} {count}", words.page(), index + 1, words.of()));
        if index > 0 {
            sheet.marks.push(text_mark(0.0, 28.0 - TOP, layout.one_line(SMALL, width, &whose)));
            sheet.marks.push(Mark::Block { x: 0.0, y: 40.0 - TOP, width, height: 0.5, ink: hair });
        }
        let foot = layout.height() + BOTTOM - 42.0;
        sheet.marks.push(Mark::Block { x: 0.0, y: foot, width, height: 0.5, ink: hair });
        let room = width - page.width - 12.0;
        sheet.marks.push(text_mark(0.0, foot + 4.0, layout.one_line(SMALL, room, &which)));
        sheet.marks.push(text_mark(width - page.width, foot + 4.0, page));
    }
}
