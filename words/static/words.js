// The words of a program in the language of the person: chooses the language, fetches its table while the WebAssembly
// starts, and writes numbers as that language does. `words/src/table.rs` reads `globalThis.words`.
import languages from "./languages.js";

const known = (tag) => {
  const language = tag.split("-")[0].toLowerCase();
  return Object.hasOwn(languages, language) ? language : undefined;
};

// The first of these languages, which are tags of BCP 47, that there are words for, or else English.
export const choose = (tags) => tags.find(known) ?? "en";

// Speaks that one of these languages.
export async function speak(tags) {
  const tag = choose(tags);
  const language = known(tag);
  const answer = await fetch(new URL(`words.${language}.txt`, import.meta.url));
  if (!answer.ok) throw new Error(`there are no words: ${answer.status}`);
  use(await answer.text(), tag, languages[language]);
}

function use(table, locale, direction) {
  const numbers = new Intl.NumberFormat(locale);
  const plurals = new Intl.PluralRules(locale);
  globalThis.words = {
    table: () => table,
    locale: () => locale,
    number: (number) => numbers.format(number),
    plural: (number) => plurals.select(number),
    use,
  };
  // A worker has no document.
  const page = globalThis.document;
  if (!page) return;
  page.documentElement.lang = locale;
  page.documentElement.dir = direction;
  page.dispatchEvent(new Event("words"));
}
