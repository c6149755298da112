//! A patient's sex as records write it: words and abbreviations in English, Spanish, German, French and Portuguese.
//!
//! **Invariant:** what could be read either way is refused, not guessed.

use limpet_model::Sex;

use super::columns::bare;

/// Words without accents, and what each says of sex and of neutering.
const WORDS: &[(&str, Says)] = &[
    ("m male macho masculino masculin mannlich maennlich rude ruede kater", MALE),
    ("f female hembra h femenino feminino feminin femelle femea w weiblich hundin huendin", FEMALE),
    ("n neutered desexed altered fixed kastriert k sterilisiert sterilised sterilized c s", NEUTERED),
    (
        "castrated castrado castre esterilizado sterilise gelding wallach",
        Says { leans: Some(true), ..NEUTERED },
    ),
    ("spayed spay castrada castree esterilizada sterilisee", Says { leans: Some(false), ..NEUTERED }),
    ("entire intact intakt entero entera entier entiere inteiro inteira unkastriert unneutered", ENTIRE),
    ("me mi", Says { neutered: Some(false), ..MALE }),
    ("fe fi", Says { neutered: Some(false), ..FEMALE }),
    ("no non not nicht nao", NOT),
];

/// What says that nobody knows.
const UNKNOWN: &str =
    "u unk unknown unspecified na nd desconocido desconocida unbekannt inconnu desconhecido";
const NOT_KNOWN: &str =
    "The sex is not one that is known. Write male, male neutered, female, female neutered or unknown.";
const NOT_SAID: &str = "The sex does not say whether male or female. Write male, male neutered, female, female neutered or unknown.";
const YES: &str = "y yes true 1 t x s si ja j oui o sim";
const NO: &str = "n no false 0 f unknown u nein non nao";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Says {
    /// Whether male.
    male: Option<bool>,
    /// Whether male, where nothing else says it.
    leans: Option<bool>,
    neutered: Option<bool>,
    /// The contrary of what it says of neutering.
    not: bool,
}

const NOTHING: Says = Says { male: None, leans: None, neutered: None, not: false };
const MALE: Says = Says { male: Some(true), ..NOTHING };
const FEMALE: Says = Says { male: Some(false), ..NOTHING };
const NEUTERED: Says = Says { neutered: Some(true), ..NOTHING };
const ENTIRE: Says = Says { neutered: Some(false), ..NOTHING };
const NOT: Says = Says { not: true, ..NOTHING };

/// Sex, and whether neutered where that is a cell of its own.
pub(super) fn sex(sex: &str, neutered: &str) -> Result<Option<Sex>, String> {
    let whole = bare(sex);
    let known = match whole.as_str() {
        _ if has_other_letters(sex) => return Err(NOT_KNOWN.into()),
        "" => None,
        _ if is_in(UNKNOWN, &whole) => Some(Sex::Unknown),
        _ => Some(read(sex, &whole)?),
    };
    Ok(match (known, is_neutered(neutered)?) {
        (Some(Sex::Male), true) => Some(Sex::MaleNeutered),
        (Some(Sex::Female), true) => Some(Sex::FemaleNeutered),
        (known, _) => known,
    })
}

fn is_neutered(cell: &str) -> Result<bool, String> {
    let whole = bare(cell);
    let said = match whole.as_str() {
        _ if has_other_letters(cell) => None,
        "" => Some(false),
        _ if is_in(NO, &whole) => Some(false),
        _ if is_in(YES, &whole) => Some(true),
        _ => says(cell, &whole).and_then(neutering),
    };
    said.ok_or_else(|| "Whether it is neutered cannot be read. Write yes or no.".into())
}

fn read(cell: &str, whole: &str) -> Result<Sex, String> {
    let said = says(cell, whole).filter(|said| !said.not || said.neutered.is_some()).ok_or(NOT_KNOWN)?;
    // Who is not castrated may be either.
    let male = said.male.or(said.leans.filter(|_| !said.not)).ok_or(NOT_SAID)?;
    Ok(match (male, neutering(said) == Some(true)) {
        (true, true) => Sex::MaleNeutered,
        (true, false) => Sex::Male,
        (false, true) => Sex::FemaleNeutered,
        (false, false) => Sex::Female,
    })
}

fn neutering(said: Says) -> Option<bool> {
    said.neutered.map(|neutered| neutered != said.not)
}

/// Whether there are letters that `bare` leaves out, as those of other scripts are: the cell is not as empty as it looks.
fn has_other_letters(cell: &str) -> bool {
    cell.chars().any(|letter| letter.is_alphanumeric() && bare(letter.encode_utf8(&mut [0; 4])).is_empty())
}

fn is_in(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word)
}

