//! In and out: set-up, login, and what the admin may do about passwords, tokens and the
//! trail.

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use cafesentinel_domain::access::password::weaknesses;
use cafesentinel_domain::access::{Role, Scope};
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::caller::{Caller, set_cookie};
use super::failure::Failure;
use super::guard::seconds;
use super::openapi::{LoginBody, PasswordBody, RecoverBody, SetupBody, TokenBody};
use super::read::{Params, json};
use super::{ApiState, blocking, times};
use crate::store::MAX_ENTRIES;
use crate::vault::{Condition, RecoveryCode, TokenInfo, VaultError, Which};

/// The members of a body, each a text.
struct Texts(Map<String, Value>);

impl Texts {
    async fn of(body: Body) -> Result<Texts, Failure> {
        match json(body).await? {
            Value::Object(map) => Ok(Texts(map)),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Array(_) => Err(Failure::bad("bad_request", "expected a JSON object")),
        }
    }

    fn maybe(&self, name: &str) -> Result<Option<Zeroizing<String>>, Failure> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(Zeroizing::new(text.clone()))),
            Some(_) => Err(Failure::bad("bad_request", format!("{name}: expected a text"))),
        }
    }

    fn get(&self, name: &str) -> Result<Zeroizing<String>, Failure> {
        let missing = || Failure::bad("bad_request", format!("{name}: is missing"));
        self.maybe(name)?.ok_or_else(missing)
    }
}

impl ApiState {
    /// Notes what somebody did.
    pub(super) async fn note(&self, caller: &Caller, action: &'static str, details: Value) {
        let (access, who, place) = (self.access.clone(), caller.who(), caller.place());
        let at = times::now();
        // The log has it even when the disk does not.
        let _ = blocking(move || access.audit().note(at, &who, &place, action, details)).await;
    }

    /// The vault has changed: what hangs on it follows.
    async fn vault_changed(&self) -> Result<(), Failure> {
        let state = self.clone();
        let resealed = blocking(move || {
            state.access.vault_changed();
            state.config.reseal()
        });
        if let Err(error) = resealed.await? {
            tracing::error!(category = "ERROR", "{error}");
        }
        Ok(())
    }
}

fn only_here(caller: &Caller) -> Result<(), Failure> {
    if caller.origin.local {
        return Ok(());
    }
    let text = "This is done at the computer that runs CafeSentinel, not over the network";
    Err(Failure::new(StatusCode::FORBIDDEN, "only_local", text))
}

/// Who you are: role, and how long settings stay open.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "access", operation_id = "session",
    responses((status = 200, description = "Role, and the condition of the installation", body = Value)),
    security(())
)]
pub(super) async fn session(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
) -> Json<Value> {
    let (installation, message) = match state.access.condition() {
        _ if state.access.is_demo() => ("demo", None),
        Condition::Fresh => ("setup_needed", None),
        Condition::Open => ("ready", None),
        Condition::Faulty(fault) => ("vault_shut", Some(fault.to_string())),
    };
    Json(json!({
        "status": "success",
        "role": caller.role,
        "locked": caller.locked,
        "local": caller.origin.local,
        "setup_needed": installation == "setup_needed",
        "installation": installation,
        "message": message,
    }))
}

/// Logs in with the admin password, or with the one-time code of the local link (at this
/// computer, as viewer). The answer sets the session's cookie.
#[utoipa::path(
    post, path = "/api/v1/login", tag = "access", operation_id = "login",
    request_body = LoginBody,
    responses((status = 200, description = "Logged in; the cookie is set", body = Value)),
    security(())
)]
pub(super) async fn login(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Response, Failure> {
    let texts = Texts::of(body).await?;
    let (password, code) = (texts.maybe("password")?, texts.maybe("code")?);
    let source = caller.origin.source;
    let admin = match (password, code) {
        (Some(password), None) => {
            state.access.check(source, Which::Admin, password).await?;
            true
        }
        (None, Some(code)) => {
            only_here(&caller)?;
            let redeem =
                move |access: &crate::access::Access| Ok(access.redeem_link(&code).then_some(()));
            state.access.guess(source, redeem).await?;
            false
        }
        (None, None) | (Some(_), Some(_)) => {
            return Err(Failure::bad("bad_request", "expected either password or code"));
        }
    };
    if let Some(old) = &caller.session {
        // A new secret for new rights: an old one that leaked gains nothing.
        state.access.close_session(old);
    }
    let secret = state.access.open_session(admin);
    let secret = secret.ok_or_else(|| Failure::internal("no random numbers"))?;
    let role = if admin { Role::Admin } else { Role::Viewer };
    if admin {
        let who = Caller { role, ..caller.clone() };
        state.note(&who, "login", json!({})).await;
    }
    let lock = seconds(cafesentinel_domain::access::sessions::ADMIN_IDLE);
    let body = json!({
        "status": "success",
        "role": role,
        "settings_lock_after_s": admin.then_some(lock),
    });
    let mut response = Json(body).into_response();
    if let Some(cookie) = set_cookie(Some(&secret), caller.origin.secure) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Ends the session of this browser.
#[utoipa::path(
    post, path = "/api/v1/logout", tag = "access", operation_id = "logout",
    responses((status = 200, description = "There is no session any more", body = Value)),
    security(())
)]
pub(super) async fn logout(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
) -> Response {
    if let Some(key) = &caller.session {
        state.access.close_session(key);
    }
    let mut response = Json(json!({ "status": "success" })).into_response();
    if let Some(cookie) = set_cookie(None, caller.origin.secure) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Locks the settings again; the session goes on as a viewer's.
#[utoipa::path(
    post, path = "/api/v1/lock", tag = "access", operation_id = "lock",
    responses((status = 200, description = "Settings are locked", body = Value)),
    security(("bearer" = ["viewer"]))
)]
pub(super) async fn lock(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
) -> Json<Value> {
    if let Some(key) = &caller.session {
        state.access.lock_session(key);
    }
    Json(json!({ "status": "success" }))
}

