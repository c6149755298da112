//! What pages about an account say, in English and Spanish.

/// Everything they say.
pub(super) struct Words {
    pub new_password: &'static str,
    pub invited: &'static str,
    pub another: &'static str,
    pub password: &'static str,
    pub own_password: &'static str,
    pub again: &'static str,
    pub set: &'static str,
    pub password_set: &'static str,
    pub sign_in_now: &'static str,
    pub not_the_same: &'static str,
    pub weak: &'static str,
    pub gone_title: &'static str,
    pub gone: &'static str,
    pub forgot: &'static str,
    pub forgot_lead: &'static str,
    pub no_mail: &'static str,
    pub email: &'static str,
    pub send: &'static str,
    pub sent: &'static str,
    pub too_many: &'static str,
    pub step: &'static str,
    pub step_lead: &'static str,
    pub step_by_ticket: &'static str,
    pub step_on: &'static str,
    pub go_on: &'static str,
    pub wrong_sign_in: &'static str,
    pub scan: &'static str,
    pub open_app: &'static str,
    pub code: &'static str,
    pub wrong_code: &'static str,
    pub done: &'static str,
    pub keep_codes: &'static str,
}

pub(super) const ENGLISH: Words = Words {
    new_password: "Set your password",
    invited: "Welcome. Choose the password that you will sign in with.",
    another: "Choose another password. You will be signed out everywhere.",
    password: "New password",
    own_password: "Password",
    again: "The same once more",
    set: "Set the password",
    password_set: "Your password is set",
    sign_in_now: "You can sign in with it in Limpet now.",
    not_the_same: "The two are not the same. Type them again.",
    weak: "This password is too short, too long or easy to guess. Use a few unrelated words, ten characters or more, up to \
           a thousand.",
    gone_title: "This link does not open",
    gone: "It was used already, or its time is over. Ask for another one: for an invitation your administrator, for a \
           forgotten password the sign-in page.",
    forgot: "Forgotten password",
    forgot_lead: "Type the e-mail address you sign in with. If there is an account, a link to set another password is on \
                  its way to it.",
    no_mail: "This server sends no mail. Ask your administrator, or whoever runs this server, for a link.",
    email: "E-mail address",
    send: "Send the link",
    sent: "If there is an account with this address, a mail is on its way to it. The link in it opens for an hour.",
    too_many: "That was too often. Try again later.",
    step: "Codes at sign-in",
    step_lead: "Sign in, and set up an authenticator app on your phone. From then on its codes are asked for beside your \
                password.",
    step_by_ticket: "Set up an authenticator app on your phone. From then on its codes are asked for beside your password.",
    step_on: "Codes are asked for already when you sign in. If your phone is gone, use a recovery code, or ask your \
              administrator.",
    go_on: "Go on",
    wrong_sign_in: "The e-mail address or the password is not right. Check both and try again.",
    scan: "Scan this with your authenticator app, or type the letters into it. Then type the code that it shows.",
    open_app: "Open the app on this device",
    code: "Code",
    wrong_code: "The code is not right. Type the one that the app shows now.",
    done: "Codes are set up",
    keep_codes: "Keep these codes on paper. Each lets you in once, should your phone be gone. They are not shown again.",
};

pub(super) const SPANISH: Words = Words {
    new_password: "Elija su contraseña",
    invited: "Le damos la bienvenida. Elija la contraseña con la que va a entrar.",
    another: "Elija otra contraseña. Se cerrarán todas sus sesiones.",
    password: "Contraseña nueva",
    own_password: "Contraseña",
    again: "La misma otra vez",
    set: "Guardar la contraseña",
    password_set: "Su contraseña está guardada",
    sign_in_now: "Ya puede entrar con ella en Limpet.",
    not_the_same: "Las dos no son iguales. Escríbalas de nuevo.",
    weak: "Esta contraseña es demasiado corta, demasiado larga o fácil de adivinar. Use varias palabras sin relación, diez \
           caracteres o más, hasta mil.",
    gone_title: "Este enlace no se abre",
    gone: "Ya se usó o ha caducado. Pida otro: si era una invitación, a su administrador; si olvidó la contraseña, en la \
           página de entrada.",
    forgot: "Contraseña olvidada",
    forgot_lead: "Escriba el correo electrónico con el que entra. Si hay una cuenta, recibirá un enlace para elegir otra \
                  contraseña.",
    no_mail: "Este servidor no envía correo. Pida un enlace a su administrador o a quien gestiona este servidor.",
    email: "Correo electrónico",
    send: "Enviar el enlace",
    sent: "Si hay una cuenta con esta dirección, recibirá un correo. El enlace se abre durante una hora.",
    too_many: "Han sido demasiadas veces. Inténtelo más tarde.",
    step: "Códigos al entrar",
    step_lead: "Entre y configure una aplicación de autenticación en su teléfono. A partir de entonces se pedirán sus \
                códigos además de la contraseña.",
    step_by_ticket: "Configure una aplicación de autenticación en su teléfono. A partir de entonces se pedirán sus códigos \
                     además de la contraseña.",
    step_on: "Ya se le piden códigos al entrar. Si no tiene su teléfono, use un código de recuperación o pida ayuda a su \
              administrador.",
    go_on: "Continuar",
    wrong_sign_in: "El correo electrónico o la contraseña no son correctos. Compruébelos e inténtelo de nuevo.",
    scan: "Escanee esto con su aplicación de autenticación o escriba las letras en ella. Después escriba el código que \
           muestra.",
    open_app: "Abrir la aplicación en este dispositivo",
    code: "Código",
    wrong_code: "El código no es correcto. Escriba el que la aplicación muestra ahora.",
    done: "Los códigos están configurados",
    keep_codes: "Guarde estos códigos en papel. Cada uno le deja entrar una vez si no tiene su teléfono. No se mostrarán \
                 de nuevo.",
};
