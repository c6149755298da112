//! Every word on the paper that no person wrote, in English and Spanish.

use limpet_model::{AttachmentKind, Role, Sex};
use limpet_wire::desk::Delivery;

use crate::Language;

/// The words of one language.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words(pub(crate) Language);

macro_rules! words {
    ($($name:ident: $english:literal, $spanish:literal;)*) => {
        impl Words {
            $(pub(crate) fn $name(self) -> &'static str {
                match self.0 { Language::English => $english, Language::Spanish => $spanish }
            })*
        }
    };
}

words! {
    title: "Conversation transcript", "Transcripción de la conversación";
    version: "Version", "Versión";
    client: "Client", "Cliente";
    patient: "Patient", "Paciente";
    opened: "Opened", "Inicio";
    ended: "Ended", "Fin";
    still_open: "Not ended: still open when this was made", "Sin finalizar: abierta al emitir este documento";
    ended_by: "by", "por";
    staff: "Staff", "Personal";
    conversation: "Conversation", "Conversación";
    times: "Times", "Horas";
    alert: "Alert", "Alerta";
    record: "Record", "Historia";
    reason: "Reason", "Motivo";
    summary: "Summary", "Resumen";
    plan: "Plan", "Plan";
    no_summary: "No summary was written.", "No se escribió ningún resumen.";
    no_plan: "No plan was written.", "No se escribió ningún plan.";
    stills: "Stills", "Imágenes capturadas";
    of: "of", "de";
    stills_more: "the others are with their messages", "las demás están junto a sus mensajes";
    first_clip: "First clip", "Primer video";
    point_camera: "Point a phone at the code to watch it.", "Apunte con un teléfono al código para verlo.";
    missing: "Missing when this was made", "Lo que faltaba al emitir este documento";
    page: "Page", "Página";
    made: "made", "emitida";
    with_notes: "With internal notes of the staff.\nNot for the client.",
        "Con notas internas del personal.\nNo entregar al cliente.";
    without_notes: "Without internal notes of the staff.", "Sin notas internas del personal.";
    note: "Internal note, not seen by the client", "Nota interna, no visible para el cliente";
    end: "End of the transcript", "Fin de la transcripción";
    edited: "edited", "editado";
    deleted: "This message was taken back by its author or the practice.", "El autor o la clínica retiró este mensaje.";
    no_messages: "No messages.", "Sin mensajes.";
    received: "received", "recibido";
    born: "born", "nacimiento";
    year: "year", "año";
    years: "years", "años";
    month: "month", "mes";
    months: "months", "meses";
    week: "week", "semana";
    weeks: "weeks", "semanas";
    age_unknown: "age not recorded", "edad no registrada";
    filmed: "Taken", "Captado";
    not_known: "not known", "no se conoce";
    arrived: "Arrived", "Recibido";
    not_arrived: "not completely arrived when this was made", "no había llegado completo al emitir este documento";
    size: "Size", "Tamaño";
    bytes: "bytes", "bytes";
    pixels: "pixels", "píxeles";
    frames: "frames", "fotogramas";
    with_sound: "with sound", "con sonido";
    without_sound: "without sound", "sin sonido";
    watch: "Watch", "Ver";
    open_link: "Open", "Abrir";
    no_link: "no link yet", "aún sin enlace";
    clip_before: "from", "de";
    at: "at", "en";
    frame: "frame", "fotograma";
    a_clip: "a clip", "un video";
    no_picture: "No picture at hand", "Sin imagen disponible";
    being_looked_at: "arrived and still being processed when this was made",
        "recibido y aún en proceso al emitir este documento";
    not_readable: "kept, but could not be read", "conservado, pero no se pudo leer";
    sent_on: "sent", "enviado";
    message_unsent: "A message had not reached the server", "Un mensaje no había llegado al servidor";
    message_refused: "A message was refused by the server", "El servidor rechazó un mensaje";
    zone_unknown: "The practice's time zone is not known to this program. All times are UTC.",
        "Este programa no conoce la zona horaria de la clínica. Todas las horas son UTC.";
    uncaptioned: "no label", "sin rótulo";
    unknown_author: "Unknown", "Desconocido";
}

