//! The compiler of the words. It reads `locales/LANGUAGE/TOPIC.ftl` (Project Fluent), checks that every language says
//! everything that English says, and makes of it
//!
//! - typed functions in Rust ([`Locales::functions`]), which the crate `words` has as its own;
//! - a table of each language ([`Locales::table`]), which the programs read when they start;
//! - the texts of the manifest ([`Locales::messages`]).
//!
//! English is the reference: its messages and their variables are those of all languages. A variable is a number if a
//! message of any language chooses by it or says so (`NUMBER($count)`), and a text otherwise.
//!
//! A table is text: a line about the table, and then a line for each message. In a message, [`code`] has the
//! characters that stand for values and choices.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{
    Entry, Expression, InlineExpression, Pattern, PatternElement, Variant, VariantKey,
};
use fluent_syntax::unicode::unescape_unicode_to_string;
use intl_pluralrules::{PluralCategory, PluralRuleType, PluralRules};
use serde_json::{Map, Value, json};
use unic_langid::LanguageIdentifier;

pub mod code;
mod pseudo;

pub use pseudo::Pseudo;

/// The language that the others are compared with.
pub const REFERENCE: &str = "en";

/// The files of each language whose messages are in the tables, in this order. The first is of the page for web links
/// alone, the second of all programs, and the rest of the extension.
const TOPICS: [&str; 11] = [
    "page", "units", "language", "failures", "log", "worker", "files", "settings", "welcome",
    "network", "happened",
];

/// The topic whose messages all take the values of a failure, [`FAILURE`].
const FAILURES: &str = "failures";

/// The values of a failure, by the names of their variables.
pub const FAILURE: [&str; 11] = [
    "host",
    "peer",
    "name",
    "detail",
    "codec",
    "status",
    "code",
    "reason",
    "limit-size",
    "size",
    "limit",
];

/// How many of [`FAILURE`], at its end, are numbers.
const FAILURE_NUMBERS: usize = 2;

/// The file with the texts of the manifest.
const MANIFEST: &str = "manifest";

/// The numbers for whose plurals a message has to have words.
const COUNTED: std::ops::RangeInclusive<u32> = 0..=1000;

/// For whom a table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// The worker and the faces of the extension.
    Extension,
    /// The page for web links.
    Page,
    /// Native programs.
    All,
}

impl Program {
    fn topics(self) -> std::ops::Range<usize> {
        match self {
            Self::Extension => 1..TOPICS.len(),
            Self::Page => 0..2,
            Self::All => 0..TOPICS.len(),
        }
    }
}

/// Everything that is wrong with the files, a line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct Wrong(Vec<String>);

/// A language.
#[derive(Debug)]
pub struct Language {
    /// The name of its directory, which is its tag according to BCP 47.
    pub tag: String,
    /// Its messages, by topic and id.
    messages: BTreeMap<String, BTreeMap<String, Pattern<String>>>,
    /// Its terms, by id.
    terms: BTreeMap<String, Pattern<String>>,
}

/// A message as all languages have it.
#[derive(Debug)]
struct Message {
    topic: usize,
    id: String,
    /// Its variables in the order of the English text, and whether they are numbers.
    variables: Vec<(String, bool)>,
}

/// All languages.
#[derive(Debug)]
pub struct Locales {
    languages: Vec<Language>,
    messages: Vec<Message>,
}

