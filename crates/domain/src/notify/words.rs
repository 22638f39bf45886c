//! The texts, in every language that we speak. One function for each thing that is said.

use super::Channel;
use crate::config::Language;
use crate::config::Language::{En, Es};
use crate::event::{Cause, Incident, IncidentKind, Tampering};

fn subject(cause: Cause, language: Language) -> &'static str {
    match (cause, language) {
        (Cause::RouterDown, En) => "Router",
        (Cause::ServerDown, En) => "Server",
        (Cause::IspDown, En) => "Internet",
        (Cause::LanDown, En) => "Local Network",
        (Cause::RouterDown, Es) => "Router",
        (Cause::ServerDown, Es) => "Servidor",
        (Cause::IspDown, Es) => "Internet",
        (Cause::LanDown, Es) => "Red local",
    }
}

/// Whether the Spanish word is feminine.
fn feminine(cause: Cause) -> bool {
    match cause {
        Cause::LanDown => true,
        Cause::RouterDown | Cause::ServerDown | Cause::IspDown => false,
    }
}

pub(super) fn began(incident: &Incident, language: Language) -> String {
    let subject = subject(incident.cause, language);
    match (incident.kind, language) {
        (IncidentKind::Outage, En) => format!("{subject} Down"),
        (IncidentKind::Unstable, En) => format!("{subject} Unstable"),
        (IncidentKind::Outage, Es) if feminine(incident.cause) => format!("{subject} caída"),
        (IncidentKind::Outage, Es) => format!("{subject} caído"),
        (IncidentKind::Unstable, Es) => format!("{subject} inestable"),
    }
}

pub(super) fn over(cause: Cause, language: Language) -> String {
    let subject = subject(cause, language);
    match language {
        En => format!("{subject} Restored"),
        Es if feminine(cause) => format!("{subject} restablecida"),
        Es => format!("{subject} restablecido"),
    }
}

/// What an outage means, in café words.
pub(super) fn meaning(incident: &Incident, language: Language) -> String {
    if incident.kind == IncidentKind::Unstable {
        let times = incident.outages;
        return match language {
            En => format!(
                "It went down {times} times within half an hour. Further outages are counted \
                 silently until it has been quiet for 10 minutes."
            ),
            Es => format!(
                "Se cayó {times} veces en media hora. Las siguientes caídas se cuentan en \
                 silencio hasta que pasen 10 minutos tranquilos."
            ),
        };
    }
    let text = match (incident.cause, incident.uncertain, language) {
        (Cause::RouterDown, false, En) => {
            "The router does not answer, while the local network does. Customers have no internet."
        }
        (Cause::RouterDown, true, En) => {
            "The router does not answer. It may be the router, or the cable or the switch of this \
             PC: nobody else was on, so the two cannot be told apart."
        }
        (Cause::ServerDown, _, En) => "The server does not answer, while the local network does.",
        (Cause::IspDown, _, En) => {
            "The provider is down. Router and local network are fine. Customers have no internet."
        }
        (Cause::LanDown, _, En) => {
            "This PC lost its network: check its cable, its network card and the switch."
        }
        (Cause::RouterDown, false, Es) => {
            "El router no responde, pero la red local sí. Los clientes no tienen internet."
        }
        (Cause::RouterDown, true, Es) => {
            "El router no responde. Puede ser el router, o el cable o el switch de este PC: no \
             había nadie más encendido, así que no se pueden distinguir."
        }
        (Cause::ServerDown, _, Es) => "El servidor no responde, pero la red local sí.",
        (Cause::IspDown, _, Es) => {
            "El proveedor está caído. El router y la red local funcionan. Los clientes no tienen \
             internet."
        }
        (Cause::LanDown, _, Es) => {
            "Este PC perdió su red: revise su cable, su tarjeta de red y el switch."
        }
    };
    text.to_owned()
}

/// A word or a short phrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phrase {
    Duration,
    Active,
    StartTime,
    EndTime,
    Since,
    OverSince,
    NotWatched,
    Untold,
    NotObserved,
    Outages,
    DownFor,
    SeatsLost,
    NewActivity,
    SessionEnded,
    HourlySnapshot,
    RoutineScreenshot,
    IncidentEvidence,
    NoPicture,
    PrivacyOn,
    PrivacyOff,
    PrivacyOnText,
    PrivacyOffText,
    ConfigChanged,
    WebhookDead,
    Missed,
    DailyDigest,
    Peak,
    Average,
    Hours,
    Sessions,
    None,
    Compared,
    SeatHours,
    LockedOut,
    Tampering,
    Test,
    TestText,
}

