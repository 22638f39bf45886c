import type { entrance as pattern } from '../en/entrance';

/** Antes del panel: configuración, entrada, recuperación. */
export const entrance: typeof pattern = {
  titles: { login: 'Entrar', setup: 'Elija las contraseñas', recover: 'Recuperar el control' },
  about: {
    login: 'El panel de este café es para su dueño y su personal.',
    setup:
      'Dos contraseñas protegen esta instalación: la suya abre los ajustes, la del personal solo cambia el modo privado.',
    recover:
      'La bóveda de esta instalación fue borrada, sustituida o dañada, o este es otro equipo. El código de recuperación la abre de nuevo; con él se eligen contraseñas nuevas.',
  },
  password: 'Contraseña de administrador',
  admin: 'Contraseña de administrador, la suya',
  again: 'Contraseña de administrador otra vez',
  privacy: 'Contraseña de privacidad, para el personal',
  code: 'Código que muestra el programa (vacío si abrió su enlace)',
  recovery: 'Código de recuperación',
  atLeast: 'Al menos 8 caracteres.',
  different: 'Las dos contraseñas de administrador no son iguales.',
  busy: 'Un momento',
  write: {
    title: 'Anote este código de recuperación',
    text: 'Se muestra una sola vez. Guárdelo lejos de este equipo: es el único camino de vuelta si se pierden las contraseñas o se cambia el equipo.',
    done: 'Ya está anotado',
  },
};
