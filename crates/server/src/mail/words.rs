//! What mails say, in English and Spanish.

use crate::{pages::Language, store::account_links::LinkFor};

/// What a mail is about.
pub struct Letter<'a> {
    /// To whom.
    pub name: &'a str,
    /// From which practice.
    pub practice: &'a str,
    /// What opens.
    pub link: &'a str,
    /// The server's address, which the sign-in asks for.
    pub server: &'a str,
    /// The address that they sign in with.
    pub email: &'a str,
    /// What the link is for.
    pub kind: LinkFor,
}

/// Subject and text.
pub fn write(language: Language, letter: &Letter<'_>) -> (String, String) {
    let Letter { name, practice, link, server, email, kind } = letter;
    match (language, kind) {
        (Language::English, LinkFor::Invitation) => (
            format!("Your account at {practice}"),
            format!(
                "Hello {name},\n\n{practice} has made you an account in Limpet. Open this link to set your password:\n\n\
                 {link}\n\nIt opens once, within seven days. Then sign in with the Limpet app on your computer. It asks for \
                 your e-mail address, {email}, and for the server:\n\n{server}\n\nIf you did not expect this mail, leave it alone: nothing \
                 happens.\n"
            ),
        ),
        (Language::Spanish, LinkFor::Invitation) => (
            format!("Su cuenta en {practice}"),
            format!(
                "Hola, {name}:\n\n{practice} le ha creado una cuenta en Limpet. Abra este enlace para elegir su \
                 contraseña:\n\n{link}\n\nSe abre una sola vez, en un plazo de siete días. Después entre con la \
                 aplicación Limpet en su ordenador. Le pide su correo electrónico, {email}, y el \
                 servidor:\n\n{server}\n\nSi no esperaba este correo, \
                 no haga nada: no pasará nada.\n"
            ),
        ),
        (Language::English, LinkFor::Reset | LinkFor::SecondStep) => (
            "Another password for Limpet".to_owned(),
            format!(
                "Hello {name},\n\nsomebody, probably you, asked for another password for your account at {practice}. \
                 Open this link to set it:\n\n{link}\n\nIt opens once, within an hour, and signs you out everywhere. If \
                 it was not you, leave this mail alone: your password stays as it is.\n"
            ),
        ),
        (Language::Spanish, LinkFor::Reset | LinkFor::SecondStep) => (
            "Otra contraseña para Limpet".to_owned(),
            format!(
                "Hola, {name}:\n\nalguien, probablemente usted, ha pedido otra contraseña para su cuenta en {practice}. \
                 Abra este enlace para elegirla:\n\n{link}\n\nSe abre una sola vez, en el plazo de una hora, y cierra \
                 todas sus sesiones. Si no ha sido usted, no haga nada: su contraseña sigue siendo la misma.\n"
            ),
        ),
    }
}