pub(super) fn phrase(phrase: Phrase, language: Language) -> &'static str {
    let (english, spanish) = match phrase {
        Phrase::Duration => ("Duration", "Duración"),
        Phrase::Active => ("Active", "Activos"),
        Phrase::StartTime => ("Start Time", "Inicio"),
        Phrase::EndTime => ("End Time", "Fin"),
        Phrase::Since => ("Since", "Desde"),
        Phrase::OverSince => ("Over since", "Terminó a las"),
        Phrase::NotWatched => ("It is no longer watched.", "Ya no se vigila."),
        Phrase::Untold => (
            "It could not be told when it began; this message tells the whole of it.",
            "No se pudo avisar cuando empezó; este mensaje lo cuenta entero.",
        ),
        Phrase::NotObserved => ("Not observed", "Sin observar"),
        Phrase::Outages => ("Outages", "Caídas"),
        Phrase::DownFor => ("Down", "Caído"),
        Phrase::SeatsLost => {
            ("Switch or Power Fault Suspected", "Posible fallo de switch o de corriente")
        }
        Phrase::NewActivity => ("New Activity", "Nueva actividad"),
        Phrase::SessionEnded => ("Session Ended", "Sesión terminada"),
        Phrase::HourlySnapshot => ("Hourly Snapshot", "Resumen de la hora"),
        Phrase::RoutineScreenshot => ("Routine Screenshot", "Captura de rutina"),
        Phrase::IncidentEvidence => ("Incident Evidence", "Evidencia del incidente"),
        Phrase::NoPicture => (
            "The picture is not available any more: pictures wait in memory only.",
            "La imagen ya no está disponible: las imágenes solo esperan en memoria.",
        ),
        Phrase::PrivacyOn => ("Privacy Mode On", "Modo privado activado"),
        Phrase::PrivacyOff => ("Privacy Mode Off", "Modo privado desactivado"),
        Phrase::PrivacyOnText => ("No screenshots are taken.", "No se toman capturas de pantalla."),
        Phrase::PrivacyOffText => {
            ("Screenshots are taken again.", "Se vuelven a tomar capturas de pantalla.")
        }
        Phrase::ConfigChanged => ("Configuration Changed", "Configuración cambiada"),
        Phrase::WebhookDead => ("Webhook Not Working", "Webhook fuera de servicio"),
        Phrase::Missed => ("Old Messages Left Out", "Mensajes antiguos omitidos"),
        Phrase::DailyDigest => ("Daily Digest", "Resumen del día"),
        Phrase::Peak => ("Peak", "Máximo"),
        Phrase::Average => ("Average occupancy", "Ocupación media"),
        Phrase::Hours => ("Hours used", "Horas de uso"),
        Phrase::Sessions => ("Sessions", "Sesiones"),
        Phrase::None => ("none", "ninguna"),
        Phrase::Compared => ("a week before", "una semana antes"),
        Phrase::SeatHours => ("Hours per seat", "Horas por puesto"),
        Phrase::LockedOut => ("Wrong Passwords", "Contraseñas incorrectas"),
        Phrase::Tampering => ("Vault Tampered With", "Bóveda manipulada"),
        Phrase::Test => ("Test Message", "Mensaje de prueba"),
        Phrase::TestText => (
            "This webhook works. Messages of this kind will appear here.",
            "Este webhook funciona. Aquí aparecerán los mensajes de este tipo.",
        ),
    };
    match language {
        En => english,
        Es => spanish,
    }
}

pub(super) fn came_online(count: u32, language: Language) -> String {
    match language {
        En => format!("{count} Clients Came Online"),
        Es => format!("{count} clientes se conectaron"),
    }
}

pub(super) fn new_sessions(names: &str, language: Language) -> String {
    match language {
        En => format!("New Sessions: {names}"),
        Es => format!("Sesiones nuevas: {names}"),
    }
}

pub(super) fn went_offline(count: u32, language: Language) -> String {
    match language {
        En => format!("{count} Clients Went Offline"),
        Es => format!("{count} clientes se desconectaron"),
    }
}

pub(super) fn active_clients(online: u32, total: u32, language: Language) -> String {
    let percent = if total == 0 {
        0
    } else {
        (u64::from(online) * 100 + u64::from(total) / 2) / u64::from(total)
    };
    match language {
        En => format!("Active Clients: **{online}/{total}** ({percent}%)"),
        Es => format!("Clientes activos: **{online}/{total}** ({percent}%)"),
    }
}

pub(super) fn seats_lost(lost: u32, before: u32, language: Language) -> String {
    match language {
        En => format!(
            "{lost} of {before} PCs fell silent at the same moment, while the others stayed. \
             Check the switch and the power of that row. Their sessions are held for 10 minutes."
        ),
        Es => format!(
            "{lost} de {before} PC callaron en el mismo momento, y los demás siguieron. Revise el \
             switch y la corriente de esa fila. Sus sesiones se mantienen 10 minutos."
        ),
    }
}

