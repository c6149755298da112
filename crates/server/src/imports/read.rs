//! Bytes into rows: which letters, which separator, which cells.
//!
//! **Invariant:** any bytes are read without a panic, into rows or into a sentence.

use csv::{ReaderBuilder, StringRecord};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use limpet_wire::{
    Code,
    http::{IMPORT_LIMIT, IMPORT_ROWS},
};

use super::{columns, refused::undo};
use crate::failure::{Answer, Problem};

/// Most columns.
const COLUMNS: usize = 200;
/// Most cells: each takes memory of its own.
const CELLS: usize = 2_000_000;
/// Characters of a cell. A longer one is a quotation mark that was not closed.
const CELL: usize = 10_000;
/// Bytes that are looked at for the way letters are written.
const GLANCE: usize = 4096;

/// A row.
pub(super) struct Row {
    /// Which, as a spreadsheet counts.
    pub number: u32,
    /// Its cells, without blanks around them: one for each heading and, where that is its trouble, more.
    pub cells: Vec<String>,
    /// Why it cannot be read.
    pub trouble: Option<String>,
}

/// A file.
pub(super) struct Sheet {
    pub encoding: &'static str,
    pub separator: char,
    pub headings: Vec<String>,
    pub rows: Vec<Row>,
}

/// Reads a file.
pub(super) fn read(bytes: &[u8]) -> Answer<Sheet> {
    if bytes.len() > IMPORT_LIMIT {
        let megabytes = IMPORT_LIMIT / (1024 * 1024);
        let words = format!("The file is larger than {megabytes} MB. Split it in two.");
        return Err(Problem::new(Code::TooLarge, words));
    }
    let (encoding, mut text) = decode(bytes);
    // So that every row ends with one, and blank ones can be counted.
    text.push('\n');
    let (separator, text) = match told_separator(&text) {
        Some((separator, rest)) => (separator, rest),
        None => (separator_of(&text), text.as_str()),
    };
    let mut reader = reader(text, separator);
    let (mut number, mut headings, mut rows, mut seen) = (0_u32, None, Vec::new(), 0_usize);
    loop {
        let mut record = StringRecord::new();
        let began = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(_) => return Err(Problem::invalid("This file cannot be read as CSV.")),
        }
        let within: usize = record.iter().map(|cell| cell.matches('\n').count()).sum();
        let lines = usize::try_from(reader.position().line() - began).unwrap_or_default();
        let blank = lines.saturating_sub(within + 1);
        number = number.saturating_add(1).saturating_add(u32::try_from(blank).unwrap_or(u32::MAX));
        if record.len() > COLUMNS {
            return Err(Problem::invalid(format!("Row {number} has more than {COLUMNS} columns.")));
        }
        seen += record.len();
        if seen > CELLS {
            let words =
                "The file has too many cells. Leave out the columns that are not needed, or split it in two.";
            return Err(Problem::new(Code::TooLarge, words));
        }
        let cells: Vec<String> = record.iter().map(|cell| undo(cell.trim()).to_owned()).collect();
        if cells.iter().all(String::is_empty) {
            continue;
        }
        match &headings {
            None => {
                // What stands under nothing is no column: a row that reaches there is not right.
                let named = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
                headings = Some(cells.into_iter().take(named).collect::<Vec<_>>());
            }
            Some(headings) => {
                if rows.len() == IMPORT_ROWS {
                    let words = format!("The file has more than {IMPORT_ROWS} rows. Split it in two.");
                    return Err(Problem::new(Code::TooLarge, words));
                }
                rows.push(row(number, cells, headings.len()));
            }
        }
    }
    let Some(headings) = headings else {
        return Err(Problem::invalid(
            "The file is empty. Its first row has to hold the headings of the columns.",
        ));
    };
    Ok(Sheet { encoding, separator, headings, rows })
}

