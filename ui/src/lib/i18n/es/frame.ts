import type { frame as pattern } from '../en/frame';

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

export const frame: typeof pattern = {
  pages: {
    live: 'En vivo',
    seats: 'Puestos',
    log: 'Registro',
    notices: 'Avisos',
    settings: 'Ajustes',
    access: 'Acceso',
    about: 'Acerca de',
  },
  more: 'Más',
  navigation: 'Páginas',
  toContent: 'Ir al contenido',
  demo: 'DEMO',
  demoHint: 'Datos inventados: no se vigila ninguna red',
  lost: 'Sin conexión con CafeSentinel.',
  lostSince: (age) => `Esto es lo último que dijo, hace ${age}.`,
  lostHelp: 'Se sigue intentando automáticamente.',
  faults: 'Fallos de este programa',
  unsaved: 'sin guardar',

  theme: { label: 'Aspecto', system: 'Como el sistema', dark: 'Oscuro', light: 'Claro' },
  language: { label: 'Idioma', auto: 'Como el navegador' },

  cancel: 'Cancelar',
  close: 'Cerrar',
  save: 'Guardar',
  again: 'Reintentar',
  reload: 'Volver a cargar',
  remove: 'Quitar',
  undo: 'Deshacer',
  copy: 'Copiar',
  copied: 'Copiado',
  notCopied: 'El navegador no lo permite. Seleccione el texto y cópielo a mano.',
  loading: 'Cargando',
  none: 'ninguno',
  yes: 'sí',
  no: 'no',
  on: 'activado',
  off: 'desactivado',
  of: (a, b) => `${a} de ${b}`,
  showMore: 'Mostrar más',
  search: 'Buscar',
  menu: 'Menú',

  unavailable: {
    title: 'Esta versión aún no lo tiene.',
    text: 'El programa en marcha es anterior a esta página y no lo ofrece. Todo lo demás funciona; tras una actualización aparecerá aquí sin más.',
  },
  locked: {
    title: 'Se necesita una contraseña.',
    text: 'Inicie sesión con la contraseña de administrador para ver esto.',
    button: 'Iniciar sesión',
  },
  failed: {
    title: 'No ha funcionado.',
    unreachable: 'CafeSentinel no responde en este momento. No se ha cambiado nada.',
    refused: (message) => `Respuesta: ${message}`,
  },
  login: {
    title: 'Iniciar sesión',
    help: 'La contraseña de administrador que se eligió en la instalación.',
    password: 'Contraseña de administrador',
    button: 'Iniciar sesión',
    wrong: 'Esa contraseña no es correcta.',
    wait: 'Demasiadas contraseñas erróneas desde este dispositivo. Espere un minuto e inténtelo de nuevo.',
  },

  minutes: (n) => count(n, 'minuto', 'minutos'),
  weekdays: ['Lunes', 'Martes', 'Miércoles', 'Jueves', 'Viernes', 'Sábado', 'Domingo'],
};
