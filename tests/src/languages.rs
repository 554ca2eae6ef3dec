//! Shows pages in every language, and in two that nobody speaks: one with accents and longer words, and one from right to
//! left. They show which words are not translated, and which layouts break.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use locales::{Locales, Program, Pseudo};
use serde_json::{Value, json};
use thirtyfour::WebDriver;
use thirtyfour::extensions::cdp::ChromeDevTools;

use crate::artifacts::Artifacts;
use crate::browser::{Browser, Kind, SETTLED};

/// The widths at which pages have to fit, in CSS pixels: the narrowest that is supported, and that of the popup.
const WIDTHS: [u32; 2] = [320, 400];

/// What is no word of the program: names, of shown files too, addresses, hashes and peers, keys, times, languages in their own words, and what
/// happened, which begins with the name of a file.
const NAMES: &str = ".preview :is(img, audio, video), bdi, kbd, time, pre, textarea, .code, option[lang], [data-testid=version], [data-testid=time-event], [data-testid=time-moment], [data-view=time] [data-testid=said]";

/// What no translation changes.
const BRAND: &str = "Fluence Share";

/// The languages.
pub struct Languages {
    tables: Vec<Table>,
    page: Vec<Table>,
}

struct Table {
    tag: String,
    direction: &'static str,
    text: String,
    is_pseudo: bool,
}

impl Languages {
    /// All languages, as the build has them.
    ///
    /// # Errors
    /// If a word is missing.
    pub fn read() -> Result<Self> {
        let locales = Locales::read(&Locales::directory())?;
        Ok(Self {
            tables: tables(&locales, Program::Extension)?,
            page: tables(&locales, Program::Page)?,
        })
    }

    /// Makes the page that is shown speak as if nobody had translated anything but what is translated.
    ///
    /// # Errors
    /// If the page has no words.
    pub async fn pretend(&self, browser: &Browser) -> Result<()> {
        speak(browser.driver()?, &self.tables[0]).await
    }

    /// Checks the page that is shown in every language, and takes pictures of it in German and in Arabic. It returns what is
    /// wrong: a word that is not translated, or something that does not fit or is cut off.
    ///
    /// # Errors
    /// If the page cannot be looked at, or if axe-core finds anything.
    pub async fn check(
        &self,
        browser: &Browser,
        artifacts: &Arc<Artifacts>,
        label: &str,
    ) -> Result<Vec<String>> {
        let driver = browser.driver()?;
        let mut wrong = Vec::new();
        for table in &self.tables {
            speak(driver, table).await?;
            if table.is_pseudo {
                wrong.extend(untranslated(driver, &table.tag).await?);
            }
            for width in WIDTHS {
                if !narrow(browser, Some(width)).await? && width != WIDTHS[0] {
                    // Nothing makes the pages of Firefox as narrow as that.
                    continue;
                }
                driver.execute_async(SETTLED, vec![]).await?;
                let place = format!("{} at {width} px", table.tag);
                wrong.extend(broken(driver, &place).await?);
            }
            if ["de", "ar"].contains(&&*table.tag) {
                let label = format!("{label}-{}", table.tag);
                crate::browser::picture(
                    driver,
                    browser.kind(),
                    artifacts,
                    &label,
                    crate::browser::Check::Axe,
                )
                .await?;
            }
        }
        narrow(browser, None).await?;
        // What is said from now on is kept, and is to be seen as translated later.
        self.pretend(browser).await?;
        Ok(wrong
            .into_iter()
            .map(|wrong| format!("{label}, {wrong}"))
            .collect())
    }