impl Locales {
    /// The directory with the languages.
    pub fn directory() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR"))
    }

    /// Reads and checks all languages in a directory.
    ///
    /// # Errors
    /// [`Wrong`] with everything that is wrong with them.
    pub fn read(directory: &Path) -> Result<Self, Wrong> {
        let mut wrong = Vec::new();
        let mut languages = Vec::new();
        let entries = fs::read_dir(directory)
            .map_err(|why| Wrong(vec![format!("{}: {why}", directory.display())]))?;
        for entry in entries.flatten() {
            let tag = entry.file_name().to_string_lossy().into_owned();
            if entry.path().join("language.ftl").is_file() {
                languages.push(Language::read(tag, &entry.path(), &mut wrong));
            }
        }
        // The reference comes first, and the others by their tags.
        languages.sort_by_key(|language| (language.tag != REFERENCE, language.tag.clone()));
        let reference = languages.first().filter(|first| first.tag == REFERENCE);
        let Some(reference) = reference else {
            wrong.push(format!("there is no {REFERENCE}/language.ftl"));
            return Err(Wrong(wrong));
        };
        let mut messages = Vec::new();
        for (topic, name) in TOPICS.into_iter().enumerate() {
            for (id, pattern) in reference.topic(name) {
                let mut variables: Vec<(String, bool)> = if name == FAILURES {
                    let numbers = FAILURE.len() - FAILURE_NUMBERS;
                    let values = FAILURE.iter().enumerate();
                    values
                        .map(|(at, name)| ((*name).to_owned(), at >= numbers))
                        .collect()
                } else {
                    let names = variables(pattern);
                    names.into_iter().map(|name| (name, false)).collect()
                };
                for language in &languages {
                    if let Some(pattern) = language.topic(name).get(id) {
                        let numbers = numbers(pattern);
                        for (variable, is_number) in &mut variables {
                            *is_number |= numbers.contains(variable);
                        }
                    }
                }
                messages.push(Message {
                    topic,
                    id: id.clone(),
                    variables,
                });
            }
        }
        let locales = Self {
            languages,
            messages,
        };
        locales.check(&mut wrong);
        if wrong.is_empty() {
            Ok(locales)
        } else {
            Err(Wrong(wrong))
        }
    }

    fn check(&self, wrong: &mut Vec<String>) {
        let reference = &self.languages[0];
        for language in &self.languages {
            let categories = match categories(&language.tag) {
                Ok(categories) => categories,
                Err(why) => {
                    wrong.push(why);
                    continue;
                }
            };
            for topic in TOPICS.into_iter().chain([MANIFEST]) {
                let own = language.topic(topic);
                for (id, english) in reference.topic(topic) {
                    let place = format!("{}/{topic}.ftl: {id}", language.tag);
                    let Some(pattern) = own.get(id) else {
                        wrong.push(format!("{place} is missing"));
                        continue;
                    };
                    let known: BTreeSet<String> = variables(english).into_iter().collect();
                    let used: BTreeSet<String> = variables(pattern).into_iter().collect();
                    for variable in used.difference(&known) {
                        wrong.push(format!(
                            "{place} has ${variable}, which the English text does not have"
                        ));
                    }
                    for variable in known.difference(&used) {
                        wrong.push(format!(
                            "{place} lacks ${variable}, which the English text has"
                        ));
                    }
                    if topic == FAILURES {
                        for variable in used.iter().filter(|name| !FAILURE.contains(&&***name)) {
                            wrong.push(format!("{place} has ${variable}, which no failure has"));
                        }
                    }
                    check_choices(pattern, &categories, &place, wrong);
                    match language.flat(pattern) {
                        // What has no values is used as the table has it.
                        Ok(text) if used.is_empty() && text.contains('\n') => {
                            wrong.push(format!("{place} has several lines, but no variable"));
                        }
                        Ok(text) if used.is_empty() && text.is_empty() => {
                            wrong.push(format!("{place} is empty"));
                        }
                        Ok(_) => {}
                        Err(why) => wrong.push(format!("{place} {why}")),
                    }
                }
                for id in own
                    .keys()
                    .filter(|id| !reference.topic(topic).contains_key(*id))
                {
                    wrong.push(format!(
                        "{}/{topic}.ftl: {id} is not in English",
                        language.tag
                    ));
                }
            }
        }
    }

    /// The languages.
    pub fn languages(&self) -> &[Language] {
        &self.languages
    }

    /// The functions with which the programs say the messages, as Rust: a module for each topic.
    pub fn functions(&self) -> String {
        let mut rust = String::new();
        // This cannot fail: it writes into a text.
        let mut line = |text: String| {
            let _ = writeln!(rust, "{text}");
        };
        line(format!(
            "pub(crate) const SIGNATURE: &str = \"{}\";",
            self.signature()
        ));
        line(format!(
            "pub(crate) const FAILURE_VALUES: [&str; {}] = {FAILURE:?};",
            FAILURE.len()
        ));
        line("/// The languages: the tag of each, and its name in that language.".to_owned());
        let names = self.languages.iter().map(|language| {
            let name = language.topic("language").get("name");
            let name = name
                .and_then(|name| language.flat(name).ok())
                .unwrap_or_default();
            format!("({:?}, {name:?})", language.tag)
        });
        let names: Vec<String> = names.collect();
        line(format!(
            "pub const LANGUAGES: [(&str, &str); {}] = [{}];",
            names.len(),
            names.join(", ")
        ));
        for (topic, name) in TOPICS.into_iter().enumerate() {
            line(format!(
                "/// The words of `{name}.ftl`.\n#[allow(dead_code)]\npub mod {name} {{"
            ));
            for (at, message) in self
                .messages
                .iter()
                .enumerate()
                .filter(|(_, message)| message.topic == topic)
            {
                let english = self.languages[0].topic(name).get(&message.id);
                let english = english.map(shown).unwrap_or_default();
                line(format!("    /// {english}"));
                let ident = message.id.replace('-', "_");
                if name == FAILURES {
                    let constant = ident.to_uppercase();
                    line(format!(
                        "    pub(crate) const {constant}: crate::Sentence = crate::Sentence({at});"
                    ));
                    continue;
                }
                if message.variables.is_empty() {
                    line(format!(
                        "    pub fn {ident}() -> &'static str {{ crate::table::plain({at}) }}"
                    ));
                    continue;
                }
                let parameters = message.variables.iter().map(|(name, is_number)| {
                    let name = name.replace('-', "_");
                    format!("{name}: {}", if *is_number { "u64" } else { "&str" })
                });
                let parameters: Vec<String> = parameters.collect();
                let values = message.variables.iter().map(|(name, is_number)| {
                    let kind = if *is_number { "Number" } else { "Text" };
                    format!("crate::table::Value::{kind}({})", name.replace('-', "_"))
                });
                let values: Vec<String> = values.collect();
                line(format!(
                    "    pub fn {ident}({}) -> String {{ crate::table::render({at}, &[{}]) }}",
                    parameters.join(", "),
                    values.join(", ")
                ));
            }
            line("}".to_owned());
        }
        rust
    }

    /// What changes if the messages or their variables do, so that no table is used with the functions of another one.
    fn signature(&self) -> String {
        // FNV-1a, because it stays the same with every compiler.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for message in &self.messages {
            for byte in format!("{message:?}").bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
            }
        }
        format!("{hash:016x}")
    }

    /// The table of a language for a program.
    pub fn table(&self, language: &Language, program: Program) -> String {
        self.table_of(
            language,
            program,
            language.is_rtl(),
            &|text| text.to_owned(),
            ("", ""),
        )
    }

    /// The table of a language that nobody speaks, for a program, made of English.
    pub fn pseudo(&self, pseudo: Pseudo, program: Program) -> String {
        let change = move |text: &str| pseudo.text(text);
        self.table_of(
            &self.languages[0],
            program,
            pseudo == Pseudo::Mirrored,
            &change,
            Pseudo::BRACKETS,
        )
    }

    fn table_of(
        &self,
        language: &Language,
        program: Program,
        is_rtl: bool,
        change: &dyn Fn(&str) -> String,
        (before, after): (&str, &str),
    ) -> String {
        let topics = program.topics();
        let first = self
            .messages
            .iter()
            .take_while(|message| message.topic < topics.start)
            .count();
        let direction = if is_rtl { "rtl" } else { "ltr" };
        let mut table = format!("{} {direction} {first}\n", self.signature());
        for message in self
            .messages
            .iter()
            .filter(|message| topics.contains(&message.topic))
        {
            let topic = TOPICS[message.topic];
            let pattern = &language.topic(topic)[&message.id];
            // What only joins other words has none of its own.
            let (before, after) = if has_words(pattern) {
                (before, after)
            } else {
                ("", "")
            };
            table.push_str(before);
            let variables: Vec<&str> = message.variables.iter().map(|(name, _)| &**name).collect();
            language.compile(pattern, &variables, change, &mut table);
            table.push_str(after);
            table.push('\n');
        }
        table
    }

    /// The texts of the manifest, as `_locales/LANGUAGE/messages.json` has them, with the name of that directory.
    pub fn messages(&self, language: &Language) -> (String, Value) {
        // Browsers know simplified Chinese by the country.
        let directory = if language.tag == "zh" {
            "zh_CN".to_owned()
        } else {
            language.tag.replace('-', "_")
        };
        let mut messages = Map::new();
        for (id, pattern) in language.topic(MANIFEST) {
            let variables = variables(pattern);
            let names: Vec<&str> = variables.iter().map(|name| &**name).collect();
            let mut text = String::new();
            language.compile(pattern, &names, &|text| text.replace('$', "$$"), &mut text);
            let mut places = Map::new();
            for (at, name) in variables.iter().enumerate() {
                text = text.replace(&code::value(at), &format!("${}$", name.to_uppercase()));
                places.insert(name.clone(), json!({"content": format!("${}", at + 1)}));
            }
            let mut message = json!({"message": text});
            if !places.is_empty() {
                message["placeholders"] = places.into();
            }
            messages.insert(id.replace('-', "_"), message);
        }
        (directory, messages.into())
    }
}

