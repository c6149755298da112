//! Which column is what, by what stands above it: the headings that practice management systems write, in English and
//! Spanish.

use std::collections::BTreeMap;

use limpet_wire::http::ImportField;

use super::refused::REASON;
use crate::failure::{Answer, Problem};

/// Headings without blanks, accents and signs.
const NAMES: &[(ImportField, &str)] = &[
    (
        ImportField::ClientNumber,
        "clientnumber clientno clientid clientcode clientref ownernumber ownerid ownerno ownercode \
         accountnumber accountno accountid account acct acctno patientaccountid contactcode contactid \
         customerid customernumber externalclientid numerodecliente numerocliente ncliente idcliente \
         codigocliente codigodecliente clientpmsid",
    ),
    (
        ImportField::ClientName,
        "clientname client owner ownername petowner clientfullname ownerfullname fullname customername \
         customer contactname accountname responsibleparty nombrecliente nombredelcliente cliente propietario \
         nombredelpropietario nombrepropietario dueno titular",
    ),
    (
        ImportField::ClientFirstName,
        "firstname clientfirstname ownerfirstname clientfirst ownerfirst givenname forename contactfirstname \
         nombredepila",
    ),
    (
        ImportField::ClientLastName,
        "lastname clientlastname ownerlastname clientlast ownerlast surname familyname contactlastname \
         apellido apellidos primerapellido segundoapellido",
    ),
    (
        ImportField::ClientEmail,
        "email emailaddress mail clientemail owneremail contactemail primaryemail correo correoelectronico \
         emailcliente",
    ),
    (
        ImportField::ClientPhone,
        "phone phonenumber telephone tel mobile mobilephone cell cellphone homephone workphone clientphone \
         ownerphone primaryphone contactphone phone1 phone2 telefono telefonomovil movil celular telefonofijo \
         telefono1 telefono2",
    ),
    (
        ImportField::ClientAddress,
        "address address1 address2 addressline1 addressline2 street streetaddress city town suburb state \
         province county zip zipcode postcode postalcode country clientaddress owneraddress postaladdress \
         direccion domicilio calle ciudad poblacion localidad provincia codigopostal cp pais",
    ),
    (
        ImportField::PatientNumber,
        "patientnumber patientno patientid patientcode animalid animalnumber animalcode petid petnumber \
         systemid chartnumber externalpatientid numerodepaciente numeropaciente idpaciente codigopaciente \
         npaciente idanimal codigoanimal nhistoria numerodehistoria patientpmsid",
    ),
    (
        ImportField::PatientName,
        "patientname patient animalname animal petname pet nombrepaciente nombredelpaciente paciente \
         nombreanimal nombredelanimal mascota nombremascota nombredelamascota",
    ),
    (ImportField::Species, "species patientspecies animalspecies petspecies animaltype pettype especie"),
    (ImportField::Breed, "breed patientbreed animalbreed petbreed raza"),
    (ImportField::Sex, "sex gender patientsex patientgender animalsex petsex petgender sexo"),
    (
        ImportField::Neutered,
        "neutered desexed spayed spayedneutered neuteredspayed castrated altered fixed esterilizado \
         esterilizada castrado castrada",
    ),
    (
        ImportField::Born,
        "birthdate dateofbirth dob birthday born patientdob patientbirthdate animaldob petdob \
         fechadenacimiento fechanacimiento nacimiento nacido",
    ),
    (ImportField::Colour, "colour color coat coatcolor coatcolour markings patientcolor capa pelaje"),
    (ImportField::Weight, "weight weightkg patientweight lastweight currentweight bodyweight peso pesokg"),
    (ImportField::WeightPounds, "weightlb weightlbs weightpounds"),
    (
        ImportField::Alert,
        "alert alerts patientalert warning warnings allergies allergy alerta alertas alergias",
    ),
];