    /// Opens a web link in every language in Chromium, and checks the page once it shows the part with this id.
    ///
    /// # Errors
    /// If a word is not translated, or if something does not fit; the error names each of them.
    pub async fn check_page(&self, browser: &Browser, link: &str, part: &str) -> Result<()> {
        let driver = browser.driver()?;
        let tools = ChromeDevTools::new(driver.handle.clone());
        let mut wrong = Vec::new();
        for table in &self.page {
            // The page reads its words when it starts, and says everything once.
            let answer = format!(
                "const real = fetch;
                 fetch = (url, ...more) => /words\\.\\w+\\.txt$/.test(url) ? Promise.resolve(new Response({})) : real(url, ...more);",
                json!(table.text)
            );
            let script = json!({ "source": answer });
            let added = tools
                .execute_cdp_with_params("Page.addScriptToEvaluateOnNewDocument", script)
                .await?;
            driver.goto("about:blank").await?;
            driver.goto(link).await?;
            let body = format!(
                "const part = document.getElementById('{part}'); return part && !part.hidden;"
            );
            wait(driver, part, &body).await?;
            let direction = "document.documentElement.dir = arguments[0];";
            driver
                .execute(direction, vec![json!(table.direction)])
                .await?;
            if table.is_pseudo {
                wrong.extend(untranslated(driver, &table.tag).await?);
            }
            for width in WIDTHS {
                narrow(browser, Some(width)).await?;
                let place = format!("{} at {width} px", table.tag);
                wrong.extend(broken(driver, &place).await?);
            }
            narrow(browser, None).await?;
            tools
                .execute_cdp_with_params("Page.removeScriptToEvaluateOnNewDocument", added)
                .await?;
        }
        ensure!(wrong.is_empty(), "{link}:\n{}", wrong.join("\n"));
        Ok(())
    }
}

/// Waits until the body of a JavaScript function returns something truthy. It is called whenever the page changes.
async fn wait(driver: &WebDriver, what: &str, body: &str) -> Result<()> {
    let script = format!(
        "const done = arguments[arguments.length - 1];
         const look = () => {{ {body} }};
         const check = () => {{ if (look()) {{ observer.disconnect(); done(true); }} }};
         const observer = new MutationObserver(check);
         observer.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
         check();"
    );
    driver
        .execute_async(script, vec![])
        .await
        .with_context(|| format!("waiting for “{what}”"))?;
    Ok(())
}

/// The tables of all languages for a program: those that nobody speaks come first, and English, in which a page goes on,
/// comes last.
fn tables(locales: &Locales, program: Program) -> Result<Vec<Table>> {
    let pseudo = [
        (Pseudo::Accented, "en-XA", "ltr"),
        (Pseudo::Mirrored, "ar-XB", "rtl"),
    ];
    let pseudo = pseudo.map(|(pseudo, tag, direction)| Table {
        tag: tag.to_owned(),
        direction,
        text: locales.pseudo(pseudo, program),
        is_pseudo: true,
    });
    let real = locales.languages().iter().map(|language| Table {
        tag: language.tag.clone(),
        direction: if language.is_rtl() { "rtl" } else { "ltr" },
        text: locales.table(language, program),
        is_pseudo: false,
    });
    let mut tables: Vec<Table> = pseudo.into_iter().chain(real).collect();
    let english = tables
        .iter()
        .position(|table| table.tag == locales::REFERENCE);
    let english = tables.remove(english.context("there is no English")?);
    tables.push(english);
    Ok(tables)
}

async fn speak(driver: &WebDriver, table: &Table) -> Result<()> {
    let script = "words.use(arguments[0], arguments[1], arguments[2]);";
    let arguments = vec![json!(table.text), json!(table.tag), json!(table.direction)];
    driver.execute(script, arguments).await?;
    driver.execute_async(SETTLED, vec![]).await?;
    Ok(())
}

/// Makes the page as narrow as this, or as it was. It is false where nothing can.
async fn narrow(browser: &Browser, width: Option<u32>) -> Result<bool> {
    if browser.kind() == Kind::Firefox {
        return Ok(false);
    }
    let tools = ChromeDevTools::new(browser.driver()?.handle.clone());
    match width {
        Some(width) => {
            let size =
                json!({ "width": width, "height": 600, "deviceScaleFactor": 1, "mobile": false });
            tools
                .execute_cdp_with_params("Emulation.setDeviceMetricsOverride", size)
                .await?;
        }
        None => {
            tools
                .execute_cdp("Emulation.clearDeviceMetricsOverride")
                .await?;
        }
    }
    Ok(true)
}

