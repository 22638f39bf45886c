//! The site as the page shows it: the view with what the machine itself does not know.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use cafesentinel_domain::config::{Config, Fault};
use cafesentinel_domain::view::SiteView;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{ApiState, times};

/// A fault as shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct FaultView {
    code: &'static str,
    message: String,
}

/// The last site that was printed, and of what. However many look, it is printed once.
#[derive(Default)]
pub(super) struct Printed(Mutex<Option<(Sources, Bytes)>>);

/// What a printed site was made of. The parts are replaced whole, never changed.
struct Sources {
    view: Arc<SiteView>,
    config: Arc<Config>,
    config_faults: Arc<Vec<Fault>>,
    faults: Vec<(&'static str, String)>,
}

impl Sources {
    fn of(state: &ApiState) -> Sources {
        Sources {
            view: Arc::clone(&state.view.borrow()),
            config: state.config.current(),
            config_faults: state.config.faults(),
            faults: state.faults.all(),
        }
    }

    fn same(&self, other: &Sources) -> bool {
        Arc::ptr_eq(&self.view, &other.view)
            && Arc::ptr_eq(&self.config, &other.config)
            && Arc::ptr_eq(&self.config_faults, &other.config_faults)
            && self.faults == other.faults
    }

    fn faults(&self) -> Vec<FaultView> {
        let of_config = self.config_faults.iter();
        let config = of_config.map(|f| FaultView { code: "config", message: f.message.clone() });
        let others = self.faults.iter();
        let others = others.map(|(code, text)| FaultView { code, message: text.clone() });
        config.chain(others).collect()
    }
}

/// The site now, as JSON.
pub(super) fn print(state: &ApiState) -> Bytes {
    let sources = Sources::of(state);
    let mut printed = state.printed.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, bytes)) = printed.as_ref().filter(|(of, _)| of.same(&sources)) {
        return bytes.clone();
    }
    let bytes = Bytes::from(document(state, &sources).to_string());
    *printed = Some((sources, bytes.clone()));
    bytes
}

fn document(state: &ApiState, sources: &Sources) -> Value {
    let about = &state.about;
    let mut site = Map::new();
    site.insert("demo".into(), json!(about.demo));
    site.insert("shop_name".into(), json!(sources.config.discord.shop_name));
    site.insert("version".into(), json!(about.version));
    site.insert("started_at".into(), times::print(about.started_at));
    if let Value::Object(view) = times::outside(&*sources.view) {
        site.extend(view);
    }
    site.insert("faults".into(), json!(sources.faults()));
    let methods = &about.methods;
    let methods = json!({ "v4": methods.v4, "v6": methods.v6, "arp": methods.arp });
    site.insert("methods".into(), methods);
    Value::Object(site)
}

/// Everything that the dashboard shows, now.
#[utoipa::path(
    get, path = "/api/v1/site", tag = "site", operation_id = "site",
    responses((status = 200, description = "The site now", body = Value)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn get(State(state): State<ApiState>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], print(&state)).into_response()
}