impl Words {
    pub(crate) fn role(self, role: Role) -> &'static str {
        let (english, spanish) = match role {
            Role::Admin => ("Administrator", "Administración"),
            Role::Veterinarian => ("Veterinarian", "Veterinaria"),
            Role::Technician => ("Technician", "Auxiliar"),
            Role::FrontDesk => ("Front desk", "Recepción"),
        };
        self.either(english, spanish)
    }

    pub(crate) fn sex(self, sex: Sex) -> &'static str {
        let (english, spanish) = match sex {
            Sex::Unknown => ("Sex not recorded", "Sexo no registrado"),
            Sex::Female => ("Female, entire", "Hembra entera"),
            Sex::FemaleNeutered => ("Female, neutered", "Hembra esterilizada"),
            Sex::Male => ("Male, entire", "Macho entero"),
            Sex::MaleNeutered => ("Male, castrated", "Macho castrado"),
        };
        self.either(english, spanish)
    }

    pub(crate) fn kind(self, kind: AttachmentKind) -> &'static str {
        let (english, spanish) = match kind {
            AttachmentKind::Clip => ("Clip", "Video"),
            AttachmentKind::Photo => ("Photo", "Foto"),
            AttachmentKind::Still => ("Still", "Imagen capturada"),
            AttachmentKind::Document => ("Document", "Documento"),
        };
        self.either(english, spanish)
    }

    pub(crate) fn delivery(self, delivery: &Delivery) -> &'static str {
        let (english, spanish) = match delivery {
            Delivery::Queued => ("not sent yet", "aún sin enviar"),
            Delivery::Sending => ("being sent", "enviándose"),
            Delivery::Sent => ("sent", "enviado"),
            Delivery::Delivered => ("delivered", "entregado"),
            Delivery::Read => ("read", "leído"),
            Delivery::Refused { .. } => ("refused", "rechazado"),
        };
        self.either(english, spanish)
    }

    /// Short name of a month, from 1.
    pub(crate) fn month_name(self, month: i8) -> &'static str {
        let (english, spanish) = match month {
            1 => ("Jan", "ene"),
            2 => ("Feb", "feb"),
            3 => ("Mar", "mar"),
            4 => ("Apr", "abr"),
            5 => ("May", "may"),
            6 => ("Jun", "jun"),
            7 => ("Jul", "jul"),
            8 => ("Aug", "ago"),
            9 => ("Sep", "sep"),
            10 => ("Oct", "oct"),
            11 => ("Nov", "nov"),
            _ => ("Dec", "dic"),
        };
        self.either(english, spanish)
    }

    /// A number with one decimal.
    pub(crate) fn decimal(self, number: f64) -> String {
        let text = format!("{number:.1}");
        match self.0 {
            Language::English => text,
            Language::Spanish => text.replace('.', ","),
        }
    }

    /// A whole number, in groups of three.
    pub(crate) fn whole(self, number: i64) -> String {
        let digits = number.unsigned_abs().to_string();
        let mut grouped = if number < 0 { String::from("-") } else { String::new() };
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(if self.0 == Language::English { ',' } else { '.' });
            }
            grouped.push(digit);
        }
        grouped
    }

    /// `12.4 MB (12,412,310 bytes)`.
    pub(crate) fn file_size(self, bytes: i64) -> String {
        let exact = format!("{} {}", self.whole(bytes), self.bytes());
        match bytes {
            ..1_000 => exact,
            1_000..1_000_000 => format!("{} kB ({exact})", self.decimal(bytes as f64 / 1e3)),
            _ => format!("{} MB ({exact})", self.decimal(bytes as f64 / 1e6)),
        }
    }

    fn either(self, english: &'static str, spanish: &'static str) -> &'static str {
        match self.0 {
            Language::English => english,
            Language::Spanish => spanish,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_language_does() {
        let (english, spanish) = (Words(Language::English), Words(Language::Spanish));
        assert_eq!(english.file_size(12_412_310), "12.4 MB (12,412,310 bytes)");
        assert_eq!(spanish.file_size(12_412_310), "12,4 MB (12.412.310 bytes)");
        assert_eq!(english.file_size(999), "999 bytes");
        assert_eq!(english.whole(-1000), "-1,000");
    }
}
