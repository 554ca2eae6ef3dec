//! The extension's face: one program for the popup, the full tab, the side panel and the settings.
//!
//! It keeps a copy of the worker's [`fluence::state::State`] by applying the same events, and makes
//! requests with [`fluence::command`]. It links no network code.
#![forbid(unsafe_code)]

mod app;
mod askers;
mod browser;
mod draft;
mod face;
mod files;
mod focus;
mod name;
mod page;
mod preferences;
mod qr;
mod rows;
mod selection;
mod small_map;
mod text;
mod view;

fn main() {
    let Some(root) = browser::document().get_element_by_id("face") else {
        return;
    };
    yew::Renderer::<app::App>::with_root(root).render();
}
