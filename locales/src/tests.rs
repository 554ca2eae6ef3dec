use super::*;

/// A directory of its own with a few messages in English and in another language, which is removed afterwards.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("locales-{name}-{}", std::process::id()));
        for language in ["en", "ar"] {
            fs::create_dir_all(directory.join(language)).unwrap();
            for topic in TOPICS.into_iter().chain([MANIFEST]) {
                let text = fs::read_to_string(
                    Locales::directory()
                        .join(language)
                        .join(topic)
                        .with_extension("ftl"),
                );
                let path = directory.join(language).join(topic).with_extension("ftl");
                fs::write(path, text.unwrap()).unwrap();
            }
        }
        Self(directory)
    }

    /// Replaces a part of a file.
    fn change(self, file: &str, from: &str, to: &str) -> Self {
        let path = self.0.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
        self
    }

    fn wrong(&self) -> String {
        Locales::read(&self.0).map_or_else(|wrong| wrong.to_string(), |_| String::new())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn own() -> Locales {
    Locales::read(&Locales::directory()).unwrap()
}

fn language<'a>(locales: &'a Locales, tag: &str) -> &'a Language {
    locales
        .languages()
        .iter()
        .find(|language| language.tag == tag)
        .unwrap()
}

#[test]
fn every_language_is_complete() {
    let tags: Vec<String> = own()
        .languages()
        .iter()
        .map(|language| language.tag.clone())
        .collect();
    assert_eq!(tags, ["en", "ar", "de", "es", "zh"]);
}

#[test]
fn what_is_wrong_is_named() {
    assert_eq!(Copy::new("right").wrong(), "");
    for (name, file, from, to, expected) in [
        (
            "missing",
            "ar/worker.ftl",
            "allow = ",
            "# ",
            "ar/worker.ftl: allow is missing",
        ),
        (
            "extra",
            "ar/worker.ftl",
            "allow = ",
            "allowed = x\nallow = ",
            "ar/worker.ftl: allowed is not in English",
        ),
        (
            "unknown",
            "ar/worker.ftl",
            "shared = ",
            "shared = { $file } ",
            "shared has $file, which the English text does not have",
        ),
        (
            "lacking",
            "ar/worker.ftl",
            "fetched = وصل { $name }",
            "fetched = وصل",
            "fetched lacks $name, which the English text has",
        ),
        (
            "plural",
            "ar/worker.ftl",
            "        [two]",
            "        [2]",
            "shared-many has no words for the plural [two]",
        ),
        (
            "strange",
            "en/worker.ftl",
            "        [one]",
            "        [few] x\n        [one]",
            "shared-many has [few], which is not a plural of this language",
        ),
        (
            "others",
            "en/worker.ftl",
            "       *[other]",
            "       *[3]",
            "shared-many has to have *[other]",
        ),
        (
            "term",
            "ar/worker.ftl",
            "allow = ",
            "allow = { -nobody } ",
            "allow has the term -nobody, which is not defined",
        ),
        (
            "function",
            "ar/worker.ftl",
            "allow = ",
            "allow = { DATETIME($x) } ",
            "allow has an expression that the programs do not know",
        ),
        (
            "twice",
            "en/worker.ftl",
            "allow = ",
            "allow = x\nallow = ",
            "en/worker.ftl: allow is there twice",
        ),
        (
            "syntax",
            "ar/worker.ftl",
            "allow = ",
            "allow = { ",
            "ar/worker.ftl:",
        ),
        (
            "failure",
            "en/failures.ftl",
            "quota = ",
            "quota = { $weather } ",
            "quota has $weather, which no failure has",
        ),
    ] {
        let wrong = Copy::new(name).change(file, from, to).wrong();
        assert!(wrong.contains(expected), "{name}: {wrong}");
    }
}

#[test]
fn a_table_has_a_line_for_each_message_in_the_order_of_the_functions() {
    let locales = own();
    let tables: Vec<String> = locales
        .languages()
        .iter()
        .map(|language| locales.table(language, Program::Extension))
        .collect();
    for table in &tables {
        assert_eq!(table.lines().count(), tables[0].lines().count());
    }
    let page = locales.table(language(&locales, "de"), Program::Page);
    // The page has few of them, because it is fetched from far away.
    assert!(page.len() < tables[0].len() / 5, "{}", page.len());
    assert!(page.starts_with(&format!("{} ltr 0\n", locales.signature())));
}

#[test]
fn the_direction_is_that_of_the_language() {
    let locales = own();
    for language in locales.languages() {
        assert_eq!(language.is_rtl(), language.tag == "ar");
    }
}

#[test]
fn numbers_are_numbers_in_all_languages() {
    let rust = own().functions();
    assert!(
        rust.contains("pub fn seconds_left(count: u64)"),
        "NUMBER in English"
    );
    assert!(rust.contains("pub fn file_count(count: u64)"), "a choice");
    assert!(rust.contains("pub fn shared(name: &str)"));
}

#[test]
fn the_manifest_speaks_as_browsers_want_it() {
    let locales = own();
    let (directory, messages) = locales.messages(language(&locales, "zh"));
    assert_eq!(directory, "zh_CN");
    assert!(messages["share_files"]["message"].is_string());
    let (_, messages) = locales.messages(language(&locales, "en"));
    assert_eq!(
        messages["worker_failed"]["message"],
        "Fluence does not work: $WHY$. Restart the browser."
    );
    assert_eq!(
        messages["worker_failed"]["placeholders"]["why"]["content"],
        "$1"
    );
}

#[test]
fn a_pseudo_language_shows_where_words_begin_and_end() {
    let locales = own();
    let table = locales.pseudo(Pseudo::Accented, Program::Extension);
    let english = locales.table(&locales.languages()[0], Program::Extension);
    let letters = |table: &str| table.chars().filter(|c| c.is_alphabetic()).count();
    // 40 % longer.
    assert!(
        letters(&table) * 10 > letters(&english) * 13,
        "{} {}",
        letters(&table),
        letters(&english)
    );
    assert!(table.lines().any(|line| line == "⟦Šééţţîîñĝš⟧"), "{table}");
    let mirrored = locales.pseudo(Pseudo::Mirrored, Program::Extension);
    assert!(
        mirrored
            .lines()
            .next()
            .is_some_and(|head| head.contains(" rtl "))
    );
}

#[test]
fn the_stores_have_a_text_in_each_language_that_they_take() {
    let locales = own();
    let listings = Locales::directory().join("../docs/store/listing");
    for language in locales.languages() {
        let tag = &language.tag;
        let file = fs::read_to_string(listings.join(format!("{tag}.md"))).unwrap();
        let mut parts = file.splitn(3, "\n\n");
        let mut part = |begins: &str| parts.next().unwrap().strip_prefix(begins).unwrap();
        let (name, summary, description) = (part("# "), part("> "), part(""));
        let (_, messages) = locales.messages(language);
        assert_eq!(messages["description"]["message"], summary, "{tag}");
        assert!(summary.chars().count() <= 132, "{tag}: {summary}");
        assert!(name.chars().count() <= 75, "{tag}: {name}");
        assert!(description.chars().count() > 200, "{tag}: {description}");
    }
    let files = fs::read_dir(listings).unwrap().count();
    assert_eq!(files, locales.languages().len());
}