impl Language {
    fn read(tag: String, directory: &Path, wrong: &mut Vec<String>) -> Self {
        let mut language = Self {
            tag,
            messages: BTreeMap::new(),
            terms: BTreeMap::new(),
        };
        for topic in TOPICS.into_iter().chain([MANIFEST]) {
            let place = format!("{}/{topic}.ftl", language.tag);
            let mut messages = BTreeMap::new();
            let source = match fs::read_to_string(directory.join(topic).with_extension("ftl")) {
                Ok(source) => source,
                Err(why) => {
                    wrong.push(format!("{place}: {why}"));
                    continue;
                }
            };
            let resource = match fluent_syntax::parser::parse(source.clone()) {
                Ok(resource) => resource,
                Err((resource, errors)) => {
                    for error in errors {
                        let line = source[..error.pos.start].lines().count().max(1);
                        wrong.push(format!("{place}:{line}: {}", error.kind));
                    }
                    resource
                }
            };
            for entry in resource.body {
                let (id, known) = match entry {
                    Entry::Message(message) => {
                        if !message.attributes.is_empty() {
                            wrong.push(format!(
                                "{place}: {} has attributes, which nothing uses",
                                message.id.name
                            ));
                        }
                        let id = message.id.name;
                        let Some(value) = message.value else { continue };
                        (id.clone(), messages.insert(id, value).is_some())
                    }
                    Entry::Term(term) => {
                        let id = term.id.name;
                        (id.clone(), language.terms.insert(id, term.value).is_some())
                    }
                    _ => continue,
                };
                if known {
                    wrong.push(format!("{place}: {id} is there twice"));
                }
            }
            language.messages.insert(topic.to_owned(), messages);
        }
        language
    }

