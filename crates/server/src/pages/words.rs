//! What pages say, in English and Spanish, and which of the two a reader wants.

use axum::http::{HeaderMap, header};

/// A language that pages speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English, also for everybody who reads neither.
    English,
    /// Spanish.
    Spanish,
}

/// Everything a page says.
pub struct Words {
    pub clip: &'static str,
    pub photo: &'static str,
    pub still: &'static str,
    pub document: &'static str,
    pub filmed: &'static str,
    pub arrived: &'static str,
    pub file: &'static str,
    pub length: &'static str,
    pub size: &'static str,
    pub download: &'static str,
    pub no_player: &'static str,
    pub on_its_way: &'static str,
    pub refused: &'static str,
    pub document_below: &'static str,
    pub private: &'static str,
    pub gone_title: &'static str,
    pub gone: &'static str,
    pub sorry_title: &'static str,
    pub lost_title: &'static str,
    pub lost: &'static str,
    pub start: &'static str,
    pub months: [&'static str; 12],
}

const ENGLISH: Words = Words {
    clip: "Clip",
    photo: "Photo",
    still: "Still",
    document: "Document",
    filmed: "Filmed on",
    arrived: "Received on",
    file: "File",
    length: "Length",
    size: "Size",
    download: "Download the original",
    no_player: "This browser cannot play the clip. Download the original below.",
    on_its_way: "The clip has arrived and is being prepared. This page shows it in a moment, by itself.",
    refused: "The file is kept as it was sent, but it cannot be shown.",
    document_below: "This is a document. Download it to read it.",
    private: "This link is private. Whoever has it can open it; every opening is written down.",
    gone_title: "This link does not open",
    gone: "It may have been closed, or a character was lost on the way. Open it again from the transcript, or ask \
           the practice for it.",
    sorry_title: "This cannot be shown right now",
    lost_title: "There is nothing here",
    lost: "A part of the link may have been lost on the way, or the address was mistyped. Open the whole link again, or \
           ask whoever sent it for another one.",
    start: "Where to go from here",
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
};

const SPANISH: Words = Words {
    clip: "Vídeo",
    photo: "Foto",
    still: "Imagen",
    document: "Documento",
    filmed: "Grabado el",
    arrived: "Recibido el",
    file: "Archivo",
    length: "Duración",
    size: "Tamaño",
    download: "Descargar el original",
    no_player: "Este navegador no puede reproducir el vídeo. Descargue el original más abajo.",
    on_its_way: "El vídeo ha llegado y se está preparando. Esta página lo mostrará sola en un momento.",
    refused: "El archivo se conserva tal como se envió, pero no se puede mostrar.",
    document_below: "Es un documento. Descárguelo para leerlo.",
    private: "Este enlace es privado. Quien lo tenga puede abrirlo; cada apertura queda anotada.",
    gone_title: "Este enlace no se abre",
    gone: "Puede que se haya cerrado o que se haya perdido un carácter por el camino. Ábralo de nuevo desde la \
           transcripción o pídalo a la clínica.",
    sorry_title: "Ahora mismo no se puede mostrar",
    lost_title: "Aquí no hay nada",
    lost: "Puede que se haya perdido una parte del enlace por el camino o que la dirección esté mal escrita. Abra de nuevo \
           el enlace completo o pida otro a quien se lo envió.",
    start: "Adónde ir desde aquí",
    months: [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ],
};

impl Language {
    /// What a browser asks for.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut best = (0.0, Self::English);
        for (weight, tag) in asked(headers) {
            let language = match tag.split('-').next().unwrap_or_default().to_lowercase().as_str() {
                "en" => Self::English,
                "es" => Self::Spanish,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// The tag that a reader asks for first, whether or not pages speak it; `en` for one who asks for nothing.
    pub fn wanted(headers: &HeaderMap) -> String {
        let mut best = (0.0, "en");
        for (weight, tag) in asked(headers) {
            let is_tag =
                (2..=35).contains(&tag.len()) && tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
            if is_tag && weight > best.0 {
                best = (weight, tag);
            }
        }
        best.1.to_owned()
    }

    /// Of a tag such as `es-MX`; English for every language there are no words for.
    pub fn of_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("es") { Self::Spanish } else { Self::English }
    }

    /// Its tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// Its words.
    pub fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::Spanish => &SPANISH,
        }
    }

    /// A date and time of day.
    pub fn date(self, day: i8, month: &str, year: i16, time: &str) -> String {
        match self {
            Self::English => format!("{day} {month} {year}, {time}"),
            Self::Spanish => format!("{day} de {month} de {year}, {time}"),
        }
    }
}

/// What a reader asks for: how much, and which tag.
fn asked(headers: &HeaderMap) -> impl Iterator<Item = (f32, &str)> {
    let asked =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    asked.split(',').map(|entry| {
        let (tag, weight) = entry.split_once(';').unwrap_or((entry, "q=1"));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.trim().parse().ok()).unwrap_or(0.0);
        (weight, tag.trim())
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn takes_the_language_that_is_wanted_most() {
        let cases = [
            ("es-MX,es;q=0.9,en;q=0.8", Language::Spanish),
            ("en-US,en;q=0.9,es;q=0.8", Language::English),
            ("de,es;q=0.5", Language::Spanish),
            ("de", Language::English),
            ("en;q=0.2, es;q=0.7", Language::Spanish),
            ("", Language::English),
        ];
        for (asked, language) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(asked));
            assert_eq!(Language::of(&headers), language, "{asked}");
        }
    }
}