async fn found(driver: &WebDriver, script: &str, place: &str) -> Result<Vec<String>> {
    let found = driver
        .execute(script, vec![json!(NAMES), json!(BRAND)])
        .await?;
    let found: Vec<Value> = found
        .json()
        .as_array()
        .cloned()
        .context("a list was expected")?;
    Ok(found
        .iter()
        .map(|found| format!("{place}: {}", found.as_str().unwrap_or_default()))
        .collect())
}

/// What of the page that is shown, in a language that nobody speaks, is not translated.
pub(crate) async fn untranslated(driver: &WebDriver, place: &str) -> Result<Vec<String>> {
    found(driver, UNTRANSLATED, place).await
}

/// What of the page that is shown does not fit.
pub(crate) async fn broken(driver: &WebDriver, place: &str) -> Result<Vec<String>> {
    found(driver, BROKEN, place).await
}

/// JavaScript that lists the words that are seen or heard and are not in brackets, and those whose brackets were cut off.
const UNTRANSLATED: &str = r#"
const [names, brand] = arguments;
const outside = (text) => {
  let depth = 0, rest = '';
  for (const letter of text) {
    if (letter === '⟦') depth++;
    else if (letter === '⟧') depth--;
    else if (depth === 0) rest += letter;
  }
  return depth === 0 ? rest : `cut off: ${text}`;
};
const wrong = [];
const look = (what, text, element) => {
  const rest = outside(text).replaceAll(brand, '');
  // Addresses and the ends of peer ids stand for themselves, and so do the halves of a day.
  const words = rest.replace(/(?<!\S)(\/|…|https?:\/\/)\S+/g, '').replace(/(?<!\S)(AM|PM|ص|م)(?!\S)/g, '');
  if (/\p{L}/u.test(words)) wrong.push(`${what} is not translated: ${text.slice(0, 120)} (${element.outerHTML.slice(0, 120)})`);
};
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (element.checkVisibility() && !element.closest(names)) look('the text', walker.currentNode.data, element);
}
for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-description', 'aria-roledescription', 'aria-valuetext'])
  for (const element of document.querySelectorAll(`[${name}]`))
    if (element.checkVisibility() && !element.closest(names)) look(name, element.getAttribute(name), element);
return wrong;
"#;

/// JavaScript that lists what is beyond the sides of the page, beyond those of what it is in, or cut off without another way
/// to read it.
const BROKEN: &str = r#"
const wrong = [];
const { scrollWidth, clientWidth } = document.documentElement;
if (scrollWidth > clientWidth) wrong.push(`the page is ${scrollWidth} px wide`);
// A menu stays where it was opened, at another width.
const shown = (element) => element.checkVisibility() && !element.closest('.scroll, pre, .unseen, svg, [role=menu]');
for (const element of document.body.querySelectorAll('*')) {
  // Of what is on one line, the end may be hidden.
  if (!shown(element) || element.closest('.meta *, .name *')) continue;
  const box = element.getBoundingClientRect();
  if (box.width > 0 && (box.right > innerWidth + 1 || box.left < -1)) wrong.push(`beyond the page: ${element.outerHTML.slice(0, 160)}`);
}
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const text = walker.currentNode;
  let holder = text.parentElement;
  if (!text.data.trim() || !shown(holder) || holder.matches('option, textarea')) continue;
  const range = document.createRange();
  range.selectNodeContents(text);
  const box = range.getBoundingClientRect();
  // Names may be cut off, because they may be of any length, and so may what the title has in full.
  if (holder.closest('bdi, .code') || holder.closest('[title]')?.title.includes(text.data.trim())) continue;
  for (; holder && holder !== document.body; holder = holder.parentElement) {
    const style = getComputedStyle(holder);
    if (style.display === 'inline' || style.display === 'contents') continue;
    const of = holder.getBoundingClientRect();
    const hides = style.overflowX !== 'visible';
    if (box.left < of.left - 2 || box.right > of.right + 2)
      wrong.push(`${hides ? 'cut off' : 'beyond its box'}: ${text.data.slice(0, 100)} (${holder.outerHTML.slice(0, 120)})`);
    if (!hides && !holder.matches('button, a, label, li, td, th, dd, dt, p, h1, h2, h3, span')) break;
    if (hides) break;
  }
}
return wrong;
"#;
