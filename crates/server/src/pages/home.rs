//! The page at the server's own address, for whoever typed or guessed it.
//!
//! **Invariant:** it says whose way leads where, and nothing of what runs here: no version, no practice.

use super::{Language, document, escape};

struct Words {
    lead: &'static str,
    clients: &'static str,
    clients_do: &'static str,
    staff: &'static str,
    staff_do: &'static str,
    staff_ask: &'static str,
    forgot: &'static str,
    forgot_ask: &'static str,
}

const ENGLISH: Words = Words {
    lead: "Veterinary practices and their clients write to each other here, and send clips.",
    clients: "Clients",
    clients_do: "Open the link that your practice sent you: it leads to your conversation. If you cannot find it, call the \
                 practice for another one.",
    staff: "Staff of a practice",
    staff_do: "You work in the Limpet app on your computer. Its sign-in asks for the server; this is it:",
    staff_ask: "Your administrator invites you by a link, and says where to get the app.",
    forgot: "Forgotten your password?",
    forgot_ask: "Ask your administrator, or whoever runs this server, for a link.",
};

const SPANISH: Words = Words {
    lead: "Aquí se escriben las clínicas veterinarias y sus clientes, y se envían vídeos.",
    clients: "Clientes",
    clients_do: "Abra el enlace que le envió su clínica: lleva a su conversación. Si no lo encuentra, llame a la clínica y \
                 pida otro.",
    staff: "Personal de una clínica",
    staff_do: "Usted trabaja con la aplicación Limpet en su ordenador. Al entrar le pide el servidor; es este:",
    staff_ask: "Su administrador le invita con un enlace y le dice dónde obtener la aplicación.",
    forgot: "¿Ha olvidado su contraseña?",
    forgot_ask: "Pida un enlace a su administrador o a quien gestiona este servidor.",
};

/// The page of the server at this address. Where no mail is sent it says whom to ask for another password.
pub fn home(language: Language, server: &str, sends_mail: bool) -> String {
    let words = match language {
        Language::English => &ENGLISH,
        Language::Spanish => &SPANISH,
    };
    let forgot = if sends_mail {
        format!("<a class=\"button quiet\" href=\"/reset\">{}</a>", words.forgot)
    } else {
        format!("{} {}", words.forgot, words.forgot_ask)
    };
    let body = format!(
        "<main class=\"form\"><h1>Limpet</h1>\n<p>{}</p>\n<h2>{}</h2>\n<p>{}</p>\n<h2>{}</h2>\n<p>{}</p>\n\
         <p class=\"letters\"><code>{}</code></p>\n<p>{}</p>\n\
         <p>{forgot}</p>\n</main>\n",
        words.lead,
        words.clients,
        words.clients_do,
        words.staff,
        words.staff_do,
        escape(server),
        words.staff_ask,
    );
    document(language, "Limpet", "", &body)
}