fn row(number: u32, mut cells: Vec<String>, columns: usize) -> Row {
    let trouble = if cells.iter().any(|cell| cell.len() > CELL) {
        Some("A cell is very long: a quotation mark in it or before it is not closed.".to_owned())
    } else if cells.iter().skip(columns).any(|cell| !cell.is_empty()) {
        Some(
            "The row has more cells than there are headings: a quotation mark or a separator is not right."
                .to_owned(),
        )
    } else {
        None
    };
    let filled = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
    cells.resize(columns.max(filled), String::new());
    if trouble.is_some() {
        for cell in cells.iter_mut().filter(|cell| cell.len() > CELL) {
            *cell = cell.chars().take(GLANCE).collect();
        }
    }
    Row { number, cells, trouble }
}

fn reader(text: &str, separator: char) -> csv::Reader<&[u8]> {
    let separator = u8::try_from(separator).unwrap_or(b',');
    ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(text.as_bytes())
}

/// As the byte order mark says; else as the bytes look: UTF-16 when every other one is zero, UTF-8 when they are that, and
/// else what Windows writes in the west.
fn decode(bytes: &[u8]) -> (&'static str, String) {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, bytes.get(length..).unwrap_or_default()),
        None => (look_of(bytes), bytes),
    };
    (encoding.name(), encoding.decode_without_bom_handling(bytes).0.into_owned())
}

fn look_of(bytes: &[u8]) -> &'static Encoding {
    let zeros =
        |from: usize| bytes.iter().take(GLANCE).skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let most = bytes.len().min(GLANCE) / 4;
    if most > 0 && zeros(1) > most {
        UTF_16LE
    } else if most > 0 && zeros(0) > most {
        UTF_16BE
    } else if std::str::from_utf8(bytes).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    }
}

/// The line `sep=;` that some programs write first.
fn told_separator(text: &str) -> Option<(char, &str)> {
    let (line, rest) = text.split_once('\n')?;
    let mut told = line.trim_end().trim_matches('"').strip_prefix("sep=")?.chars();
    match (told.next(), told.next()) {
        (Some(separator), None) if separator.is_ascii() && separator != '"' => Some((separator, rest)),
        _ => None,
    }
}

