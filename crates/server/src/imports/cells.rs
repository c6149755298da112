//! What stands in a cell, as records keep it: days, weights. What cannot be read is a sentence.

use limpet_wire::http::ImportDates;

/// Kilograms of a pound.
const POUND: f64 = 0.453_592_37;

/// The numbers of a day, and whether its year comes first or dots say that its day does.
fn parts(cell: &str) -> Option<([&str; 3], bool)> {
    // A spreadsheet writes midnight with it.
    let day = cell.split([' ', 'T']).next().unwrap_or_default();
    let mut numbers = day.split(['/', '-', '.']);
    let parts = [numbers.next()?, numbers.next()?, numbers.next()?];
    let digits = |part: &str| !part.is_empty() && part.chars().all(|digit| digit.is_ascii_digit());
    (numbers.next().is_none() && parts.iter().all(|part| digits(part))).then_some((parts, day.contains('.')))
}

/// How the days of a column are written, as far as they say it themselves.
pub(super) fn order_of<'a>(cells: impl Iterator<Item = &'a str>) -> Option<ImportDates> {
    let (mut day_first, mut month_first) = (false, false);
    for ([one, two, _], dots) in cells.filter_map(parts) {
        let number = |part: &str| part.parse::<u32>().unwrap_or_default();
        if one.len() <= 2 {
            day_first |= dots || number(one) > 12;
            month_first |= !dots && number(two) > 12;
        }
    }
    match (day_first, month_first) {
        (true, false) => Some(ImportDates::DayFirst),
        (false, true) => Some(ImportDates::MonthFirst),
        _ => None,
    }
}

/// A date of birth as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.
pub(super) fn born(cell: &str, order: Option<ImportDates>) -> Result<String, String> {
    const WORDS: &str = "The date of birth cannot be read. Write it like 2019, 2019-05 or 2019-05-31.";
    let digits = |text: &str| text.chars().all(|digit| digit.is_ascii_digit());
    let as_it_is = match cell.len() {
        0 => true,
        4 => digits(cell),
        7 => {
            cell.split_once('-').is_some_and(|(year, month)| year.len() == 4 && digits(year) && digits(month))
        }
        _ => false,
    };
    if as_it_is {
        return Ok(cell.to_owned());
    }
    let ([one, two, three], dots) = parts(cell).ok_or(WORDS)?;
    let (year, month, day) = if one.len() == 4 {
        (one, two, three)
    } else if three.len() != 4 {
        return Err("The year of the date of birth needs four digits.".into());
    } else {
        let number = |part: &str| part.parse::<u32>().unwrap_or_default();
        let order = match order {
            _ if dots || number(one) > 12 => ImportDates::DayFirst,
            _ if number(two) > 12 => ImportDates::MonthFirst,
            Some(order) => order,
            None if one == two => ImportDates::DayFirst,
            None => {
                return Err("The date of birth could be read either way. Say whether the day or the month comes first, or \
                            write it like 2019-05-31."
                    .into());
            }
        };
        match order {
            ImportDates::DayFirst => (three, two, one),
            ImportDates::MonthFirst => (three, one, two),
        }
    };
    if month.len() > 2 || day.len() > 2 {
        return Err(WORDS.into());
    }
    Ok(format!("{year}-{month:0>2}-{day:0>2}"))
}

/// A weight in kilograms, to the milligram.
pub(super) fn weight(cell: &str, in_pounds: bool) -> Result<Option<f64>, String> {
    const WORDS: &str = "The weight cannot be read. Write it like 12.4.";
    let cell = cell.trim().to_lowercase();
    if cell.is_empty() {
        return Ok(None);
    }
    let at = cell
        .find(|letter: char| !letter.is_ascii_digit() && !['.', ','].contains(&letter))
        .unwrap_or(cell.len());
    let (number, unit) = cell.split_at_checked(at).ok_or(WORDS)?;
    let factor = match unit.trim().trim_end_matches('.') {
        "" if in_pounds => POUND,
        "" | "kg" | "kgs" | "kilo" | "kilos" => 1.0,
        "lb" | "lbs" | "pounds" => POUND,
        "g" => 0.001,
        _ => return Err(WORDS.into()),
    };
    // One comma is a decimal comma; with both, or more of one, nobody knows.
    let number: f64 = number.replacen(',', ".", 1).parse().map_err(|_| WORDS)?;
    // Nothing weighs nothing: it is how some systems write that nobody weighed it.
    let kg = (number * factor * 1_000_000.0).round() / 1_000_000.0;
    Ok((kg > 0.0).then_some(kg))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_as_the_column_writes_them_and_never_guessed() {
        let column = ["03/04/2019", "", "31/12/2018"];
        assert_eq!(order_of(column.into_iter()), Some(ImportDates::DayFirst));
        assert_eq!(order_of(["03/04/2019"].into_iter()), None);
        assert_eq!(order_of(["13/04/2019", "04/13/2019"].into_iter()), None);
        let day = Some(ImportDates::DayFirst);
        for (cell, order, expected) in [
            ("", None, ""),
            ("2019", None, "2019"),
            ("2019-05", None, "2019-05"),
            ("2019-5-3", None, "2019-05-03"),
            ("2019-05-03 00:00:00", None, "2019-05-03"),
            ("2019-05-03T00:00", None, "2019-05-03"),
            ("3.5.2019", None, "2019-05-03"),
            ("03/05/2019", day, "2019-05-03"),
            ("3/5/2019", Some(ImportDates::MonthFirst), "2019-03-05"),
            ("5/5/2019", None, "2019-05-05"),
            ("12/31/2019", day, "2019-12-31"),
        ] {
            assert_eq!(born(cell, order).as_deref(), Ok(expected), "{cell}");
        }
        for bad in ["03/05/2019", "3/5/19", "spring", "2019-123-01", "1/2", "12345"] {
            assert!(born(bad, None).is_err(), "{bad}");
        }
    }

    #[test]
    fn weights() {
        for (cell, pounds, expected) in [
            ("12.4", false, Some(12.4)),
            ("12,4 kg", false, Some(12.4)),
            ("27.3 lb", false, Some(12.383_072)),
            ("27.3", true, Some(12.383_072)),
            ("350 g", false, Some(0.35)),
            ("0", false, None),
            ("", false, None),
        ] {
            assert_eq!(weight(cell, pounds), Ok(expected), "{cell}");
        }
        for bad in ["heavy", "1,234.5", "12 stone", "-3", "é"] {
            assert!(weight(bad, false).is_err(), "{bad}");
        }
    }
}
