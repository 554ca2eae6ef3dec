//! Pages that show directories, and structured data with links.

use std::fmt::Write as _;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use axum::response::IntoResponse;
use fluence::content::unixfs::{Kind, Link, Node};
use fluence::content::walk::distinct_names;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};

use super::accept::DataForm;
use super::resolve::{AnswerError, Resolved, decode, text_of_name};
use super::response::{FOR_A_WEEK, Request, not_modified, put};
use crate::storage::Reader;
use crate::storage::ipld;
use crate::storage::traverse::{Scope, Walk};

/// How many entries a page shows.
const MAX_LISTED: usize = 10_000;
/// The characters that are not escaped in a path.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// The version of the pages' layout, which must change whenever the layout does.
const FORM: &str = "2";

struct Entry {
    /// The name as it is shown, which no other entry has.
    name: String,
    /// The name by which it is found.
    key: Vec<u8>,
    cid: String,
    size: Option<u64>,
}

/// Answers with a page that lists a directory.
pub(super) async fn answer(
    request: Request,
    reader: Reader,
    resolved: Resolved,
    node: Node,
    policy: HeaderValue,
) -> Result<Response<Body>, AnswerError> {
    let etag = format!("\"DirIndex-{FORM}_CID-{}\"", request.text_of(&resolved));
    let mut headers = request.headers(&resolved, &etag);
    headers.insert(header::CACHE_CONTROL, FOR_A_WEEK);
    if let Some(response) = not_modified(&request.headers, headers.clone(), &etag) {
        return Ok(response);
    }
    put(
        &mut headers,
        header::CONTENT_TYPE,
        "text/html; charset=utf-8",
    );
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    if request.head {
        return Ok((headers, Body::empty()).into_response());
    }
    let (entries, more) = entries(&reader, &resolved, node).await?;
    let page = page(&request, &entries, more);
    Ok((headers, page).into_response())
}

