//! Checks a page for accessibility with axe-core, which `cargo xtask test` installs in `tests/axe`.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use thirtyfour::WebDriver;

use crate::process::repository;

/// Fails if axe-core finds anything wrong with the page that is shown; the error names each element and the rule.
pub async fn check(driver: &WebDriver, label: &str) -> Result<()> {
    let file = repository().join("tests/axe/node_modules/axe-core/axe.min.js");
    let program = std::fs::read_to_string(&file).with_context(|| {
        format!(
            "there is no {}: `cargo xtask test` installs it",
            file.display()
        )
    })?;
    // The program is a part of the script, because the page's own policy forbids scripts that are made of texts.
    let script = format!(
        "const done = arguments[arguments.length - 1];
        if (!window.axe) {{ {program} }}
        window.axe.run(document, {{ resultTypes: ['violations'] }}).then(
          ({{ violations }}) => done(violations.flatMap(({{ id, help, nodes }}) =>
            nodes.map(({{ html, failureSummary }}) => `${{id}} (${{help}}): ${{html}}\n${{failureSummary}}`))),
          why => done([`axe did not run: ${{why}}`]));"
    );
    let found = driver.execute_async(script, vec![]).await?;
    let found: Vec<&str> = found
        .json()
        .as_array()
        .context("axe found no list")?
        .iter()
        .filter_map(Value::as_str)
        .collect();
    ensure!(found.is_empty(), "{label}: {}", found.join("\n"));
    Ok(())
}
