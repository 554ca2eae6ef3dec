//! The downloads of the browser.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use crate::js::{Outcome, member, object, outcome, text_or_empty};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["api", "downloads"], js_name = download, catch)]
    fn start_download(details: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_namespace = ["api", "downloads"], js_name = search, catch)]
    fn search_downloads(query: &JsValue) -> Result<Promise, JsValue>;
}

/// Begins a download to the download folder, and returns its id.
///
/// # Errors
/// Fails with the browser's message.
pub async fn download(url: &str, file_name: &str) -> Outcome<f64> {
    let details = object([
        ("url", url.into()),
        ("filename", file_name.into()),
        ("conflictAction", "uniquify".into()),
        ("saveAs", false.into()),
    ]);
    outcome(start_download(&details))
        .await?
        .as_f64()
        .ok_or_else(|| "the browser gave the download no id".to_owned())
}

/// The state of a download.
#[derive(Debug, PartialEq, Eq)]
pub enum Download {
    /// It is in progress.
    Running,
    /// It is complete, and saved under this name.
    Complete(String),
    /// It ended early, for the reason that the browser gives.
    Interrupted(String),
    /// The browser does not know it.
    Unknown,
}

/// The state of the download with this id.
///
/// # Errors
/// Fails with the browser's message.
pub async fn download_state(id: f64) -> Outcome<Download> {
    let found = outcome(search_downloads(&object([("id", id.into())]))).await?;
    let item = Array::from(&found).get(0);
    Ok(match member(&item, "state").as_string().as_deref() {
        Some("complete") => {
            let path = member(&item, "filename").as_string().unwrap_or_default();
            let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
            Download::Complete(name.to_owned())
        }
        Some("interrupted") => {
            Download::Interrupted(member(&item, "error").as_string().unwrap_or_default())
        }
        Some(_) => Download::Running,
        None => Download::Unknown,
    })
}

/// The id of the newest download from this address; `None` if the browser knows of none.
///
/// # Errors
/// Fails with the browser's message.
pub async fn from(url: &str) -> Outcome<Option<f64>> {
    let query = object([
        ("url", url.into()),
        ("orderBy", Array::of1(&"-startTime".into()).into()),
    ]);
    let found = outcome(search_downloads(&query)).await?;
    Ok(member(&Array::from(&found).get(0), "id").as_f64())
}

/// A download that is complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Completed {
    /// The address that its bytes came from, after redirects.
    pub url: String,
    /// The address of the page that it was started from; empty if the browser does not know it.
    pub referrer: String,
    /// The path of the file.
    pub path: String,
    /// The MIME type; empty if the browser does not know it.
    pub mime: String,
    /// The size in bytes, if the browser knows it.
    pub size: Option<u64>,
}

/// The newest completed downloads, at most `limit` of them.
///
/// # Errors
/// Fails with the browser's message.
pub async fn newest(limit: u32) -> Outcome<Vec<Completed>> {
    let query = object([
        ("state", "complete".into()),
        ("orderBy", Array::of1(&"-startTime".into()).into()),
        ("limit", limit.into()),
    ]);
    let found = outcome(search_downloads(&query)).await?;
    let completed = |item: JsValue| {
        let text = |name| text_or_empty(&item, name);
        Completed {
            url: match text("finalUrl") {
                url if url.is_empty() => text("url"),
                url => url,
            },
            referrer: text("referrer"),
            path: text("filename"),
            mime: text("mime"),
            size: member(&item, "fileSize")
                .as_f64()
                .filter(|size| *size > 0.0)
                .map(|size| size as u64),
        }
    };
    Ok(Array::from(&found).iter().map(completed).collect())
}