/// The entries of a directory, sorted by name, and whether there are more.
async fn entries(
    reader: &Reader,
    resolved: &Resolved,
    node: Node,
) -> Result<(Vec<Entry>, bool), AnswerError> {
    let mut entries = Vec::new();
    let mut add = |links: &[Link], prefix: usize| {
        for link in links
            .iter()
            .filter(|link| link.name.len() > prefix || prefix == 0)
        {
            if entries.len() == MAX_LISTED {
                return true;
            }
            let key = link.name[prefix..].to_vec();
            entries.push(Entry {
                name: String::new(),
                key,
                cid: link.cid.to_string(),
                size: link.tsize,
            });
        }
        false
    };
    let mut more = false;
    if node.kind == Kind::HamtShard {
        let mut walk = Walk::new(reader, false);
        let mut visits = walk.begin(resolved.cid, &Scope::Entity);
        while let Some(seen) = walk.next(&mut visits).await.map_err(AnswerError::from)? {
            let shard = decode(&seen.cid, &seen.data)?;
            let prefix = shard
                .prefix_len()
                .map_err(|error| AnswerError::Block(seen.cid, error.into()))?;
            more = add(&shard.links, prefix);
            if more {
                break;
            }
        }
    } else {
        more = add(&node.links, 0);
    }
    let names = distinct_names(entries.iter().map(|entry| &entry.key[..]));
    for (entry, name) in entries.iter_mut().zip(names) {
        if std::str::from_utf8(&entry.key).is_ok() {
            entry.key = name.clone().into_bytes();
        }
        entry.name = name;
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((entries, more))
}

/// Answers with a page about a block of structured data: a link to the block itself with its format
/// and size, and its links.
pub(super) fn data(
    request: &Request,
    resolved: &Resolved,
    data: &Bytes,
    form: DataForm,
    policy: HeaderValue,
) -> Result<Response<Body>, AnswerError> {
    let cid = resolved.cid;
    let etag = format!("\"DagIndex-{FORM}_CID-{}\"", request.text_of(resolved));
    let mut headers = request.headers(resolved, &etag);
    headers.insert(header::CACHE_CONTROL, FOR_A_WEEK);
    if let Some(response) = not_modified(&request.headers, headers.clone(), &etag) {
        return Ok(response);
    }
    put(
        &mut headers,
        header::CONTENT_TYPE,
        "text/html; charset=utf-8",
    );
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    if request.head {
        return Ok((headers, Body::empty()).into_response());
    }
    let links = ipld::links(cid.codec(), data).map_err(|error| AnswerError::Block(cid, error))?;
    let (mut page, _) = head(request);
    let _ = writeln!(
        page,
        "<tr><td><a href=\"/ipfs/{cid}?format={form}\">{form}</a></td><td>{}</td></tr>",
        words::size(data.len() as u64),
        form = form.name(),
    );
    for link in links.iter().take(MAX_LISTED) {
        let _ = writeln!(
            page,
            "<tr><td><a class=\"ipfs-hash\" translate=\"no\" href=\"/ipfs/{link}\">{link}</a></td><td></td></tr>"
        );
    }
    foot(&mut page, links.len() > MAX_LISTED);
    Ok((headers, page).into_response())
}

/// The beginning of a page, up to the rows of its table, and the escaped path of what it shows.
fn head(request: &Request) -> (String, String) {
    let asked = &request.asked;
    let mut href = format!("/ipfs/{}", asked.root_text);
    let mut title = href.clone();
    let mut crumbs = format!("/ipfs/<a href=\"{href}\">{}</a>", asked.root_text);
    for name in &asked.path {
        let text = text_of_name(name);
        let _ = write!(href, "/{}", percent_encode(name, PATH));
        let _ = write!(title, "/{text}");
        let _ = write!(crumbs, "/<a href=\"{href}\">{}</a>", escape(&text));
    }
    let title = escape(&title);
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title}</title><style>\
         body{{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
         color:#222;background:#fff;overflow-wrap:anywhere}}\
         h1{{font-size:1.1rem;font-weight:600}}table{{width:100%;border-collapse:collapse}}\
         td{{padding:.3rem .6rem .3rem 0;border-top:1px solid #ddd;vertical-align:top}}\
         td:last-child{{text-align:right;white-space:nowrap}}a{{color:#0b5cad}}.ipfs-hash{{color:#666;font-size:.8rem}}\
         @media(prefers-color-scheme:dark){{body{{color:#ddd;background:#181818}}td{{border-color:#333}}\
         a{{color:#7ab7f0}}.ipfs-hash{{color:#999}}}}</style></head>\
         <body><h1>Index of {crumbs}</h1><table>\n"
    );
    (page, href)
}

/// The end of a page, some of whose rows may have been left out.
fn foot(page: &mut String, more: bool) {
    page.push_str("</table>");
    if more {
        let _ = write!(page, "<p>Only the first {MAX_LISTED} are shown.</p>");
    }
    page.push_str("</body></html>\n");
}

fn page(request: &Request, entries: &[Entry], more: bool) -> String {
    let (mut page, href) = head(request);
    if !request.asked.path.is_empty() {
        let _ = writeln!(
            page,
            "<tr><td><a href=\"{href}/..\">..</a></td><td></td><td></td></tr>"
        );
    }
    for entry in entries {
        let name = percent_encode(&entry.key, PATH).to_string();
        let shown = escape(&entry.name);
        let size = entry.size.map(words::size).unwrap_or_default();
        // Escaped twice, as the gateway conformance suite expects.
        let filename = utf8_percent_encode(&name, PATH);
        let _ = writeln!(
            page,
            "<tr><td><a href=\"{href}/{name}\">{shown}</a></td>\
             <td><a class=\"ipfs-hash\" translate=\"no\" href=\"/ipfs/{cid}?filename={filename}\">{cid}</a></td>\
             <td>{size}</td></tr>",
            cid = entry.cid,
        );
    }
    foot(&mut page, more);
    page
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place() {
        assert_eq!(
            escape("<img src=x onerror='a'>&\"\n"),
            "&lt;img src=x onerror=&#39;a&#39;&gt;&amp;&quot;\u{fffd}"
        );
        assert_eq!(
            utf8_percent_encode("a/../\"><b", PATH).to_string(),
            "a%2F..%2F%22%3E%3Cb"
        );
    }
}
