import type { choices as choicePattern, fields as pattern } from '../en/fields';

export const fields: typeof pattern = {
  'targets.router': {
    label: 'Router',
    help: 'El aparato que lleva al proveedor. Suele acabar en .1 o .254.',
  },
  'targets.server': {
    label: 'Servidor',
    help: 'El servidor propio del café, para juegos o caja. Vacío: no se vigila ninguno.',
  },
  'targets.internet': {
    label: 'Internet',
    help: 'Una dirección lejana que responda al ping, para saber si el proveedor funciona.',
  },
  'verification_settings.secondary_target': {
    label: 'Internet, segunda dirección',
    help: 'Se pregunta cuando la primera calla. Solo si callan ambas está caído el proveedor.',
  },
  'monitor_settings.interval_seconds': {
    label: 'Mirar cada',
    help: 'Router, servidor, internet y todos los puestos se preguntan a la vez, con esta frecuencia.',
  },
  'monitor_settings.probe_timeout_ms': {
    label: 'Esperar la respuesta',
    help: 'Pasado este tiempo sin respuesta, una pregunta cuenta como perdida.',
  },
  'verification_settings.retry_delay_seconds': {
    label: 'Volver a preguntar tras',
    help: 'Un silencio se confirma con una segunda pregunta, este tiempo después.',
  },
  'verification_settings.min_incident_duration_seconds': {
    label: 'Una caída dura al menos',
    help: 'Lo más corto se anota como fluctuación y no se avisa.',
  },
  'monitor_settings.presence': {
    label: 'Cómo se detectan los puestos',
    help: 'Los PC con Windows suelen bloquear el ping. ARP los encuentra igualmente dentro de la red local.',
  },
  'monitor_settings.pc_subnet': {
    label: 'Rango: red',
    help: 'Los tres primeros números de las direcciones de los PC.',
  },
  'monitor_settings.pc_start_range': {
    label: 'Rango: primera dirección',
    help: 'El último número de la dirección de PC-1.',
  },
  'monitor_settings.pc_count': {
    label: 'Rango: número de PC',
    help: 'Se llaman PC-1, PC-2, etcétera. 0: sin rango.',
  },
  'monitor_settings.pcs': {
    label: 'Puestos',
    help: 'Puestos con nombre propio y puestos fuera del rango.',
  },
  'occupancy_settings.enabled': {
    label: 'Llevar sesiones',
    help: 'Anota quién se sienta dónde y cuánto tiempo, según si el PC responde.',
  },
  'occupancy_settings.mode': {
    label: 'Qué se avisa',
    help: 'Cada sesión al empezar y al acabar, o solo un recuento por hora.',
  },
  'occupancy_settings.min_session_minutes': {
    label: 'Una sesión dura al menos',
    help: 'Un PC encendido menos tiempo no cuenta. El mismo tiempo debe pasar antes de que acabe una sesión.',
  },
  'occupancy_settings.batch_delay_seconds': {
    label: 'Reunir mensajes durante',
    help: 'Las sesiones que empiezan o acaban casi a la vez se avisan en un solo mensaje.',
  },
  'occupancy_settings.hourly_snapshot_enabled': {
    label: 'Recuento cada hora',
    help: 'A la hora en punto, cuántos PC están en uso.',
  },
  'occupancy_settings.opening_hours': {
    label: 'Horario de apertura',
    help: 'Para el grado de uso y para lo que ocurre con el café cerrado.',
  },
  'discord_settings.enabled': {
    label: 'Enviar mensajes a Discord',
    help: 'Mientras esté desactivado no se encola nada.',
  },
  'discord_settings.shop_name': {
    label: 'Nombre del café',
    help: 'Figura sobre cada mensaje y en esta página.',
  },
  'discord_settings.webhook_alerts': {
    label: 'Webhook para alertas',
    help: 'Las caídas y su final. Mejor un canal que solo lea el dueño.',
  },
  'discord_settings.webhook_occupancy': {
    label: 'Webhook para ocupación',
    help: 'Sesiones, recuentos por hora, el resumen diario.',
  },
  'discord_settings.webhook_screenshots': {
    label: 'Webhook para imágenes',
    help: 'Imágenes de rutina y pruebas de las caídas.',
  },
  'discord_settings.daily_digest': {
    label: 'Resumen diario',
    help: 'Al cierre, o a las 06:00 si el café no cierra nunca.',
  },
  'screenshot_settings.enabled': {
    label: 'Hacer capturas',
    help: 'Nunca mientras esté activo el modo privado.',
  },
  'screenshot_settings.interval_minutes': {
    label: 'Una captura cada',
    help: 'Se envía al canal de imágenes.',
  },
  'screenshot_settings.quality': {
    label: 'Calidad',
    help: 'Cuanto más baja, más pequeña. 80 apenas se distingue del original.',
  },
  'screenshot_settings.resize_ratio': {
    label: 'Tamaño',
    help: '1 es el tamaño completo, 0.5 la mitad de cada lado.',
  },
  'system_settings.language': {
    label: 'Idioma de la bandeja y los mensajes',
    help: 'Esta página sigue, en cambio, al navegador.',
  },
  'system_settings.tray_visibility.clients': {
    label: 'Icono de bandeja: PC en uso',
    help: 'El icono con el número.',
  },
  'system_settings.tray_visibility.internet': {
    label: 'Icono de bandeja: internet',
    help: 'Debe quedar al menos un icono.',
  },
  'system_settings.tray_visibility.router': {
    label: 'Icono de bandeja: router',
    help: 'Debe quedar al menos un icono.',
  },
  'system_settings.tray_visibility.server': {
    label: 'Icono de bandeja: servidor',
    help: 'Debe quedar al menos un icono.',
  },
  'system_settings.log_retention_days': {
    label: 'Conservar el registro',
    help: 'Los registros más antiguos se borran.',
  },
  'system_settings.history_retention_days': {
    label: 'Conservar el historial',
    help: 'Incidencias, sesiones y estadísticas.',
  },
  'system_settings.env_state': {
    label: 'Modo oculto',
    help: 'Esconde todos los iconos de la bandeja y la ventana. La vigilancia sigue.',
  },
  'api_settings.bind': {
    label: 'Escuchar en',
    help: '0.0.0.0: todas las redes de este PC. 127.0.0.1: solo este PC.',
  },
  'api_settings.port': {
    label: 'Puerto',
    help: 'La página está en la dirección de este PC, dos puntos y este número.',
  },
  'api_settings.allowed_hosts': {
    label: 'Nombres de este PC',
    help: 'Con los que se puede abrir la página además de direcciones, «localhost» y su propio nombre: un nombre de Tailscale, por ejemplo.',
  },
  'api_settings.allowed_origins': {
    label: 'Otras páginas que pueden preguntar',
    help: 'Orígenes exactos de páginas web (CORS), como https://gestor.example.',
  },
  'api_settings.trusted_proxies': {
    label: 'Proxies',
    help: 'Direcciones de proxies inversos cuyas cabeceras X-Forwarded cuentan.',
  },
  'api_settings.trusted_networks': {
    label: 'Redes sin token',
    help: 'Redes CIDR desde las que el gestor remoto antiguo puede venir sin token.',
  },
  'chain_settings.site': {
    label: 'Sede',
    help: 'La etiqueta de este café: a–z, 0–9 y guiones. Vacío: sale de su nombre.',
  },
  'chain_settings.group': {
    label: 'Grupo',
    help: 'Una ciudad o una marca, para comparar.',
  },
  'chain_settings.provider': {
    label: 'Proveedor',
    help: 'De qué compañía es la línea, para comparar.',
  },
  'chain_settings.link': {
    label: 'Enlace a esta página',
    help: 'Dónde encuentra el panel común la página de este café.',
  },
  'chain_settings.remote_write_url': {
    label: 'Enviar cifras a',
    help: 'Un motor que acepte Prometheus remote write. Vacío: no se envía nada.',
  },
  'chain_settings.username': {
    label: 'Usuario',
    help: 'Vacío: el token se envía como «bearer».',
  },
  'chain_settings.token': {
    label: 'Clave',
    help: 'La contraseña o el token para enviar.',
  },
  'chain_settings.push_interval_seconds': {
    label: 'Enviar cada',
    help: 'Lo que no se pudo enviar va después, con sus propias horas.',
  },
  'chain_settings.share_seats': {
    label: 'Enviar cada puesto',
    help: 'Además del recuento, qué puestos están encendidos.',
  },
  'chain_settings.query_url': {
    label: 'Leer cifras de',
    help: 'Para la página que muestra todos los cafés.',
  },
  'chain_settings.query_username': {
    label: 'Usuario para leer',
    help: 'Como arriba, para leer.',
  },
  'chain_settings.query_token': {
    label: 'Clave para leer',
    help: 'Como arriba, para leer.',
  },
  'chain_settings.heartbeat_url': {
    label: 'Señal de vida',
    help: 'Una dirección que se llama con regularidad y da la alarma cuando cesan las llamadas.',
  },
};

export const choices: typeof choicePattern = {
  'monitor_settings.presence.auto': 'Por ping y, si no, por ARP',
  'monitor_settings.presence.icmp': 'Solo por ping',
  'monitor_settings.presence.arp': 'Solo por ARP',
  'occupancy_settings.mode.session': 'Sesiones y recuentos por hora',
  'occupancy_settings.mode.timer': 'Solo recuentos por hora',
  'system_settings.language.en': 'Inglés',
  'system_settings.language.es': 'Español',
};