fn known(word: &str) -> Option<Says> {
    WORDS.iter().find(|(words, _)| is_in(words, word)).map(|(_, says)| *says)
}

/// What a cell says: as one word, as two that are written together, or as the words that it holds.
fn says(cell: &str, whole: &str) -> Option<Says> {
    word(whole).or_else(|| {
        let mut words = cell.split(|letter: char| !letter.is_alphanumeric()).map(bare);
        words.try_fold(
            NOTHING,
            |said, next| if next.is_empty() { Some(said) } else { both(said, word(&next)?) },
        )
    })
}

/// A word, or two that are written together: `m/n`, `FS`, `MaleNeutered`.
fn word(text: &str) -> Option<Says> {
    known(text).or_else(|| {
        // A cell's letters are ASCII by now.
        let mut splits = (1..text.len()).filter_map(|at| text.split_at_checked(at));
        splits.find_map(|(one, two)| both(known(one)?, known(two)?))
    })
}

/// Two words together; nothing when they contradict each other.
fn both(one: Says, two: Says) -> Option<Says> {
    let either = |one: Option<bool>, two: Option<bool>| match (one, two) {
        (Some(one), Some(two)) if one != two => None,
        _ => Some(one.or(two)),
    };
    let both = Says {
        male: either(one.male, two.male)?,
        leans: either(one.leans, two.leans)?,
        neutered: either(one.neutered, two.neutered)?,
        not: one.not || two.not,
    };
    either(both.male, both.leans)?;
    // "No, entire" answers a question, and "not entire" says the contrary.
    (!both.not || both.neutered != Some(false)).then_some(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sexes_as_records_of_five_languages_write_them() {
        for (cells, expected) in [
            ("m|Male|Macho|M.|mâle|männlich|Rüde|ME|male entire|Intact male|macho entero|MI", Sex::Male),
            ("F|female|H|hembra|weiblich|W|Hündin|Femelle|Fêmea|FE|hembra no esterilizada", Sex::Female),
            ("macho no castrado|male, not neutered|nicht kastriert, männlich|mâle non castré", Sex::Male),
            (
                "M/N|MN|m/c|CM|M castrado|Macho castrado|male (neutered)|MaleNeutered|neutered male|male-castrated|\
                 männlich kastriert|Rüde, kastriert|mk|mâle castré|macho esterilizado|castrado|Castrated|gelding",
                Sex::MaleNeutered,
            ),
            (
                "FS|F/S|f/n|SF|Female Spayed|spayed|hembra esterilizada|H esterilizada|HC|weiblich kastriert|\
                 weiblich, sterilisiert|WK|femelle stérilisée|fêmea castrada|esterilizada|Female - Desexed",
                Sex::FemaleNeutered,
            ),
            ("U|unknown|Desconocido|n/a|unbekannt", Sex::Unknown),
        ] {
            for cell in cells.split('|') {
                assert_eq!(sex(cell, ""), Ok(Some(expected)), "{cell}");
            }
        }
        assert_eq!(sex("", "yes"), Ok(None));
    }

    #[test]
    fn what_could_be_read_either_way_is_refused_with_what_would_do() {
        for cell in [
            "purple",
            "HE",
            "neutered",
            "n",
            "kastriert",
            "male female",
            "not male",
            "no castrado",
            "m purple",
            "male, no, entire",
            "no entero, macho",
            "M spayed",
            "hembra castrado",
            "самец",
            "Αρσενικό",
            "雄",
            "кастрированный male",
            "male кастрированный",
            "mж",
        ] {
            let why = sex(cell, "").unwrap_err();
            assert!(why.starts_with("The sex ") && why.contains("male neutered, female,"), "{cell}: {why}");
        }
    }

    #[test]
    fn neutering_may_be_a_cell_of_its_own() {
        for yes in ["Yes", "s", "sí", "ja", "oui", "Castrado", "esterilizada", "neutered", "TRUE"] {
            assert_eq!(sex("m", yes), Ok(Some(Sex::MaleNeutered)), "{yes}");
        }
        for no in ["", "no", "Nein", "não", "entero", "intact", "not neutered"] {
            assert_eq!(sex("hembra", no), Ok(Some(Sex::Female)), "{no}");
        }
        for unclear in
            ["perhaps", "No, intact", "No (entero)", "no - entire", "NoEntire", "да", "нет", "да neutered"]
        {
            let why = sex("m", unclear).unwrap_err();
            assert!(why.starts_with("Whether it is neutered"), "{unclear}: {why}");
        }
        for nothing in ["-", " ? ", "—"] {
            assert_eq!((sex(nothing, ""), sex("m", nothing)), (Ok(None), Ok(Some(Sex::Male))), "{nothing}");
        }
    }
}
