import { words } from "@limpet/shared/i18n";

export const signIn = words(
  {
    heading: "Sign in to your practice",
    server: "Server",
    serverHint: "The address your practice was given, for example chat.yourpractice.com",
    email: "Email",
    password: "Password",
    code: "Code",
    codeHint: "The code that your authenticator app shows, or a recovery code",
    codeWrong: "The code is not right, or was used already. Type the next one.",
    submit: "Sign in",
    busy: "Signing in…",
    forgot: "Forgotten your password?",
  },
  {
    heading: "Entrar en su clínica",
    server: "Servidor",
    serverHint: "La dirección que recibió su clínica, por ejemplo chat.suclinica.es",
    email: "Correo electrónico",
    password: "Contraseña",
    code: "Código",
    codeHint: "El código que muestra su aplicación de autenticación, o un código de recuperación",
    codeWrong: "El código no es correcto o ya se usó. Escriba el siguiente.",
    submit: "Entrar",
    busy: "Entrando…",
    forgot: "¿Ha olvidado su contraseña?",
  },
);
