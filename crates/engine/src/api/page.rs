//! The built page: from a folder, or from bytes that the program carries.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, Uri, header};
use axum::response::{IntoResponse, Response};

use super::failure::Failure;
use super::{ApiState, blocking};

/// A page that the program carries.
pub trait Page: Send + Sync {
    /// A file by its path (`index.html`, `assets/app.js`) and its media type.
    fn get(&self, path: &str) -> Option<(Bytes, &'static str)>;
}

/// Where the page comes from.
#[derive(Clone, Default)]
pub enum PageSource {
    /// There is none.
    #[default]
    None,
    /// The folder into which it is built.
    Folder(PathBuf),
    /// The program itself.
    Carried(Arc<dyn Page>),
}

const NOT_BUILT: &str = "CafeSentinel is running, but its page is not built.\n\n\
    Build it with `npm run build`, then load this address again.\n\
    The state of the site as JSON: /api/v1/site\n";

/// Everything that no route has.
pub(super) async fn fallback(
    State(state): State<ApiState>,
    method: Method,
    uri: Uri,
) -> Result<Response, Failure> {
    let path = uri.path().trim_start_matches('/').to_owned();
    let api = path == "api" || path.starts_with("api/");
    if api || ![Method::GET, Method::HEAD].contains(&method) {
        return Err(Failure::not_found());
    }
    let name = if path.is_empty() { "index.html".to_owned() } else { path };
    let found = match state.page.clone() {
        PageSource::None => None,
        PageSource::Carried(page) => page.get(&name),
        PageSource::Folder(folder) => {
            let name = name.clone();
            blocking(move || read(&folder, &name)).await?
        }
    };
    match found {
        Some((bytes, mime)) => {
            // Vite names assets by their content; everything else may change.
            let assets = name.starts_with("assets/");
            let cache = if assets { "public, max-age=31536000, immutable" } else { "no-cache" };
            let headers = [(header::CONTENT_TYPE, mime), (header::CACHE_CONTROL, cache)];
            Ok((headers, bytes).into_response())
        }
        None if name == "index.html" => {
            Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], NOT_BUILT).into_response())
        }
        None => Err(Failure::not_found()),
    }
}

fn read(folder: &Path, name: &str) -> Option<(Bytes, &'static str)> {
    // Only plain names become a path: no way up, no drive, no escape.
    let plain = name.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    });
    if !plain {
        return None;
    }
    let bytes = std::fs::read(folder.join(name)).ok()?;
    Some((bytes.into(), media_type(name)))
}

/// The media type of a file of the page, by its ending.
#[must_use]
pub fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" | "webmanifest" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