    fn topic(&self, name: &str) -> &BTreeMap<String, Pattern<String>> {
        static NONE: BTreeMap<String, Pattern<String>> = BTreeMap::new();
        self.messages.get(name).unwrap_or(&NONE)
    }

    /// Whether it is written from right to left.
    pub fn is_rtl(&self) -> bool {
        let direction = self.topic("language").get("direction");
        direction
            .and_then(|direction| self.flat(direction).ok())
            .as_deref()
            == Some("rtl")
    }

    /// A pattern as a text, without its values. It is an error, in words, if the pattern has what no program
    /// could show.
    fn flat(&self, pattern: &Pattern<String>) -> Result<String, String> {
        let mut text = String::new();
        for element in &pattern.elements {
            let expression = match element {
                PatternElement::TextElement { value } => {
                    if value.chars().any(|c| c.is_control() && c != '\n') {
                        return Err("has control characters".to_owned());
                    }
                    text.push_str(value);
                    continue;
                }
                PatternElement::Placeable { expression } => expression,
            };
            match expression {
                Expression::Inline(inline) if variable(inline).is_some() => {}
                Expression::Inline(InlineExpression::StringLiteral { value }) => {
                    text.push_str(&unescape_unicode_to_string(value));
                }
                Expression::Inline(InlineExpression::TermReference { id, .. }) => {
                    let term = self.terms.get(&id.name);
                    let term = term.ok_or_else(|| {
                        format!("has the term -{}, which is not defined", id.name)
                    })?;
                    text.push_str(&self.flat(term)?);
                }
                Expression::Select {
                    selector: InlineExpression::VariableReference { .. },
                    variants,
                } => {
                    for variant in variants {
                        text.push_str(&self.flat(&variant.value)?);
                    }
                }
                _ => return Err("has an expression that the programs do not know".to_owned()),
            }
        }
        Ok(text)
    }

