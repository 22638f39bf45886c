import type { live as pattern } from '../en/live';

const THE = { router: 'el router', internet: 'internet', server: 'el servidor' };
const START = { router: 'El router', internet: 'Internet', server: 'El servidor' };
const OF = { router: 'del router', internet: 'de internet', server: 'del servidor' };
const plural = (n: number, one: string, many: string) => (n === 1 ? one : many);

export const live: typeof pattern = {
  connecting: 'Conectando.',
  waiting: 'Esperando a CafeSentinel.',
  targets: { router: 'Router', internet: 'Internet', server: 'Servidor' },
  states: { up: 'Funciona', suspect: 'Comprobando', down: 'Caído', unknown: 'Desconocido' },
  notWatched: 'Sin vigilar',
  noAddress: 'No tiene dirección asignada',
  causes: {
    ROUTER_DOWN: 'Router caído',
    SERVER_DOWN: 'Servidor caído',
    ISP_DOWN: 'Proveedor caído',
    LAN_DOWN: 'Red local caída',
  },

  since: (time, age) => `Desde ${time} (${age}).`,
  sinceShort: (time, age) => `Desde ${time} (${age})`,
  allWell: 'Todo va bien.',
  seatsOn: (on, total) => `${on} de ${total} PC ${plural(on, 'encendido', 'encendidos')}.`,
  allWellDetail: 'Todo lo vigilado responde.',
  starting: 'Primer vistazo.',
  startingDetail: 'Aún no hay veredicto; tarda unos segundos.',
  failedTimes: (n) => `Ha fallado ${n} veces en este tramo.`,
  routerDown: 'El router está caído.',
  routerDownDetail:
    'Ningún cliente tiene conexión. Compruebe primero su alimentación y sus cables.',
  routerDownUncertain:
    'Ningún cliente tiene conexión. También puede ser el cable de este PC o el switch: no hay otro equipo encendido que lo aclare.',
  lanDown: 'La red local está caída.',
  lanDownDetail: 'Ya no responde nada: el cable de este PC, su tarjeta de red o el switch.',
  ispDown: 'El proveedor está caído.',
  ispDownDetail: 'Ningún cliente tiene conexión. El router y la red local están bien.',
  serverDown: 'El servidor está caído.',
  serverDownDetail:
    'Los PC que lo necesitan no funcionarán. El router e internet se juzgan por separado.',
  serverDownUncertain:
    'Los PC que lo necesitan no funcionarán. También puede ser un cable o el switch.',
  unstable: {
    ROUTER_DOWN: 'El router es inestable.',
    SERVER_DOWN: 'El servidor es inestable.',
    ISP_DOWN: 'Internet es inestable.',
    LAN_DOWN: 'La red local es inestable.',
  },
  unstableAny: 'La conexión es inestable.',
  unstableDetail: (n) => `Ahora funciona, pero ha fallado ${n} veces.`,
  cannotProbe: (target) => `No se puede vigilar ${THE[target]}.`,
  cannotProbeAny: 'No se puede mirar.',
  noPermission:
    'El sistema no permite a CafeSentinel enviar pings. Inícielo como administrador o permita los sockets de ping a su grupo; hasta entonces no se sabe nada.',
  noRoute:
    'Este PC no conoce ningún camino a esa dirección. Compruebe el cable y los ajustes de red de este PC; hasta entonces no se sabe nada.',
  noSocket:
    'El sistema no dio a CafeSentinel un socket para pings. Hasta entonces no se sabe nada.',
  neverSeen: 'Nada ha respondido hasta ahora.',
  neverSeenDetail:
    'Probablemente las direcciones de los ajustes no son correctas. No cuenta como caída.',
  noPingReply: 'Internet funciona; el router no responde al ping.',
  noPingReplyDetail:
    'Los clientes no notan nada. Probablemente el router tiene el ping desactivado.',
  primarySilent: 'Internet funciona; su primera dirección de prueba calla.',
  primarySilentDetail: 'Los clientes no notan nada. La segunda dirección responde.',
  unresolved: (target) => `El nombre ${OF[target]} no se puede resolver.`,
  unresolvedDetail: 'No se puede vigilar hasta que el nombre lleve a una dirección.',
  neverAnswered: (target) => `${START[target]} nunca ha respondido.`,
  neverAnsweredDetail:
    'Probablemente su dirección en los ajustes no es correcta. No cuenta como caída.',

  behindRouter: 'Detrás del router, que está caído',
  behindLan: 'La red local está caída',
  reasons: {
    starting: 'Primer vistazo',
    never_seen: 'Nunca ha respondido; revise la dirección',
    no_permission: 'Sin permiso para enviar pings',
    no_socket: 'Sin socket para pings',
    unresolved: 'Su nombre no se puede resolver',
    no_route: 'Sin camino a esta dirección',
    not_watched: 'Sin vigilar',
  },
  noPingNote: 'Funciona, pero no responde al ping',
  primaryNote: 'Funciona; la primera dirección calla',
  noProbes: 'aún sin sondeos',
  loss: (lost, sent) => `${lost === 0 ? 'ninguno' : lost} de ${sent} perdidos`,
  lossTitle: 'Del último minuto de sondeos',
  hourLabel: (name, loss) => `${name}, la última hora; de los últimos sondeos ${loss}`,

  seats: 'Puestos',
  findSeat: 'Buscar un puesto',
  findSeatHint: 'Nombre, dirección, MAC',
  noSeats: 'No hay puestos configurados.',
  noSeatsHelp: 'Indique qué direcciones tienen sus PC y aparecerán aquí.',
  toSeatSettings: 'Configurar los puestos',
  noMatch: (text) => `Ningún puesto coincide con «${text}».`,
  noneOfKind: 'Ningún puesto está así en este momento.',
  filter: {
    label: 'Qué puestos',
    all: 'Todos',
    session: 'En sesión',
    on: 'Encendidos',
    off: 'Apagados',
  },
  view: { label: 'Vista', tiles: 'Mosaico', list: 'Lista' },
  density: { label: 'Tamaño', roomy: 'Mosaico grande', compact: 'Mosaico pequeño' },
  frozen:
    'El router o la red local están caídos: no se concluye nada sobre los puestos. Las sesiones siguen.',
  peak: (n, time) => `Máx. ${n} a las ${time}`,
  peakHint: 'El máximo de PC encendidos a la vez hoy',
  seatStates: {
    up: 'encendido',
    suspect: 'comprobando',
    down: 'apagado',
    unknown: 'aún no visto',
  },
  cannotBeSeen: 'ahora no se puede ver',
  stays: {
    here: 'en sesión',
    leaving: 'en sesión, callado en este momento',
    arriving: 'aún demasiado corto para ser sesión',
  },
  inSession: (time, age) => `En sesión desde ${time} (${age})`,
  arriving: (time, age) => `Visto desde ${time} (${age}), aún demasiado corto para ser sesión`,
  leaving: (time, age) => `En sesión desde ${time} (${age}), callado en este momento`,
  offSince: (time) => `Apagado desde ${time}`,
  firewall: 'Responde a ARP, no al ping: su cortafuegos bloquea el ping, y no pasa nada',
  firewallShort: 'cortafuegos',
  answersPing: (latency) => `Responde al ping en ${latency}`,
  today: 'Hoy',
  todayNone: 'Hoy aún sin sesiones.',
  untilNow: 'ahora',
  columns: {
    seat: 'Puesto',
    state: 'Estado',
    session: 'Sesión',
    answers: 'Responde',
    address: 'Dirección',
    mac: 'MAC',
  },
  ping: 'ping',
  arp: 'ARP',

  incidents: 'Últimas incidencias',
  notRead: 'Aún sin leer.',
  noIncidents:
    'Ninguna hasta ahora. Aquí aparecen, con su duración, las caídas del router, del proveedor, del servidor o de la red local.',
  runningFor: (age) => `en curso desde hace ${age}`,
  heldNote: 'oculta tras otro fallo',
  noLongerWatched: 'ya no se vigila',
  merged: 'contada en un tramo inestable',
  outages: (n) => `${n} ${plural(n, 'caída', 'caídas')}`,
  notObserved: 'no observada todo el tiempo',

  heartbeat: (n) => `${n} rondas completadas`,
  heartbeatHint: 'Late una vez por cada ronda de preguntas completada de verdad',
  asOf: (time) => `Último sondeo ${time}`,
  every: (time) => `cada ${time}`,
  watchingFor: (age) => `vigilando desde hace ${age}`,
  version: (v) => `versión ${v}`,
};
