//! The rows that were refused, as a file that a person opens in a spreadsheet, mends and sends again.
//!
//! **Invariant:** no cell of it is a formula to a spreadsheet, whatever the file held; and what was done to a cell for that
//! is undone when it is read.

use std::borrow::Cow;

use limpet_wire::http::ImportRow;

use super::read::Sheet;

/// What stands above the reasons. It is no field.
pub(super) const REASON: &str = "Why Limpet did not take this row";

/// Cells that begin so are formulas to spreadsheets (OWASP, "CSV injection").
const STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// As a spreadsheet takes for text.
pub(super) fn defuse(cell: &str) -> Cow<'_, str> {
    // Also one that looks as if it had been: so that it comes back as it was.
    if cell.trim_start_matches('\'').starts_with(STARTS) {
        return Cow::Owned(format!("'{cell}"));
    }
    Cow::Borrowed(cell)
}

/// As it was before.
pub(super) fn undo(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(STARTS) => rest,
        _ => cell,
    }
}

/// The refused rows with their reasons below the headings, in UTF-8 with the mark that spreadsheets know it by.
pub(super) fn csv(sheet: &Sheet, rows: &[ImportRow]) -> String {
    let refused = sheet.rows.iter().zip(rows).filter(|(_, row)| row.refused.is_some());
    // Sent again, it has its reasons already.
    let kept: Vec<usize> = (0..sheet.headings.len())
        .filter(|at| sheet.headings.get(*at).is_some_and(|it| it != REASON))
        .collect();
    let defused = |cell: &String| defuse(cell).into_owned();
    let pick = |cells: &[String]| -> Vec<String> {
        kept.iter().map(|at| cells.get(*at).map(defused).unwrap_or_default()).collect()
    };
    let separator = u8::try_from(sheet.separator).unwrap_or(b',');
    let mut writer = csv::WriterBuilder::new()
        .delimiter(separator)
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer("\u{feff}".as_bytes().to_vec());
    let mut write = |mut cells: Vec<String>, reason: &str, surplus: &[String]| {
        cells.push(reason.to_owned());
        cells.extend(surplus.iter().map(defused));
        // Into memory: it takes whatever comes.
        let _ = writer.write_record(cells);
    };
    write(pick(&sheet.headings), REASON, &[]);
    for (row, told) in refused {
        // What stands under no heading comes last: it is not lost, and not taken for something else.
        let surplus = row.cells.get(sheet.headings.len()..).unwrap_or_default();
        write(pick(&row.cells), told.refused.as_deref().unwrap_or_default(), surplus);
    }
    let written = writer.into_inner().unwrap_or_default();
    String::from_utf8(written).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_formula_to_a_spreadsheet_is_text_there_and_comes_back() {
        for cell in
            ["=1+1", "+34 600", "-2", "@SUM(A1)", "\tx", "'=x", "''=x", "'", "'tis", "O'Neill", "", "555"]
        {
            let defused = defuse(cell);
            assert!(!defused.starts_with(STARTS), "{cell}");
            assert_eq!(undo(&defused), cell);
        }
    }
}