/// The one with which most headings are known, and then the one that makes most cells.
fn separator_of(text: &str) -> char {
    let score = |separator: char| {
        let mut record = StringRecord::new();
        let _ = reader(text, separator).read_record(&mut record);
        let known = record.iter().filter(|heading| columns::is_known(heading)).count();
        (known, record.len())
    };
    let mut best = (',', score(','));
    for separator in [';', '\t'] {
        let score = score(separator);
        if score > best.1 {
            best = (separator, score);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(sheet: &Sheet) -> Vec<(u32, Vec<&str>)> {
        sheet.rows.iter().map(|row| (row.number, row.cells.iter().map(String::as_str).collect())).collect()
    }

    #[test]
    fn the_same_rows_come_out_of_every_way_to_write_them() {
        let text = "Client Name;Phone;Address\r\nNuñez, José;555;\"1 Mill Lane\nLower End\"\r\n\r\nMüller;;\"a \"\"b\"\"\"\r\n";
        let utf16 = |big: bool| {
            let units =
                text.encode_utf16().map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
            units.flatten().collect::<Vec<u8>>()
        };
        let windows = WINDOWS_1252.encode(text).0.into_owned();
        let files = [
            ("UTF-8", text.as_bytes().to_vec()),
            ("UTF-8", [b"\xEF\xBB\xBF", text.as_bytes()].concat()),
            ("UTF-16LE", [&b"\xFF\xFE"[..], &utf16(false)].concat()),
            ("UTF-16BE", [&b"\xFE\xFF"[..], &utf16(true)].concat()),
            ("UTF-16LE", utf16(false)),
            ("UTF-16BE", utf16(true)),
            ("windows-1252", windows),
        ];
        for (encoding, bytes) in files {
            let sheet = read(&bytes).unwrap();
            assert_eq!((sheet.encoding, sheet.separator), (encoding, ';'));
            assert_eq!(
                cells(&sheet),
                [
                    (2, vec!["Nuñez, José", "555", "1 Mill Lane\nLower End"]),
                    (4, vec!["Müller", "", "a \"b\""])
                ],
                "{encoding}"
            );
        }
        for (separator, heading) in [(',', ""), ('\t', ""), ('|', "sep=|\n")] {
            let written = format!("{heading}Name{separator}Phone\nA{separator}1\n");
            let sheet = read(written.as_bytes()).unwrap();
            assert_eq!(sheet.separator, separator);
            assert_eq!(cells(&sheet), [(2, vec!["A", "1"])]);
        }
    }

    #[test]
    fn a_row_that_cannot_be_right_says_so() {
        let sheet = read(b"Name,Phone\nA,1,\nB,2,3\nC\n\"D,4\nE,5\n").unwrap();
        let troubles: Vec<bool> = sheet.rows.iter().map(|row| row.trouble.is_some()).collect();
        assert_eq!(troubles, [false, true, false, false]);
        assert_eq!(sheet.rows[1].cells, ["B", "2", "3"], "nothing of it is lost");
        let beneath = read(b"Name,Phone,\nB,2,3\n").unwrap();
        assert!(beneath.rows[0].trouble.is_some(), "it stands under nothing");
        let long = format!("Name,Phone\n\"A,1\n{}", "B,2\n".repeat(5000));
        assert!(read(long.as_bytes()).unwrap().rows[0].trouble.is_some());
        for empty in ["", "\n\n", " , \n", "\u{feff}"] {
            assert!(read(empty.as_bytes()).is_err());
        }
        let wide = format!("Name\n{}", ",".repeat(COLUMNS));
        assert!(read(wide.as_bytes()).is_err(), "more columns than anybody has");
        let many = format!("Name\n{}", "x\n".repeat(IMPORT_ROWS + 1));
        assert!(read(many.as_bytes()).is_err_and(|problem| problem.failure().code == Code::TooLarge));
    }

    /// Marks, separators and quotation marks with any bytes in between: bytes alone hardly ever hit them.
    fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
        let marks: Vec<&[u8]> = vec![b"", b"\xEF\xBB\xBF", b"\xFF\xFE", b"\xFE\xFF", b"sep=;\n"];
        let signs: Vec<&[u8]> =
            vec![b"\"", b"\r\n", b"\n", b";", b",", b"\t", b"\0", b"sep=", b"Name", "ñ".as_bytes()];
        let piece = prop_oneof![
            proptest::sample::select(signs).prop_map(<[u8]>::to_vec),
            proptest::collection::vec(any::<u8>(), 0..20),
        ];
        let mark = proptest::sample::select(marks).prop_map(<[u8]>::to_vec);
        (mark, proptest::collection::vec(piece, 0..30))
            .prop_map(|(mark, pieces)| [mark, pieces.concat()].concat())
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in any_bytes()) {
            let _ = read(&bytes).map(|sheet| sheet.rows.len());
        }

        #[test]
        fn any_cells_come_back(rows in proptest::collection::vec(
            proptest::collection::vec("[ -~\n\"';,\t=+@áñ€-]{0,12}", 3), 1..8,
        )) {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["Client name", "Phone", "Address"]).unwrap();
            for row in &rows {
                writer.write_record(row.iter().map(|cell| crate::imports::refused::defuse(cell.trim()).into_owned())).unwrap();
            }
            let sheet = read(&writer.into_inner().unwrap()).unwrap();
            let filled = rows.iter().map(|row| row.iter().map(|cell| cell.trim()).collect::<Vec<_>>());
            let filled: Vec<_> = filled.filter(|row| row.iter().any(|cell| !cell.is_empty())).collect();
            let found: Vec<Vec<&str>> = cells(&sheet).into_iter().map(|(_, cells)| cells).collect();
            prop_assert_eq!(found, filled);
        }
    }
}
