import { words } from "@limpet/shared/i18n";

export const signIn = words(
  {
    heading: "Sign in to your practice",
    server: "Server",
    serverHint: "The address your practice was given, for example chat.yourpractice.com",
    email: "Email",
    password: "Password",
    submit: "Sign in",
    busy: "Signing in…",
  },
  {
    heading: "Entrar en su clínica",
    server: "Servidor",
    serverHint: "La dirección que recibió su clínica, por ejemplo chat.suclinica.es",
    email: "Correo electrónico",
    password: "Contraseña",
    submit: "Entrar",
    busy: "Entrando…",
  },
);