    /// Writes a pattern in the form of a table. It was checked before.
    fn compile(
        &self,
        pattern: &Pattern<String>,
        variables: &[&str],
        change: &dyn Fn(&str) -> String,
        to: &mut String,
    ) {
        let place = |name: &str| {
            variables
                .iter()
                .position(|known| *known == name)
                .unwrap_or_default()
        };
        for element in &pattern.elements {
            let expression = match element {
                PatternElement::TextElement { value } => {
                    to.push_str(&in_line(&change(value)));
                    continue;
                }
                PatternElement::Placeable { expression } => expression,
            };
            match expression {
                Expression::Inline(inline) if variable(inline).is_some() => {
                    let (name, _) = variable(inline).unwrap_or_default();
                    to.push_str(&code::value(place(name)));
                }
                Expression::Inline(InlineExpression::StringLiteral { value }) => {
                    to.push_str(&in_line(&unescape_unicode_to_string(value)));
                }
                Expression::Inline(InlineExpression::TermReference { id, .. }) => {
                    if let Some(term) = self.terms.get(&id.name) {
                        self.compile(term, variables, &str::to_owned, to);
                    }
                }
                Expression::Select {
                    selector: InlineExpression::VariableReference { id },
                    variants,
                } => {
                    to.push(code::CHOICE);
                    to.push(code::place(place(&id.name)));
                    // The one for all others comes last, so that the first that fits is right.
                    let (others, own): (Vec<_>, Vec<_>) =
                        variants.iter().partition(|variant| variant.default);
                    for variant in own.into_iter().chain(others) {
                        to.push_str(&key(variant));
                        to.push(code::KEY);
                        self.compile(&variant.value, variables, change, to);
                        to.push(code::VARIANT);
                    }
                    to.push(code::END);
                }
                Expression::Select { .. } | Expression::Inline(_) => {}
            }
        }
    }
}

/// A text as a line of a table has it.
fn in_line(text: &str) -> String {
    text.replace('\n', &code::NEW_LINE.to_string())
}

fn key(variant: &Variant<String>) -> String {
    match &variant.key {
        _ if variant.default => code::OTHERS.to_owned(),
        VariantKey::Identifier { name } | VariantKey::NumberLiteral { value: name } => name.clone(),
    }
}