/// Whether this installation is set up.
#[utoipa::path(
    get, path = "/api/v1/setup", tag = "access", operation_id = "setup_state",
    responses((status = 200, description = "The condition of the installation", body = Value)),
    security(())
)]
pub(super) async fn setup_state(state: State<ApiState>, caller: Extension<Caller>) -> Json<Value> {
    session(state, caller).await
}

/// Sets the installation up, at this computer, with the code that the program shows. The
/// answer holds the recovery code, once.
#[utoipa::path(
    post, path = "/api/v1/setup", tag = "access", operation_id = "setup",
    request_body = SetupBody,
    responses((status = 200, description = "Set up; write the recovery code down", body = Value),
        (status = 409, description = "It is set up already", body = super::openapi::Problem)),
    security(())
)]
pub(super) async fn setup(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Json<Value>, Failure> {
    only_here(&caller)?;
    let texts = Texts::of(body).await?;
    let (admin, privacy) = (texts.get("admin")?, texts.get("privacy")?);
    let code = texts.maybe("code")?.unwrap_or_default();
    // Nothing that can be said without the code may cost it.
    match state.access.condition() {
        Condition::Fresh => {}
        Condition::Open => return Err(VaultError::NotFresh.into()),
        Condition::Faulty(fault) => return Err(VaultError::Faulty(fault).into()),
    }
    let weak = weaknesses(&admin, &privacy);
    if !weak.is_empty() {
        return Err(VaultError::Weak(weak).into());
    }
    let window = caller.origin.address.is_none();
    let made = state.access.guess(caller.origin.source, move |access| {
        if !window && !access.redeem_set_up(&code) {
            return Ok(None);
        }
        access.vault().set_up(&admin, &privacy).map(Some)
    });
    let recovery = made.await?;
    state.vault_changed().await?;
    state.note(&caller, "set_up", json!({})).await;
    Ok(Json(json!({ "status": "success", "recovery_code": *recovery.reveal() })))
}

/// Takes control back with the recovery code, at this computer: new passwords, and a new
/// recovery code in the answer.
#[utoipa::path(
    post, path = "/api/v1/recover", tag = "access", operation_id = "recover",
    request_body = RecoverBody,
    responses((status = 200, description = "Recovered; write the new code down", body = Value)),
    security(())
)]
pub(super) async fn recover(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Json<Value>, Failure> {
    only_here(&caller)?;
    let texts = Texts::of(body).await?;
    let (admin, privacy) = (texts.get("admin")?, texts.get("privacy")?);
    let code = RecoveryCode::parse(&texts.get("recovery_code")?)
        .map_err(|error| Failure::bad("bad_recovery_code", error.to_string()))?;
    let made = state.access.guess(caller.origin.source, move |access| {
        access.vault().recover(&code, &admin, &privacy).map(Some)
    });
    let recovery = made.await?;
    state.vault_changed().await?;
    state.note(&caller, "recovered", json!({})).await;
    Ok(Json(json!({ "status": "success", "recovery_code": *recovery.reveal() })))
}

/// Changes the admin or the privacy password. Needs the admin password again; a new admin
/// password ends all sessions.
#[utoipa::path(
    post, path = "/api/v1/passwords", tag = "access", operation_id = "change_password",
    request_body = PasswordBody,
    responses((status = 200, description = "Changed", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn passwords(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Json<Value>, Failure> {
    let texts = Texts::of(body).await?;
    let (name, which) = match texts.get("which")?.as_str() {
        "admin" => ("admin", Which::Admin),
        "privacy" => ("privacy", Which::Privacy),
        _ => return Err(Failure::bad("bad_request", "which: expected admin or privacy")),
    };
    let (admin, new) = (texts.get("current")?, texts.get("password")?);
    let changed = state.access.guess(caller.origin.source, move |access| {
        access.vault().change_password(which, &admin, &new).map(Some)
    });
    changed.await?;
    state.vault_changed().await?;
    state.note(&caller, "password_changed", json!({ "which": name })).await;
    Ok(Json(json!({ "status": "success" })))
}

fn shown(token: &TokenInfo) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "scope": token.scope,
        "created_at": times::print(token.created),
    })
}

/// All tokens, without their secrets.
#[utoipa::path(
    get, path = "/api/v1/tokens", tag = "access", operation_id = "tokens",
    responses((status = 200, description = "The tokens, the oldest first", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn tokens(State(state): State<ApiState>) -> Json<Value> {
    let tokens: Vec<Value> = state.access.vault().tokens().iter().map(shown).collect();
    Json(json!({ "status": "success", "tokens": tokens }))
}

/// Makes a token. Its secret is in the answer, once.
#[utoipa::path(
    post, path = "/api/v1/tokens", tag = "access", operation_id = "create_token",
    request_body = TokenBody,
    responses((status = 200, description = "The token, with its secret", body = Value),
        (status = 409, description = "There are too many", body = super::openapi::Problem)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn create_token(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<Json<Value>, Failure> {
    let texts = Texts::of(body).await?;
    let (name, scope) = (texts.get("name")?.to_string(), texts.get("scope")?);
    let scope = Scope::from_code(&scope)
        .ok_or_else(|| Failure::bad("bad_request", "scope: expected read or admin"))?;
    let vault = state.access.vault().clone();
    let made = blocking(move || vault.create_token(&name, scope, times::now())).await?;
    let (about, secret) = made?;
    let details = json!({ "id": about.id, "name": about.name, "scope": about.scope });
    state.note(&caller, "token_created", details).await;
    let mut answer = json!({ "status": "success", "token": *secret });
    if let (Value::Object(all), Value::Object(token)) = (&mut answer, shown(&about)) {
        all.extend(token);
    }
    Ok(Json(answer))
}

/// Makes a token worthless, at once.
#[utoipa::path(
    delete, path = "/api/v1/tokens/{id}", tag = "access", operation_id = "revoke_token",
    params(("id" = u32, Path, description = "Its number")),
    responses((status = 200, description = "Revoked", body = Value),
        (status = 404, description = "There is none", body = super::openapi::Problem)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn revoke_token(
    State(state): State<ApiState>,
    Extension(caller): Extension<Caller>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<Value>, Failure> {
    let id = id.ok().and_then(|Path(id)| id.parse().ok()).ok_or(VaultError::NoToken)?;
    let vault = state.access.vault().clone();
    let about = blocking(move || vault.revoke_token(id)).await??;
    let details = json!({ "id": about.id, "name": about.name });
    state.note(&caller, "token_revoked", details).await;
    Ok(Json(json!({ "status": "success" })))
}

/// Who did what, from where and when; newest first.
#[utoipa::path(
    get, path = "/api/v1/audit", tag = "access", operation_id = "audit",
    params(
        ("limit" = Option<u32>, Query, description = "At most so many, 1 to 1000; 100 if absent", minimum = 1, maximum = 1000),
        ("before" = Option<i64>, Query, description = "Only those with a smaller number")
    ),
    responses((status = 200, description = "The trail", body = Value)),
    security(("bearer" = ["admin"]))
)]
pub(super) async fn audit(State(state): State<ApiState>, uri: Uri) -> Result<Json<Value>, Failure> {
    let params = Params::of(&uri)?;
    let most = format!("a number from 1 to {MAX_ENTRIES}");
    let limit = params
        .parsed("limit", &most, |t| t.parse().ok().filter(|n| (1..=MAX_ENTRIES).contains(n)))?;
    let before = params.parsed("before", "the number of an entry", |t| t.parse().ok())?;
    let access = state.access.clone();
    let read = blocking(move || access.audit().entries(limit.unwrap_or(100), before)).await?;
    let entries: Vec<Value> = read
        .map_err(Failure::internal)?
        .into_iter()
        .map(|entry| {
            json!({
                "id": entry.id,
                "at": times::print(entry.at),
                "who": entry.who,
                "from": entry.source,
                "what": entry.action,
                "details": entry.details,
            })
        })
        .collect();
    Ok(Json(json!({ "status": "success", "audit": entries })))
}