/// A field as it is written.
fn word_of(field: ImportField) -> String {
    serde_json::to_value(field).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Every field as it is written, with commas.
pub fn fields() -> String {
    NAMES.iter().map(|(field, _)| word_of(*field)).collect::<Vec<_>>().join(", ")
}

/// The field that is written so.
pub(super) fn field(word: &str) -> Answer<ImportField> {
    let found = NAMES.iter().map(|(field, _)| *field).find(|field| word_of(*field) == word);
    found.ok_or_else(|| {
        let word: String = word.chars().take(60).collect();
        Problem::invalid(format!("There is no field {word}. The fields are {}.", fields()))
    })
}

/// A heading, or what stands in a cell, without blanks, accents and signs, and in small letters. Letters of other scripts
/// are left out.
pub(super) fn bare(text: &str) -> String {
    let plain = |letter: char| match letter {
        'á' | 'à' | 'ä' | 'â' | 'ã' => 'a',
        'é' | 'è' | 'ë' | 'ê' => 'e',
        'í' | 'ì' | 'ï' | 'î' => 'i',
        'ó' | 'ò' | 'ö' | 'ô' | 'õ' => 'o',
        'ú' | 'ù' | 'ü' | 'û' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        other => other,
    };
    text.to_lowercase().chars().map(plain).filter(char::is_ascii_alphanumeric).collect()
}

fn named(bare: &str) -> Option<ImportField> {
    NAMES.iter().find(|(_, names)| names.split(' ').any(|name| name == bare)).map(|(field, _)| *field)
}

/// Whether a heading is one of those.
pub(super) fn is_known(heading: &str) -> bool {
    let bare = bare(heading);
    named(&bare).is_some() || ["name", "nombre"].contains(&bare.as_str())
}

/// What each column is taken for.
pub(super) fn recognise(
    headings: &[String],
    said: &BTreeMap<String, Option<ImportField>>,
) -> Answer<Vec<Option<ImportField>>> {
    if let Some(missing) = said.keys().find(|heading| !headings.contains(heading)) {
        let missing: String = missing.chars().take(60).collect();
        return Err(Problem::invalid(format!("The file has no column with the heading {missing}.")));
    }
    let mut columns: Vec<Option<ImportField>> = headings
        .iter()
        .map(|heading| match said.get(heading) {
            Some(field) => *field,
            None if heading == REASON => None,
            None => named(&bare(heading)),
        })
        .collect();
    // "Name" alone is whoever has no other name here.
    for (at, heading) in headings.iter().enumerate() {
        if said.contains_key(heading) || !["name", "nombre"].contains(&bare(heading).as_str()) {
            continue;
        }
        let has = |field| columns.contains(&Some(field));
        let field = if has(ImportField::ClientLastName) && !has(ImportField::ClientFirstName) {
            ImportField::ClientFirstName
        } else if (has(ImportField::ClientName) || has(ImportField::ClientLastName))
            && !has(ImportField::PatientName)
        {
            ImportField::PatientName
        } else if has(ImportField::ClientName) || has(ImportField::ClientLastName) {
            continue;
        } else {
            ImportField::ClientName
        };
        if let Some(column) = columns.get_mut(at) {
            *column = Some(field);
        }
    }
    let has = |fields: &[ImportField]| fields.iter().any(|field| columns.contains(&Some(*field)));
    if !has(&[
        ImportField::ClientNumber,
        ImportField::ClientName,
        ImportField::ClientFirstName,
        ImportField::ClientLastName,
        ImportField::PatientNumber,
        ImportField::PatientName,
    ]) {
        return Err(Problem::invalid(
            "No column is known that says of whom a row speaks. The first row has to hold headings, such as Client number, \
             Client name and Patient name; or say which column is which.",
        ));
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(headings: &[&str]) -> Vec<Option<ImportField>> {
        let headings: Vec<String> = headings.iter().map(|&heading| heading.to_owned()).collect();
        recognise(&headings, &BTreeMap::new()).unwrap()
    }

    #[test]
    fn headings_of_the_field_are_known() {
        assert_eq!(
            recognised(&[
                "Client ID",
                "Owner Name",
                "E-mail",
                "Mobile",
                "Pet name",
                "D.O.B.",
                "Microchip",
                "Weight (lb)"
            ]),
            [
                Some(ImportField::ClientNumber),
                Some(ImportField::ClientName),
                Some(ImportField::ClientEmail),
                Some(ImportField::ClientPhone),
                Some(ImportField::PatientName),
                Some(ImportField::Born),
                None,
                Some(ImportField::WeightPounds)
            ]
        );
        assert_eq!(
            recognised(&["Nº cliente", "Nombre", "Apellidos", "Teléfono móvil", "Fecha de nacimiento"]),
            [
                Some(ImportField::ClientNumber),
                Some(ImportField::ClientFirstName),
                Some(ImportField::ClientLastName),
                Some(ImportField::ClientPhone),
                Some(ImportField::Born)
            ]
        );
        assert_eq!(
            recognised(&["Name", "Phone"]),
            [Some(ImportField::ClientName), Some(ImportField::ClientPhone)]
        );
        assert_eq!(
            recognised(&["Client", "Name"]),
            [Some(ImportField::ClientName), Some(ImportField::PatientName)]
        );
        assert_eq!(
            recognised(&["Client", "Patient", "Name"]),
            [Some(ImportField::ClientName), Some(ImportField::PatientName), None]
        );
    }

    #[test]
    fn what_is_said_counts_and_a_file_about_nobody_is_refused() {
        let headings = ["Halter".to_owned(), "Tel".to_owned()];
        let said = |field| BTreeMap::from([("Halter".to_owned(), field)]);
        assert_eq!(
            recognise(&headings, &said(Some(ImportField::ClientName))).unwrap(),
            [Some(ImportField::ClientName), Some(ImportField::ClientPhone)]
        );
        assert!(recognise(&headings, &said(None)).is_err());
        assert!(recognise(&headings, &BTreeMap::from([("Other".to_owned(), None)])).is_err());
    }

    #[test]
    fn every_field_has_headings() {
        // A refused word names every field that serde knows.
        let known = serde_json::from_str::<ImportField>("\"shoe\"").unwrap_err().to_string();
        let known: Vec<&str> = known.split('`').skip(3).step_by(2).collect();
        assert_eq!(fields().split(", ").collect::<Vec<_>>(), known);
        assert_eq!(field("born").unwrap(), ImportField::Born);
    }

    #[test]
    fn no_heading_means_two_things() {
        let mut all: Vec<&str> = NAMES.iter().flat_map(|(_, names)| names.split(' ')).collect();
        assert!(all.iter().all(|name| bare(name) == *name));
        let many = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), many);
    }
}