/// The variable of an expression that is one, and whether it says that it is a number, as `NUMBER($count)` does.
fn variable(inline: &InlineExpression<String>) -> Option<(&str, bool)> {
    match inline {
        InlineExpression::VariableReference { id } => Some((&id.name, false)),
        InlineExpression::FunctionReference { id, arguments }
            if id.name == "NUMBER" && arguments.named.is_empty() =>
        {
            match &arguments.positional[..] {
                [InlineExpression::VariableReference { id }] => Some((&id.name, true)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// The variables of a pattern, in their order.
fn variables(pattern: &Pattern<String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    each_expression(pattern, &mut |expression| {
        let (Expression::Inline(inline)
        | Expression::Select {
            selector: inline, ..
        }) = expression;
        if let Some((name, _)) = variable(inline)
            && !found.iter().any(|known| known == name)
        {
            found.push(name.to_owned());
        }
    });
    found
}

/// The variables of a pattern that are numbers.
fn numbers(pattern: &Pattern<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    each_expression(pattern, &mut |expression| {
        let (inline, chooses) = match expression {
            Expression::Inline(inline) => (inline, false),
            Expression::Select { selector, .. } => (selector, true),
        };
        if let Some((name, is_number)) = variable(inline)
            && (is_number || chooses)
        {
            found.insert(name.to_owned());
        }
    });
    found
}

fn each_expression(pattern: &Pattern<String>, look: &mut impl FnMut(&Expression<String>)) {
    for element in &pattern.elements {
        if let PatternElement::Placeable { expression } = element {
            look(expression);
            if let Expression::Select { variants, .. } = expression {
                for variant in variants {
                    each_expression(&variant.value, look);
                }
            }
        }
    }
}

fn has_words(pattern: &Pattern<String>) -> bool {
    pattern.elements.iter().any(|element| match element {
        PatternElement::TextElement { value } => value.chars().any(char::is_alphabetic),
        PatternElement::Placeable {
            expression: Expression::Select { .. },
        } => true,
        PatternElement::Placeable { .. } => false,
    })
}

/// A pattern as the documentation of its function shows it.
fn shown(pattern: &Pattern<String>) -> String {
    let mut text = String::new();
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => text.push_str(value),
            PatternElement::Placeable {
                expression: Expression::Inline(inline),
            } => {
                let name = variable(inline).map_or("…", |(name, _)| name);
                let _ = write!(text, "({name})");
            }
            PatternElement::Placeable { .. } => text.push('…'),
        }
    }
    // Nothing of it is to be taken for Markdown, or for a link.
    let words: Vec<&str> = text.split_whitespace().collect();
    format!("`{}`", words.join(" ").replace('`', "'"))
}

/// The plural categories of a language that occur among [`COUNTED`], and all that it has.
fn categories(tag: &str) -> Result<(BTreeSet<&'static str>, BTreeSet<&'static str>), String> {
    let language: LanguageIdentifier = tag
        .parse()
        .map_err(|why| format!("{tag} is not a language: {why}"))?;
    let rules = PluralRules::create(language, PluralRuleType::CARDINAL)
        .map_err(|why| format!("the plurals of {tag} are not known: {why}"))?;
    let of = |numbers: &mut dyn Iterator<Item = u32>| {
        numbers
            .filter_map(|n| rules.select(n).ok())
            .map(word)
            .collect::<BTreeSet<_>>()
    };
    let counted = of(&mut COUNTED.clone());
    let all = of(&mut COUNTED.chain((1..=9).map(|n| 10_u32.pow(n))));
    Ok((counted, all))
}

fn word(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::ZERO => "zero",
        PluralCategory::ONE => "one",
        PluralCategory::TWO => "two",
        PluralCategory::FEW => "few",
        PluralCategory::MANY => "many",
        PluralCategory::OTHER => code::OTHERS,
    }
}

fn check_choices(
    pattern: &Pattern<String>,
    (counted, all): &(BTreeSet<&'static str>, BTreeSet<&'static str>),
    place: &str,
    wrong: &mut Vec<String>,
) {
    each_expression(pattern, &mut |expression| {
        let Expression::Select { variants, .. } = expression else {
            return;
        };
        let keys: BTreeSet<String> = variants
            .iter()
            .filter_map(|variant| match &variant.key {
                VariantKey::Identifier { name } => Some(name.clone()),
                VariantKey::NumberLiteral { .. } => None,
            })
            .collect();
        for category in counted.iter().filter(|category| !keys.contains(**category)) {
            wrong.push(format!("{place} has no words for the plural [{category}]"));
        }
        for key in keys.iter().filter(|key| !all.contains(&***key)) {
            wrong.push(format!(
                "{place} has [{key}], which is not a plural of this language"
            ));
        }
        let has_others = variants
            .iter()
            .any(|variant| variant.default && key_is_other(variant));
        if !has_others {
            wrong.push(format!("{place} has to have *[{}]", code::OTHERS));
        }
    });
}

fn key_is_other(variant: &Variant<String>) -> bool {
    matches!(&variant.key, VariantKey::Identifier { name } if name == code::OTHERS)
}

#[cfg(test)]
mod tests;