pub(super) fn privacy_until(time: &str, language: Language) -> String {
    match language {
        En => format!("It ends by itself at {time}."),
        Es => format!("Termina por sí solo a las {time}."),
    }
}

pub(super) fn settings_changed(count: u32, language: Language) -> String {
    match (count, language) {
        (1, En) => "One setting was changed:".into(),
        (_, En) => format!("{count} settings were changed:"),
        (1, Es) => "Se cambió un ajuste:".into(),
        (_, Es) => format!("Se cambiaron {count} ajustes:"),
    }
}

pub(super) fn and_more(count: u32, language: Language) -> String {
    match language {
        En => format!("… and {count} more"),
        Es => format!("… y {count} más"),
    }
}

pub(super) fn webhook_dead(channel: Channel, language: Language) -> String {
    let name = match (channel, language) {
        (Channel::Alerts, En) => "alerts",
        (Channel::Occupancy, En) => "occupancy",
        (Channel::Screenshots, En) => "screenshots",
        (Channel::Alerts, Es) => "alertas",
        (Channel::Occupancy, Es) => "ocupación",
        (Channel::Screenshots, Es) => "capturas",
    };
    match language {
        En => format!(
            "Discord does not know the webhook for {name} any more: it was deleted, or its URL is \
             wrong. Its messages are kept for 7 days; put a new URL into the settings."
        ),
        Es => format!(
            "Discord ya no conoce el webhook de {name}: fue eliminado o su URL es incorrecta. Sus \
             mensajes se guardan 7 días; ponga una URL nueva en los ajustes."
        ),
    }
}

pub(super) fn missed(count: u32, from: &str, to: &str, language: Language) -> String {
    match language {
        En => format!(
            "{count} messages from {from} to {to} waited for more than 7 days and are not told \
             one by one. They are in the dashboard's history."
        ),
        Es => format!(
            "{count} mensajes del {from} al {to} esperaron más de 7 días y no se envían uno por \
             uno. Están en el historial del panel."
        ),
    }
}

/// `2h 5m`, under an hour `14m`.
pub(super) fn stay(duration_ms: i64) -> String {
    let minutes = duration_ms.max(0) / 60_000;
    if minutes >= 60 {
        format!("{}h {}m", minutes / 60, minutes % 60)
    } else {
        format!("{minutes}m")
    }
}

/// `0:04:12`.
pub(super) fn clock(duration_ms: i64) -> String {
    let seconds = duration_ms.max(0) / 1000;
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

pub(super) fn locked_out(source: &str, wrong: u32, seconds: u64, language: Language) -> String {
    match language {
        En => format!(
            "{wrong} wrong passwords in a row from {source}. Nobody can try from there for \
             {seconds} seconds."
        ),
        Es => format!(
            "{wrong} contraseñas incorrectas seguidas desde {source}. Desde allí nadie puede \
             probar durante {seconds} segundos."
        ),
    }
}

/// What was done to the vault, and what to do about it.
pub(super) fn tampering(what: Tampering, language: Language) -> &'static str {
    match (what, language) {
        (Tampering::VaultMissing, En) => {
            "The vault of this installation was deleted while CafeSentinel did not run. Nobody \
             can log in until it is recovered with the recovery code."
        }
        (Tampering::VaultReplaced, En) => {
            "Another vault lies in the place of ours. Nobody can log in until it is recovered \
             with the recovery code."
        }
        (Tampering::VaultShut, En) => {
            "The vault does not open on this computer: it was copied here, damaged, or the \
             hardware changed. The recovery code heals it."
        }
        (Tampering::VaultPutBack, En) => {
            "The vault was deleted or replaced while CafeSentinel ran. It was put back at once."
        }
        (Tampering::VaultMissing, Es) => {
            "La bóveda de esta instalación fue borrada mientras CafeSentinel no funcionaba. \
             Nadie puede entrar hasta recuperarla con el código de recuperación."
        }
        (Tampering::VaultReplaced, Es) => {
            "En el lugar de nuestra bóveda hay otra. Nadie puede entrar hasta recuperarla con \
             el código de recuperación."
        }
        (Tampering::VaultShut, Es) => {
            "La bóveda no se abre en este equipo: fue copiada aquí, se dañó o cambió el \
             hardware. El código de recuperación la repara."
        }
        (Tampering::VaultPutBack, Es) => {
            "La bóveda fue borrada o sustituida mientras CafeSentinel funcionaba. Se repuso al \
             momento."
        }
    }
}
